# filled by the layer host
