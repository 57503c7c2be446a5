# Run by scripts/test, not by make check: they want a Kafka and a Redis.
EXTRA_DIST += tests/system
