TESTS += tests/docs/test_docs.sh
EXTRA_DIST += tests/docs/test_docs.sh
tests/docs/test_docs.log: weir $(plugin_LTLIBRARIES)
