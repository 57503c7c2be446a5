# The layers. A test links its own layer and those below, so the linker keeps the direction.
include engine/base/local.mk
include engine/conf/local.mk
include engine/core/local.mk
include engine/host/local.mk
include engine/kafka/local.mk
include engine/dlq/local.mk
include engine/redis/local.mk
include engine/memory/local.mk
include engine/run/local.mk
include engine/http/local.mk
include engine/cli/local.mk
