/* Finding jobs in the state topic. */
#include "config.h"

#include "base/map.h"
#include "dlq/run.h"

#include <stdlib.h>
#include <string.h>

#define KEY_PREFIX "job/"

/* The id in a key; empty: the record is no job. */
static struct wr_bytes id_of(const struct wr_dlq_record *record)
{
	const size_t prefix = sizeof(KEY_PREFIX) - 1;
	struct weir_bytes key = record->key;

	if (key.size <= prefix || memcmp(key.data, KEY_PREFIX, prefix) != 0)
		return wr_bytes(NULL, 0);
	return wr_bytes((const char *)key.data + prefix, key.size - prefix);
}

struct search {
	const char *id;
	struct wr_dlq_job *job;
	enum wr_code rc;
};

static bool look(void *arg, const struct wr_dlq_record *record)
{
	struct search *search = arg;

	if (!wr_bytes_equal(id_of(record), wr_bytes_of(search->id)))
		return true;
	wr_dlq_job_fini(search->job);
	search->rc = record->value.data != NULL
			 ? wr_dlq_job_parse(wr_bytes_from(record->value), search->job)
			 : WR_ENOTFOUND;
	return search->rc != WR_ENOMEM;
}

enum wr_code wr_dlq_job_load(struct wr_dlq *dlq, const char *id, struct wr_dlq_job *job_r,
			     struct wr_err *err)
{
	struct search search = {.id = id, .job = job_r, .rc = WR_ENOTFOUND};
	enum wr_code rc;

	*job_r = (struct wr_dlq_job){.who = NULL};
	rc = wr_dlq_state_read(dlq, look, &search, err);
	if (rc == WR_OK && search.rc == WR_ENOTFOUND)
		rc = wr_err_set(err, WR_ENOTFOUND, "%s has no job %s", dlq->topic_name, id);
	else if (rc == WR_OK && search.rc == WR_EINVAL)
		rc = wr_err_set(err, WR_ENOTFOUND, "the record of job %s can't be read", id);
	else if (rc == WR_OK && search.rc != WR_OK)
		rc = wr_err_set(err, WR_ENOMEM, "no memory for a job");
	if (rc != WR_OK)
		wr_dlq_job_fini(job_r);
	return rc;
}

/* Ids tell seconds only; those of one moment have the order of their ids, which is at least the same each time. */
static int is_older(const struct wr_dlq_job *a, const struct wr_dlq_job *b)
{
	if (a->created_ms != b->created_ms)
		return a->created_ms < b->created_ms;
	return strcmp(a->id, b->id) < 0;
}

struct listing {
	struct wr_map *jobs; /* id -> struct wr_dlq_job */
	enum wr_code rc;
};

static void drop(struct wr_dlq_job *job)
{
	if (job == NULL)
		return;
	wr_dlq_job_fini(job);
	free(job);
}

/* The oldest that is over makes room. */
static void make_room(struct listing *listing)
{
	struct wr_dlq_job *job, *oldest = NULL;
	struct wr_bytes key;
	size_t cursor = 0;
	void *value;

	if (wr_map_size(listing->jobs) < (size_t)WR_DLQ_JOBS_MAX * 2)
		return;
	while (wr_map_next(listing->jobs, &cursor, &key, &value)) {
		job = value;
		if (job->state != WR_DLQ_RUNNING && (oldest == NULL || is_older(job, oldest)))
			oldest = job;
	}
	if (oldest != NULL)
		drop(wr_map_remove(listing->jobs, wr_bytes_of(oldest->id)));
}

static bool collect(void *arg, const struct wr_dlq_record *record)
{
	struct listing *listing = arg;
	struct wr_bytes id = id_of(record);
	struct wr_dlq_job *job;
	void *old = NULL;

	if (id.size == 0)
		return true;
	if (record->value.data == NULL) {
		drop(wr_map_remove(listing->jobs, id));
		return true;
	}
	job = calloc(1, sizeof(*job));
	listing->rc = job != NULL ? wr_dlq_job_parse(wr_bytes_from(record->value), job) : WR_ENOMEM;
	if (listing->rc == WR_OK && wr_bytes_equal(id, wr_bytes_of(job->id)))
		listing->rc = wr_map_put(listing->jobs, id, job, &old);
	else if (listing->rc != WR_ENOMEM)
		listing->rc = WR_EINVAL; /* not ours: passed over */
	drop(old);
	if (listing->rc != WR_OK)
		drop(job);
	make_room(listing);
	return listing->rc != WR_ENOMEM;
}

static int newest_first(const void *a, const void *b)
{
	const struct wr_dlq_job *x = a, *y = b;

	return is_older(x, y) - is_older(y, x);
}

/* Moves the jobs into an array. */
static enum wr_code give(struct listing *listing, struct wr_dlq_job **jobs_r, size_t *count_r)
{
	struct wr_bytes key;
	size_t cursor = 0;
	void *value;

	*jobs_r = calloc(wr_map_size(listing->jobs) + 1, sizeof(**jobs_r));
	if (*jobs_r == NULL)
		return WR_ENOMEM;
	while (wr_map_next(listing->jobs, &cursor, &key, &value)) {
		(*jobs_r)[(*count_r)++] = *(struct wr_dlq_job *)value;
		*(struct wr_dlq_job *)value = (struct wr_dlq_job){.who = NULL};
	}
	qsort(*jobs_r, *count_r, sizeof(**jobs_r), newest_first);
	return WR_OK;
}

static void free_listing(struct listing *listing)
{
	struct wr_bytes key;
	size_t cursor = 0;
	void *value;

	while (listing->jobs != NULL && wr_map_next(listing->jobs, &cursor, &key, &value))
		drop(value);
	wr_map_destroy(listing->jobs);
}

enum wr_code wr_dlq_jobs_load(struct wr_dlq *dlq, struct wr_dlq_job **jobs_r, size_t *count_r,
			      struct wr_err *err)
{
	struct listing listing = {.rc = WR_OK};
	enum wr_code rc;

	*jobs_r = NULL;
	*count_r = 0;
	if (wr_map_create(&listing.jobs) != WR_OK)
		return wr_err_set(err, WR_ENOMEM, "no memory for the jobs");
	rc = wr_dlq_state_read(dlq, collect, &listing, err);
	if (rc == WR_OK && listing.rc == WR_ENOMEM)
		rc = wr_err_set(err, WR_ENOMEM, "no memory for the jobs");
	if (rc == WR_OK && give(&listing, jobs_r, count_r) != WR_OK)
		rc = wr_err_set(err, WR_ENOMEM, "no memory for the jobs");
	free_listing(&listing);
	return rc;
}

void wr_dlq_jobs_free(struct wr_dlq_job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		wr_dlq_job_fini(&jobs[i]);
	free(jobs);
}
