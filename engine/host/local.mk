noinst_LIBRARIES += libwr_host.a
libwr_host_a_SOURCES = \
	engine/host/call.c engine/host/call.h \
	engine/host/effects.c \
	engine/host/elf.c engine/host/elf.h \
	engine/host/entry.c engine/host/entry.h \
	engine/host/extensions.c engine/host/extensions.h \
	engine/host/generation.c engine/host/generation.h \
	engine/host/host_table.c \
	engine/host/instance.c engine/host/instance.h \
	engine/host/json_cache.c \
	engine/host/json_schema.cc engine/host/json_schema.h \
	engine/host/plugin.c engine/host/plugin.h \
	engine/host/plugin_file.c engine/host/plugin_file.h \
	engine/host/plugin_metric.c \
	engine/host/plugin_store.c engine/host/plugin_store.h \
	engine/host/probe_conf.c \
	engine/host/probe.c engine/host/probe.h engine/host/probe_private.h \
	engine/host/probe_serve.c \
	engine/host/text.c engine/host/text.h
WR_HOST_LIBS = libwr_host.a $(WR_CORE_LIBS) $(WR_CONF_LIBS) -lstdc++
