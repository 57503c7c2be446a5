/*
 * The keys of one source partition that are parked: events of theirs lie in the retry topics, and later ones must not
 * overtake them. It knows a hash of each key and, by retry topic, the origin offsets that lie there in the order in
 * which they were appended; nothing of the events. Keys that share a hash wait for each other, which costs time and
 * nothing else.
 *
 * Kafka is the log: whoever holds a source partition holds the same partition of its retry topics, and fills the
 * table from them (add) before it takes the first record of the source. From then on, for each event in its turn:
 *
 *   came from a retry topic:   wr_parked_take()    it lies there no more
 *   before a stage is called:  wr_parked_is_behind()  true: it goes to the retry topic that is told, behind its
 *                              nearest older one, and uses up no attempt
 *   goes to a retry topic:     wr_parked_add()
 *
 * One that ends is in the table no more, since it was taken; what runs or waits within the lane is the lane's to keep in
 * order. A record that will never come (it expired, or somebody made another one up) holds up its key no longer than
 * until the next that was appended behind it has come: see wr_parked_take().
 *
 * Pure but for its memory; one thread.
 */
#ifndef WR_CORE_PARKED_H
#define WR_CORE_PARKED_H

#include "base/bytes.h"
#include "base/code.h"
#include "core/envelope.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wr_parked;

/* What the table knows of a key: a hash, with the seed of the process. Whoever asks for an event more than once keeps
 * it. */
uint64_t wr_parked_key(struct wr_bytes key);

/* WR_OK or WR_ENOMEM. */
enum wr_code wr_parked_create(struct wr_parked **parked_r);

/* NULL does nothing. */
void wr_parked_destroy(struct wr_parked *parked);

/* An event that is appended to a retry topic. */
struct wr_parked_event {
	uint64_t key;
	int64_t offset;   /* where it came from */
	int64_t delay_ms; /* the topic's */
	uint64_t
	    sequence; /* rises as records are appended: who decides on them may do it in another order */
	int64_t since_ms; /* when it failed first, or came to wait */
};

/* It lies there, or will. WR_OK, or WR_ENOMEM: it is not known then, and later events of its key may overtake it. */
enum wr_code wr_parked_add(struct wr_parked *parked, const struct wr_parked_event *event);

/* It came from there. What was appended to the same topic before it and has not come will never come: it is forgotten
 * too. One that is not known changes nothing. Returns how many were forgotten beside it. */
size_t wr_parked_take(struct wr_parked *parked, uint64_t key, int64_t offset, int64_t delay_ms);

/* It was added, and is not appended after all. */
void wr_parked_undo(struct wr_parked *parked, uint64_t key, int64_t offset, int64_t delay_ms);

/* Whether an older event of its key lies in a retry topic; *delay_ms_r is where the nearest older one lies: appended
 * there, this one comes again when that one has come. */
bool wr_parked_is_behind(const struct wr_parked *parked, uint64_t key, int64_t offset,
			 int64_t *delay_ms_r);

size_t wr_parked_keys(const struct wr_parked *parked);
size_t wr_parked_records(const struct wr_parked *parked);

/* Since when the key is parked that is parked longest; INT64_MAX when none is. Walks all keys. */
int64_t wr_parked_since_ms(const struct wr_parked *parked);

/* Whether a record of a retry topic is one whose key is parked while it lies there, in this partition. A replay is not:
 * it left its place when it was dead-lettered. Neither is one that says it came from elsewhere. `source_topic` NULL: the
 * pipeline has several, and no order. */
bool wr_parked_counts(const struct wr_envelope *envelope, struct wr_bytes key,
		      const char *source_topic, int32_t partition);

#endif
