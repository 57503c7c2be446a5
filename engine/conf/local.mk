noinst_LIBRARIES += libwr_conf.a
libwr_conf_a_SOURCES = \
	engine/conf/address.c engine/conf/address.h \
	engine/conf/check.c engine/conf/check.h \
	engine/conf/check_pipeline.c \
	engine/conf/check_properties.c \
	engine/conf/conf.c engine/conf/conf.h \
	engine/conf/config_json.c engine/conf/config_json.h \
	engine/conf/describe.c engine/conf/describe.h \
	engine/conf/destroy.c \
	engine/conf/diff.c engine/conf/diff.h \
	engine/conf/expand.c engine/conf/expand.h \
	engine/conf/fill.c engine/conf/fill.h \
	engine/conf/finish.c engine/conf/finish.h \
	engine/conf/form.c \
	engine/conf/json_schema.c \
	engine/conf/load.c engine/conf/load.h \
	engine/conf/nearest.c engine/conf/nearest.h \
	engine/conf/part.c \
	engine/conf/problems.c \
	engine/conf/reference.c \
	engine/conf/report.c engine/conf/report.h \
	engine/conf/scalar.c engine/conf/scalar.h \
	engine/conf/schema.c engine/conf/schema.h \
	engine/conf/schema_engine.inc engine/conf/schema_pipeline.inc \
	engine/conf/secret_file.c engine/conf/secret_file.h \
	engine/conf/show.c engine/conf/show.h \
	engine/conf/tree.c engine/conf/tree.h \
	engine/conf/value.c engine/conf/value.h engine/conf/value_map.c
WR_CONF_LIBS = libwr_conf.a $(WR_BASE_LIBS) $(YAML_LIBS)
