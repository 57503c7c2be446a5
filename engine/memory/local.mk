# filled by the layer memory
