noinst_LIBRARIES += libwr_kafka.a
libwr_kafka_a_SOURCES = \
	engine/kafka/admin.c engine/kafka/admin.h \
	engine/kafka/assignment.c engine/kafka/assignment.h \
	engine/kafka/client.c engine/kafka/client.h \
	engine/kafka/commits.c engine/kafka/commits.h \
	engine/kafka/consumer_end.c engine/kafka/consumer_end.h \
	engine/kafka/delivery.c engine/kafka/delivery.h \
	engine/kafka/embedded.c engine/kafka/embedded.h \
	engine/kafka/enquiry.c engine/kafka/enquiry.h \
	engine/kafka/group.c engine/kafka/group.h \
	engine/kafka/membership.c engine/kafka/membership.h \
	engine/kafka/sink.c engine/kafka/sink.h \
	engine/kafka/sink_conf.c engine/kafka/sink_conf.h \
	engine/kafka/source.c engine/kafka/source.h \
	engine/kafka/source_conf.c engine/kafka/source_conf.h \
	engine/kafka/topic_limits.c engine/kafka/topic_limits.h \
	engine/kafka/topics.c engine/kafka/topics.h \
	engine/kafka/transactor.c engine/kafka/transactor.h
WR_KAFKA_LIBS = libwr_kafka.a libwr_conf.a libwr_core.a $(WR_BASE_LIBS) $(RDKAFKA_LIBS)
