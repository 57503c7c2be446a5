# The harness that runs a plugin over events in memory: for our tests, and installed for those of plugin authors. What
# it needs of the engine is in the archive.
lib_LIBRARIES += libweir-test.a
libweir_test_a_SOURCES = tests/support/weir_test.c
libweir_test_a_LIBADD = $(libwr_host_a_OBJECTS) engine/conf/nearest.$(OBJEXT) $(libwr_core_a_OBJECTS) \
	$(libwr_base_a_OBJECTS)
# The objects are made by these.
libweir_test_a_DEPENDENCIES = libwr_host.a libwr_conf.a libwr_core.a libwr_base.a
pkgconfig_DATA += weir-test.pc
WR_TEST_LIBS = libweir-test.a $(WR_HOST_LIBS) $(CMOCKA_LIBS)
