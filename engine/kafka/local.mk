# filled by the layer kafka
