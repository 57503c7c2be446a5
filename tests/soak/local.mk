EXTRA_DIST += tests/soak/run
