# filled by the layer run
