#include "config.h"

#include "host/extensions.h"

#include "host/call.h"
#include "host/text.h"

#include <stdlib.h>

/* The extension, when it is there and reaches as far as its last function. */
static const void *extension(const struct wr_plugin *plugin, const char *id, size_t least)
{
	const void *found = NULL;
	uint32_t size;

	if (plugin->entry->get_extension != NULL)
		found = plugin->entry->get_extension(id);
	if (found == NULL)
		return NULL;
	memcpy(&size, found, sizeof(size));
	return size >= least ? found : NULL;
}

static const struct weir_state *state_of(const struct wr_plugin *plugin)
{
	const struct weir_state *state = extension(plugin, WEIR_STATE, sizeof(*state));

	return state != NULL && state->save != NULL && state->load != NULL ? state : NULL;
}

static const struct weir_lifecycle *lifecycle_of(const struct wr_plugin *plugin)
{
	const struct weir_lifecycle *l = extension(plugin, WEIR_LIFECYCLE, sizeof(*l));

	return l != NULL && l->activate != NULL && l->deactivate != NULL ? l : NULL;
}

static const struct weir_selftest *selftest_of(const struct wr_plugin *plugin)
{
	const struct weir_selftest *test = extension(plugin, WEIR_SELFTEST, sizeof(*test));

	return test != NULL && test->run != NULL ? test : NULL;
}

bool wr_plugin_has_state(const struct wr_plugin *plugin)
{
	return state_of(plugin) != NULL;
}

bool wr_plugin_has_lifecycle(const struct wr_plugin *plugin)
{
	return lifecycle_of(plugin) != NULL;
}

static struct wr_instance *instance_of(struct wr_instances *all, uint32_t stage)
{
	WR_CHECK(all, WR_INSTANCES_MAGIC);
	WR_ASSERT(stage < all->count);
	return &all->items[stage];
}

/* "stage "s": the plugin p 1.0 <did what>: <its reason>" */
static enum wr_code refused(const struct wr_instance *instance, const char *what,
			    struct weir_error *said, struct wr_err *err)
{
	const struct wr_plugin *plugin = instance->stage->plugin;
	char text[sizeof(said->text)];

	said->text[sizeof(said->text) - 1] = '\0';
	wr_text_clean(text, sizeof(text), said->text);
	return wr_err_set(err, WR_EREFUSED, "stage \"%s\": the plugin %s %s %s: %s",
			  instance->stage->name, plugin->id, plugin->version, what,
			  text[0] != '\0' ? text : "it gave no reason");
}

/* ---- state ---- */

void wr_state_fini(struct wr_state *state)
{
	for (size_t i = 0; i < state->count; i++)
		wr_buf_fini(&state->blobs[i].data);
	free(state->blobs);
	*state = (struct wr_state){NULL, 0};
}

size_t wr_state_bytes(const struct wr_state *state)
{
	size_t bytes = 0;

	for (size_t i = 0; i < state->count; i++)
		bytes += state->blobs[i].data.size;
	return bytes;
}

struct writer {
	struct weir_state_out pub; /* first */
	struct wr_buf *data;
	bool failed;
};

static bool write_state(struct weir_state_out *out, const void *data, size_t size)
{
	struct writer *w = (struct writer *)(void *)out;

	if (size == 0)
		return true;
	if (data == NULL || size > WR_STATE_BYTES_MAX - w->data->size ||
	    wr_buf_append(w->data, data, size) != WR_OK)
		w->failed = true;
	return !w->failed;
}

static struct wr_state_blob *add_blob(struct wr_state *state)
{
	struct wr_state_blob *blobs = realloc(state->blobs, (state->count + 1) * sizeof(*blobs));

	if (blobs == NULL)
		return NULL;
	state->blobs = blobs;
	blobs[state->count] = (struct wr_state_blob){.data = WR_BUF_INIT};
	return &blobs[state->count++];
}

enum wr_code wr_instances_save(struct wr_instances *instances, uint32_t stage,
			       struct wr_state *state, struct wr_err *err)
{
	struct wr_instance *instance = instance_of(instances, stage);
	const struct weir_state *ext = state_of(instance->stage->plugin);
	struct weir_error said = {.size = (uint32_t)sizeof(said)};
	struct wr_state_blob *blob;
	struct writer writer = {
	    .pub = {.size = (uint32_t)sizeof(writer.pub), .write = write_state}};

	if (ext == NULL)
		return WR_OK;
	blob = add_blob(state);
	if (blob == NULL)
		return wr_err_set(err, WR_ENOMEM, "no memory for the state of a stage");
	blob->version = ext->version;
	blob->slot = instance->host.slot;
	blob->slot_count = instance->host.slot_count;
	writer.data = &blob->data;
	if (!ext->save(instance->self, &writer.pub, &said))
		return refused(instance, "could not save its state", &said, err);
	if (writer.failed) /* and the plugin did not mind */
		return wr_err_set(err, WR_EREFUSED,
				  "stage \"%s\": the state of an instance is over 256 MiB, or "
				  "there is no memory for it",
				  instance->stage->name);
	return WR_OK;
}

enum wr_code wr_instances_load(struct wr_instances *instances, uint32_t stage,
			       const struct wr_state *state, struct wr_err *err)
{
	struct wr_instance *instance = instance_of(instances, stage);
	const struct weir_state *ext = state_of(instance->stage->plugin);
	struct weir_error said = {.size = (uint32_t)sizeof(said)};
	const struct weir_state_blob **list;
	struct weir_state_blob *blobs;
	bool loaded = false;

	if (ext == NULL || state->count == 0)
		return WR_OK;
	blobs = calloc(state->count, sizeof(*blobs));
	list = calloc(state->count, sizeof(*list));
	for (size_t i = 0; blobs != NULL && list != NULL && i < state->count; i++) {
		const struct wr_state_blob *b = &state->blobs[i];

		blobs[i] = (struct weir_state_blob){
		    .size = (uint32_t)sizeof(blobs[i]),
		    .version = b->version,
		    .data = {b->data.data != NULL ? b->data.data : "", b->data.size},
		    .slot = b->slot,
		    .slot_count = b->slot_count,
		};
		list[i] = &blobs[i];
	}
	if (blobs != NULL && list != NULL)
		loaded = ext->load(instance->self, list, state->count, &said);
	else
		weir_error_set(&said, "no memory");
	free(blobs);
	free(list);
	return loaded ? WR_OK
		      : refused(instance, "could not load the state of the one before", &said, err);
}

/* ---- the others ---- */

enum wr_code wr_instances_activate(struct wr_instances *instances, uint32_t stage,
				   struct wr_err *err)
{
	struct wr_instance *instance = instance_of(instances, stage);
	const struct weir_lifecycle *lifecycle = lifecycle_of(instance->stage->plugin);
	struct weir_error said = {.size = (uint32_t)sizeof(said)};

	WR_ASSERT(!instance->active);
	if (lifecycle == NULL)
		return WR_OK;
	if (!lifecycle->activate(instance->self, &said))
		return refused(instance, "could not be activated", &said, err);
	instance->active = true;
	return WR_OK;
}

void wr_instances_deactivate(struct wr_instances *instances, uint32_t stage)
{
	struct wr_instance *instance = instance_of(instances, stage);

	if (instance->active)
		lifecycle_of(instance->stage->plugin)->deactivate(instance->self);
	instance->active = false;
}

enum wr_code wr_instances_selftest(struct wr_instances *instances, uint32_t stage,
				   struct wr_err *err)
{
	struct wr_instance *instance = instance_of(instances, stage);
	const struct weir_selftest *test = selftest_of(instance->stage->plugin);
	struct weir_error said = {.size = (uint32_t)sizeof(said)};

	if (test == NULL || test->run(instance->self, &said))
		return WR_OK;
	return refused(instance, "failed its own test", &said, err);
}
