# filled by the layer redis
