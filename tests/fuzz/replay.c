/*
 * Runs a fuzz target without libFuzzer: over every file of its corpus, then over mutations of them. The same seed
 * gives the same inputs; WEIR_FUZZ_RUNS and WEIR_FUZZ_SEED change how many and which. An input that aborts is kept
 * in the file `crash-<seed>-<run>` when WEIR_FUZZ_KEEP is set.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "base/buf.h"
#include "base/check.h"
#include "base/rng.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_RUNS 10000
#define MAX_INPUTS 256
#define MAX_INPUT_BYTES 16384

struct fuzzer {
	struct wr_buf inputs[MAX_INPUTS];
	size_t input_count;
	struct wr_rng rng;
	struct wr_buf now;
};

static size_t upto(struct fuzzer *f, size_t bound)
{
	return (size_t)wr_rng_upto(&f->rng, bound);
}

static void must(enum wr_code rc)
{
	WR_ASSERT(rc == WR_OK);
}

static void read_input(struct fuzzer *f, const char *name)
{
	FILE *stream = fopen(name, "re");
	char chunk[4096];
	struct wr_buf *input;
	size_t n;

	WR_ASSERT(stream != NULL && f->input_count < MAX_INPUTS);
	input = &f->inputs[f->input_count++];
	wr_buf_init(input);
	while ((n = fread(chunk, 1, sizeof(chunk), stream)) > 0)
		must(wr_buf_append(input, chunk, n));
	fclose(stream);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_folder(struct fuzzer *f, const char *folder)
{
	struct dirent **entries;
	char name[4096];
	int i, count;

	snprintf(name, sizeof(name), "%s/%s", WR_TEST_SOURCES, folder);
	count = scandir(name, &entries, NULL, by_name);
	WR_ASSERT(count >= 0);
	for (i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			snprintf(name, sizeof(name), "%s/%s/%s", WR_TEST_SOURCES, folder,
				 entries[i]->d_name);
			read_input(f, name);
		}
		free(entries[i]);
	}
	free(entries);
}

static void insert(struct fuzzer *f, size_t at, const void *data, size_t size)
{
	struct wr_buf *b = &f->now;
	size_t tail = b->size - at;

	if (b->size + size > MAX_INPUT_BYTES)
		return;
	must(wr_buf_reserve(b, size));
	memmove(b->data + at + size, b->data + at, tail);
	memcpy(b->data + at, data, size);
	b->size += size;
}

static void cut(struct fuzzer *f, size_t at, size_t size)
{
	memmove(f->now.data + at, f->now.data + at + size, f->now.size - at - size);
	f->now.size -= size;
}

/* A piece of another input, or of this one. */
static void splice(struct fuzzer *f, const struct wr_buf *from)
{
	char piece[256];
	size_t start, size;

	if (from->size == 0)
		return;
	start = upto(f, from->size - 1);
	size = upto(f, from->size - start < sizeof(piece) ? from->size - start : sizeof(piece));
	memcpy(piece, from->data + start, size);
	insert(f, upto(f, f->now.size), piece, size);
}

static void mutate(struct fuzzer *f)
{
	struct wr_buf *b = &f->now;
	size_t words = 0, at, size;
	char byte;

	while (fuzz_words[words] != NULL)
		words++;
	switch (upto(f, 5)) {
	case 0:
		if (b->size > 0)
			b->data[upto(f, b->size - 1)] = (char)upto(f, 255);
		break;
	case 1:
		byte = (char)upto(f, 255);
		insert(f, upto(f, b->size), &byte, 1);
		break;
	case 2:
		at = upto(f, b->size);
		size = upto(f, b->size - at < 40 ? b->size - at : 40);
		cut(f, at, size);
		break;
	case 3:
		splice(f, &f->inputs[upto(f, f->input_count - 1)]);
		break;
	case 4:
		splice(f, b);
		break;
	default:
		at = upto(f, words - 1);
		insert(f, upto(f, b->size), fuzz_words[at], strlen(fuzz_words[at]));
		break;
	}
}

static void keep(const struct fuzzer *f, unsigned long seed, unsigned long run)
{
	char name[128];
	FILE *stream;

	snprintf(name, sizeof(name), "crash-%lu-%lu", seed, run);
	stream = fopen(name, "we");
	if (stream == NULL)
		return;
	fwrite(f->now.data, 1, f->now.size, stream);
	fclose(stream);
}

static void run(const struct wr_buf *input)
{
	/* A copy of its own size, so that reading over its end is seen. */
	uint8_t *copy = malloc(input->size + (input->size == 0 ? 1 : 0));

	WR_ASSERT(copy != NULL);
	if (input->size > 0)
		memcpy(copy, input->data, input->size);
	LLVMFuzzerTestOneInput(copy, input->size);
	free(copy);
}

static unsigned long number_from(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text != NULL ? strtoul(text, NULL, 10) : otherwise;
}

int main(void)
{
	static struct fuzzer f;
	unsigned long runs = number_from("WEIR_FUZZ_RUNS", DEFAULT_RUNS), i;
	unsigned long seed = number_from("WEIR_FUZZ_SEED", 1);
	size_t n;

	for (n = 0; fuzz_corpus[n] != NULL; n++)
		read_folder(&f, fuzz_corpus[n]);
	WR_ASSERT(f.input_count > 0);
	for (n = 0; n < f.input_count; n++)
		run(&f.inputs[n]);
	wr_rng_init(&f.rng, seed);
	for (i = 0; i < runs; i++) {
		wr_buf_clear(&f.now);
		n = upto(&f, f.input_count - 1);
		must(wr_buf_append(&f.now, f.inputs[n].data, f.inputs[n].size));
		for (n = upto(&f, 5) + 1; n > 0; n--)
			mutate(&f);
		if (getenv("WEIR_FUZZ_KEEP") != NULL)
			keep(&f, seed, i);
		run(&f.now);
	}
	printf("%zu files and %lu mutations of them, seed %lu\n", f.input_count, runs, seed);
	for (n = 0; n < f.input_count; n++)
		wr_buf_fini(&f.inputs[n]);
	wr_buf_fini(&f.now);
	return 0;
}
