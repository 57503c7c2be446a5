#include "config.h"

#include "redis/refusal.h"

#include "tests/unit.h"

struct sample {
	const char *error;
	enum wr_redis_refusal refusal;
	const char *word; /* that the sentence must hold */
};

/* As the servers say it. */
static const struct sample samples[] = {
    {"WRONGTYPE Operation against a key holding the wrong kind of value", WR_REDIS_REFUSES_KEY, ""},
    {"OOM command not allowed when used memory > 'maxmemory'.", WR_REDIS_REFUSES_FOR_NOW,
     "maxmemory"},
    {"READONLY You can't write against a read only replica.", WR_REDIS_REFUSES_FOR_NOW, "primary"},
    {"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
     WR_REDIS_REFUSES_FOR_NOW, "replica"},
    {"LOADING Redis is loading the dataset in memory", WR_REDIS_REFUSES_FOR_NOW, "loading"},
    {"MISCONF Redis is configured to save RDB snapshots, but it's unable to persist to disk.",
     WR_REDIS_REFUSES_FOR_NOW, "disk"},
    {"NOREPLICAS Not enough good replicas to write.", WR_REDIS_REFUSES_FOR_NOW, "replicas"},
    {"BUSY Redis is busy running a script.", WR_REDIS_REFUSES_FOR_NOW, "script"},
    {"ERR max number of clients reached", WR_REDIS_REFUSES_FOR_NOW, "maxclients"},
    {"CLUSTERDOWN Hash slot not served", WR_REDIS_REFUSES_FOR_NOW, "Cluster"},
    {"MOVED 3999 127.0.0.1:6381", WR_REDIS_REFUSES, "Cluster"},
    {"NOAUTH Authentication required.", WR_REDIS_REFUSES, "password_file"},
    {"WRONGPASS invalid username-password pair or user is disabled.", WR_REDIS_REFUSES, "password"},
    {"ERR AUTH <password> called without any password configured for the default user.",
     WR_REDIS_REFUSES, "password"},
    {"NOPERM this user has no permissions to run the 'set' command", WR_REDIS_REFUSES, "weir:*"},
    {"NOPERM HSET", WR_REDIS_REFUSES, "HSET, EVAL and EVALSHA"},
    {"ERR The user executing the script can't run this command or subcommand script: x",
     WR_REDIS_REFUSES, "lacks a permission"},
    {"NOSCRIPT No matching script. Please use EVAL.", WR_REDIS_REFUSES_SCRIPT, "script"},
    {"ERR syntax error", WR_REDIS_REFUSES, "7.0"},
    {"ERR DB index is out of range", WR_REDIS_REFUSES, "database"},
};

static void each_error_has_a_meaning_and_a_sentence(void **state)
{
	char sentence[WR_REDIS_SENTENCE_BYTES];
	size_t i;

	(void)state;
	for (i = 0; i < UNIT_COUNT_OF(samples); i++) {
		assert_int_equal(wr_redis_refusal_read(wr_bytes_of(samples[i].error), sentence,
						       sizeof(sentence)),
				 samples[i].refusal);
		assert_non_null(strstr(sentence, samples[i].word));
		assert_true(strlen(sentence) < sizeof(sentence) - 1);
	}
}

static void an_unknown_error_passes_and_quotes_no_argument(void **state)
{
	char sentence[WR_REDIS_SENTENCE_BYTES];

	(void)state;
	assert_int_equal(wr_redis_refusal_read(wr_bytes_of("ERR odd thing 'secret id'"), sentence,
					       sizeof(sentence)),
			 WR_REDIS_REFUSES_FOR_NOW);
	assert_string_equal(sentence, "Redis refuses claims: ERR odd thing ");
	wr_redis_refusal_read(wr_bytes("ERR \x1b[2J", 8), sentence, sizeof(sentence));
	assert_string_equal(sentence, "Redis refuses claims: ERR ");
	wr_redis_refusal_read(wr_bytes("", 0), sentence, sizeof(sentence));
	assert_string_equal(sentence, "Redis refuses claims: ");
}

static void a_prefix_that_is_cut_is_unknown(void **state)
{
	char sentence[WR_REDIS_SENTENCE_BYTES];

	(void)state;
	assert_int_equal(wr_redis_refusal_read(wr_bytes("MOVE", 4), sentence, sizeof(sentence)),
			 WR_REDIS_REFUSES_FOR_NOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_error_has_a_meaning_and_a_sentence),
	    cmocka_unit_test(an_unknown_error_passes_and_quotes_no_argument),
	    cmocka_unit_test(a_prefix_that_is_cut_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
