#include "config.h"

#include "host/instance.h"

enum wr_code wr_json_cache_load(struct wr_json_cache *cache, struct weir_bytes value,
				struct wr_err *err)
{
	enum wr_code rc;

	if (value.data == NULL)
		return wr_err_set(err, WR_EINVAL, "there is no value");
	if (cache->data == value.data && cache->size == value.size && (cache->valid || err == NULL))
		return cache->valid ? WR_OK : WR_EINVAL;
	wr_json_cache_forget(cache);
	rc = wr_json_read(cache->reader, wr_bytes_from(value), NULL, err);
	if (rc == WR_ENOMEM)
		return rc;
	cache->data = value.data;
	cache->size = value.size;
	cache->valid = rc == WR_OK;
	return rc;
}

void wr_json_cache_forget(struct wr_json_cache *cache)
{
	cache->data = NULL;
	cache->size = 0;
	cache->valid = false;
}
