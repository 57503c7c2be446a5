check_LIBRARIES += tests/libwr_kafka_mock.a
tests_libwr_kafka_mock_a_SOURCES = tests/kafka/mock.c tests/kafka/mock.h tests/kafka/refused_topic.h
WR_KAFKA_TEST_LIBS = tests/libwr_kafka_mock.a $(WR_KAFKA_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += \
	tests/kafka/test_admin \
	tests/kafka/test_assignment \
	tests/kafka/test_delivery \
	tests/kafka/test_enquiry \
	tests/kafka/test_rebalance \
	tests/kafka/test_sink \
	tests/kafka/test_source \
	tests/kafka/test_topic_limits \
	tests/kafka/test_topics \
	tests/kafka/test_transactions
tests_kafka_test_enquiry_LDADD = $(WR_KAFKA_TEST_LIBS)
tests_kafka_test_rebalance_LDADD = $(WR_KAFKA_TEST_LIBS)
tests_kafka_test_sink_LDADD = $(WR_KAFKA_TEST_LIBS)
tests_kafka_test_source_LDADD = $(WR_KAFKA_TEST_LIBS)
tests_kafka_test_transactions_LDADD = $(WR_KAFKA_TEST_LIBS)
tests_kafka_test_admin_LDADD = $(WR_KAFKA_TEST_LIBS)
tests_kafka_test_assignment_LDADD = $(WR_KAFKA_TEST_LIBS)
tests_kafka_test_topic_limits_LDADD = $(WR_KAFKA_TEST_LIBS)
tests_kafka_test_topics_LDADD = $(WR_KAFKA_TEST_LIBS)
tests_kafka_test_delivery_LDADD = $(WR_KAFKA_TEST_LIBS)
