#include "config.h"

#include "kafka/assignment.h"
#include "tests/unit.h"

#include <stdlib.h>

static rd_kafka_topic_partition_list_t *list_of(int partitions)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);

	for (int i = 0; i < partitions; i++)
		rd_kafka_topic_partition_list_add(list, "t", i);
	return list;
}

static void assign(struct wr_assignment *a, int partitions)
{
	rd_kafka_topic_partition_list_t *list = list_of(partitions);

	assert_int_equal(wr_assignment_set(a, list), WR_OK);
	rd_kafka_topic_partition_list_destroy(list);
}

static void partitions_take_turns(void **state)
{
	struct wr_assignment a = {.items = NULL};

	(void)state;
	assign(&a, 3);
	for (int i = 0; i < 7; i++)
		assert_int_equal(wr_assignment_next(&a)->pub.id, i % 3);
	wr_assignment_fini(&a);
}

static void every_assignment_has_its_epoch(void **state)
{
	struct wr_assignment a = {.items = NULL};
	uint32_t epoch;

	(void)state;
	assign(&a, 1);
	epoch = a.pubs[0]->epoch;
	wr_assignment_clear(&a);
	assign(&a, 1);
	assert_int_not_equal(a.pubs[0]->epoch, epoch);
	wr_assignment_fini(&a);
}

static void a_new_partition_is_not_placed_and_not_read(void **state)
{
	struct wr_assignment a = {.items = NULL};

	(void)state;
	assign(&a, 1);
	assert_int_equal(a.pubs[0]->position, -1);
	assert_int_equal(a.pubs[0]->committed, -1);
	assert_null(a.pubs[0]->metadata.data);
	assert_false(wr_assignment_is_read(a.items[0]));
	wr_assignment_place(&a, a.items[0], 5);
	assert_int_equal(a.pubs[0]->position, 5);
	assert_false(wr_assignment_is_read(a.items[0]));
	wr_assignment_fini(&a);
}

static void it_takes_what_is_said_of_its_partitions(void **state)
{
	struct wr_assignment a = {.items = NULL};
	struct wr_enquiry_answer answer = {
	    .committed = list_of(3), .low = list_of(3), .high = list_of(3)};
	char *metadata = malloc(2);

	(void)state;
	assign(&a, 2);
	memcpy(metadata, "m1", 2);
	answer.committed->elems[0].offset = RD_KAFKA_OFFSET_INVALID;
	answer.committed->elems[1].offset = 7;
	answer.committed->elems[1].metadata = metadata;
	answer.committed->elems[1].metadata_size = 2;
	answer.low->elems[1].offset = 3;
	answer.high->elems[1].offset = 9;
	assert_int_equal(wr_assignment_inform(&a, &answer), WR_OK);
	wr_enquiry_answer_fini(&answer);
	assert_int_equal(a.pubs[0]->committed, -1);
	assert_null(a.pubs[0]->metadata.data);
	assert_int_equal(a.pubs[1]->committed, 7);
	assert_int_equal(a.pubs[1]->low, 3);
	assert_int_equal(a.pubs[1]->high, 9);
	assert_memory_equal(a.pubs[1]->metadata.data, "m1", 2);
	wr_assignment_fini(&a);
}

static void records_are_taken_by_the_size_they_have_had(void **state)
{
	struct wr_assignment a = {.items = NULL};
	struct wr_kafka_partition *p;

	(void)state;
	assign(&a, 1);
	p = a.items[0];
	assert_int_equal(wr_assignment_chunk(p, 10 * 1024), 11);
	wr_assignment_learn(p, 10, 1000 * 1000); /* up at once */
	assert_int_equal(wr_assignment_chunk(p, 10 * 1024), 1);
	wr_assignment_learn(p, 0, 0);
	assert_int_equal(wr_assignment_chunk(p, 10 * 1024), 1);
	for (int i = 0; i < 100; i++) /* down slowly */
		wr_assignment_learn(p, 10, 1000);
	assert_true(wr_assignment_chunk(p, 10 * 1024) > 80);
	wr_assignment_fini(&a);
}

static void take(struct wr_kafka_partition *p, rd_kafka_message_t **taken, size_t count,
		 int64_t first)
{
	assert_int_equal(wr_assignment_consume(p, taken, count), count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(taken[i]->offset, first + (int64_t)i);
}

static void what_is_put_back_is_taken_next_and_in_order(void **state)
{
	struct wr_assignment a = {.items = NULL};
	rd_kafka_message_t messages[6], *all[6], *taken[6];
	struct wr_kafka_partition *p;

	(void)state;
	for (int i = 0; i < 6; i++) {
		messages[i] = (rd_kafka_message_t){.offset = i};
		all[i] = &messages[i];
	}
	assign(&a, 1);
	p = a.items[0];
	assert_int_equal(wr_assignment_put_back(p, all + 2, 4, 1), WR_OK);
	take(p, taken, 3, 2);
	/* Some of those that were just taken, and all; then others that came before. */
	assert_int_equal(wr_assignment_put_back(p, taken + 1, 2, 2), WR_OK);
	assert_int_equal(p->pub.position, 3);
	assert_int_equal(p->held_until_ns, 2);
	take(p, taken, 3, 3);
	assert_int_equal(wr_assignment_put_back(p, taken, 3, 3), WR_OK);
	assert_int_equal(wr_assignment_put_back(p, all, 3, 4), WR_OK);
	assert_int_equal(p->pub.position, 0);
	take(p, taken, 6, 0);
	wr_assignment_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(partitions_take_turns),
	    cmocka_unit_test(every_assignment_has_its_epoch),
	    cmocka_unit_test(a_new_partition_is_not_placed_and_not_read),
	    cmocka_unit_test(it_takes_what_is_said_of_its_partitions),
	    cmocka_unit_test(records_are_taken_by_the_size_they_have_had),
	    cmocka_unit_test(what_is_put_back_is_taken_next_and_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
