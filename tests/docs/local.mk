TESTS += tests/docs/test_docs.sh
EXTRA_DIST += tests/docs/test_docs.sh
tests/docs/test_docs.sh.log: weir $(plugin_LTLIBRARIES) examples/limit.la
