/* The values of the claim store, packed into a number; their text is core/claim's. */
#ifndef WR_TESTS_MODEL_VALUE_H
#define WR_TESTS_MODEL_VALUE_H

#include "core/claim.h"
#include "tests/model/world.h"

/* State C. */
value_t value_of(uint32_t incarnation, unsigned partition, unsigned offset);
value_t value_of_owner(struct wr_bytes owner); /* as the header weir-owner has it */
value_t value_failed(value_t value);
bool value_is_failed(value_t value);
uint32_t value_incarnation(value_t value);
unsigned value_partition(value_t value);
unsigned value_offset(value_t value);

/* Its text, which lives for ever; absent for 0. */
struct wr_bytes value_text(value_t value);

/* The owner in it as the header weir-owner has it; absent for 0. */
struct wr_bytes value_owner_text(value_t value);

#endif
