/* How an author tests a plugin: events in memory, no Kafka. Exit status 0: all as it should be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <weir/test.h>

#define EXPECT(condition)                                                                       \
	do {                                                                                    \
		if (!(condition)) {                                                             \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			exit(1);                                                                \
		}                                                                               \
	} while (0)

int main(int argc, char **argv)
{
	const char *file = argc > 1 ? argv[1] : "./threshold.so";
	const char *outputs[] = {"alerts"};
	struct weir_test_options options = {
	    .config_json = "{\"limit\": 1000}", .outputs = outputs, .output_count = 1};
	struct weir_test *test;
	char error[512];

	test = weir_test_open(file, &options, error, sizeof(error));
	if (test == NULL) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	weir_test_add(test, "1", "alice", "{\"payload\": {\"amount\": 999.99}}");
	weir_test_add(test, "2", "bob", "{\"payload\": {\"amount\": 1000}}");
	weir_test_add(test, "3", "carol", "{\"payload\": {}}");
	weir_test_run(test);
	EXPECT(weir_test_verdict(test, 0) == WEIR_OK);
	EXPECT(strcmp(weir_test_output(test, 0), "default") == 0);
	EXPECT(strcmp(weir_test_output(test, 1), "alerts") == 0);
	EXPECT(weir_test_verdict(test, 2) == WEIR_FAIL);
	EXPECT(strcmp(weir_test_code(test, 2), "no-amount") == 0);
	weir_test_close(test);

	options.output_count = 0;
	EXPECT(weir_test_open(file, &options, error, sizeof(error)) == NULL);
	puts("threshold: all as it should be");
	return 0;
}
