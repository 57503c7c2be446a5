#include "config.h"

#include "host/entry.h"

#include "base/utf8.h"
#include "host/plugin.h"

#include <string.h>

/* What 1.0 had. A plugin of a later minor may have more; one with less is broken. */
#define SIZE_1_0 (offsetof(struct weir_plugin, get_extension) + sizeof(void *))
#define SIZE_TO_MAJOR (offsetof(struct weir_plugin, abi_minor_needed))

_Static_assert(sizeof(struct weir_plugin) == SIZE_1_0, "fields are only ever added behind 1.0's");

static enum wr_code check_abi(const struct weir_plugin *entry, size_t symbol_size,
			      struct wr_err *err)
{
	if ((symbol_size != 0 && symbol_size < SIZE_TO_MAJOR) || entry->magic != WEIR_MAGIC)
		return wr_err_set(
		    err, WR_EINVAL,
		    "its symbol weir_plugin does not begin with weir's magic number; export "
		    "it with WEIR_PLUGIN of weir/plugin.h");
	if (entry->abi_major != WEIR_ABI_MAJOR)
		return wr_err_set(
		    err, WR_EINVAL,
		    "it is built for plugin ABI %u and this weir has %d; build it with this "
		    "weir's weir/plugin.h",
		    entry->abi_major, WEIR_ABI_MAJOR);
	if (entry->struct_size < SIZE_1_0 || (symbol_size != 0 && symbol_size < SIZE_1_0))
		return wr_err_set(
		    err, WR_EINVAL,
		    "its entry has %zu bytes where ABI 1.0 has %zu; export it with WEIR_PLUGIN "
		    "of weir/plugin.h",
		    symbol_size != 0 && symbol_size < entry->struct_size
			? symbol_size
			: (size_t)entry->struct_size,
		    SIZE_1_0);
	if (entry->abi_minor_needed > WEIR_ABI_MINOR)
		return wr_err_set(
		    err, WR_EINVAL,
		    "it needs plugin ABI %d.%u and this weir has %d.%d; use a newer weir, or "
		    "build the plugin with a lower WEIR_ABI_MINOR_NEEDED",
		    WEIR_ABI_MAJOR, entry->abi_minor_needed, WEIR_ABI_MAJOR, WEIR_ABI_MINOR);
	return WR_OK;
}

static enum wr_code check_names(const struct weir_plugin *entry, struct wr_err *err)
{
	size_t size = entry->id != NULL ? strnlen(entry->id, WR_PLUGIN_ID_BYTES + 1) : 0;

	if (size == 0 || size > WR_PLUGIN_ID_BYTES ||
	    strspn(entry->id, "abcdefghijklmnopqrstuvwxyz0123456789-") != size)
		return wr_err_set(
		    err, WR_EINVAL,
		    "its id must be 1 to %d of the characters a-z, 0-9 and '-'; set .id in "
		    "WEIR_PLUGIN",
		    WR_PLUGIN_ID_BYTES);
	size = entry->version != NULL ? strnlen(entry->version, WR_PLUGIN_ID_BYTES + 1) : 0;
	if (size == 0 || size > WR_PLUGIN_ID_BYTES ||
	    !wr_utf8_valid(wr_bytes(entry->version, size)))
		return wr_err_set(
		    err, WR_EINVAL,
		    "its version must be a text of 1 to %d bytes, such as \"1.2.0\"; set "
		    ".version in WEIR_PLUGIN",
		    WR_PLUGIN_ID_BYTES);
	for (const char *c = entry->version; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return wr_err_set(err, WR_EINVAL,
					  "its version has a control character; set .version in "
					  "WEIR_PLUGIN to a text such as \"1.2.0\"");
	}
	return WR_OK;
}

enum wr_code wr_entry_check(const struct weir_plugin *entry, size_t symbol_size, struct wr_err *err)
{
	enum wr_code rc = check_abi(entry, symbol_size, err);

	if (rc == WR_OK)
		rc = check_names(entry, err);
	if (rc != WR_OK)
		return rc;
	if (entry->create == NULL)
		return wr_err_set(
		    err, WR_EINVAL,
		    "it has no create(); set .create in WEIR_PLUGIN (a plugin without state "
		    "returns any pointer but NULL)");
	if (entry->process == NULL)
		return wr_err_set(
		    err, WR_EINVAL,
		    "it has no process(); set .process in WEIR_PLUGIN (WEIR_EACH makes it)");
	return WR_OK;
}
