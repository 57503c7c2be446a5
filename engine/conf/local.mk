# filled by the layer conf
