# filled by the layer core
