// How an author tests a plugin in C++. Exit status 0: all as it should be.
#include <weir/plugin.hpp>
#include <weir/test.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

static void expect(bool condition, const char *what)
{
	if (condition)
		return;
	std::fprintf(stderr, "not so: %s\n", what);
	std::exit(1);
}
#define EXPECT(condition) expect((condition), #condition)

int main(int argc, char **argv)
{
	const char *outputs[] = {"alerts"};
	weir_test_options options{};
	char error[512] = "";

	options.config_json = R"({"limit": 1000, "blocked": ["XX"]})";
	options.outputs = outputs;
	options.output_count = 1;
	weir_test *test =
	    weir_test_open(argc > 1 ? argv[1] : "./fraud.so", &options, error, sizeof(error));
	if (test == nullptr) {
		std::fprintf(stderr, "%s\n", error);
		return 1;
	}
	weir_test_add(test, "1", "a", R"({"payload": {"amount": 10, "country": "DE"}})");
	weir_test_add(test, "2", "b", R"({"payload": {"amount": 5000, "country": "DE"}})");
	weir_test_add(test, "3", "c", R"({"payload": {"amount": 10, "country": "XX"}})");
	weir_test_add(test, "4", "d", R"({"payload": {}})");
	weir_test_add(test, "5", "e", R"({"payload": {"amount": 10}})");
	weir_test_add_header(test, 4, "score-service", "down");
	weir_test_run(test);
	EXPECT(weir_test_verdict(test, 0) == WEIR_OK);
	EXPECT(weir_test_emit_count(test, 0) == 0);
	EXPECT(weir_test_verdict(test, 1) == WEIR_OK);
	EXPECT(std::strcmp(weir_test_output(test, 1), "alerts") == 0);
	EXPECT(weir::view(weir_test_header(test, 1, "fraud-score")) == "5");
	EXPECT(weir_test_emit_count(test, 1) == 1);
	EXPECT(weir::view(weir_test_emit(test, 1, 0, nullptr).key) == "b");
	EXPECT(weir_test_verdict(test, 2) == WEIR_FAIL);
	EXPECT(std::strcmp(weir_test_code(test, 2), "blocked-country") == 0);
	EXPECT(std::strcmp(weir_test_code(test, 3), "no-amount") == 0);
	EXPECT(weir_test_verdict(test, 4) == WEIR_RETRY);
	EXPECT(weir_test_retry_after_ms(test, 4) == 2000);
	EXPECT(std::strstr(weir_test_metrics(test), "weir_plugin_suspicious_total{") != nullptr);
	weir_test_close(test);
	std::puts("fraud: all as it should be");
	return 0;
}
