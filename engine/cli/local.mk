# filled by the layer cli
