# filled by the layer http
