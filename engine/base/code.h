/*
 * The result codes of the engine and their text. A function lists the few it returns; the text of a failure
 * travels in a struct wr_err, set where the failure is born.
 */
#ifndef WR_BASE_CODE_H
#define WR_BASE_CODE_H

#define WR_CODES(X)                                                        \
	X(WR_OK, "ok")                                                     \
	X(WR_ENOMEM, "out of memory")                                      \
	X(WR_EINVAL, "invalid input")                                      \
	X(WR_ENOTFOUND, "not found")                                       \
	X(WR_EEXIST, "already exists")                                     \
	X(WR_EFULL, "full; try again when there is room")                  \
	X(WR_ETIMEDOUT, "timed out")                                       \
	X(WR_ECLOSED, "closed")                                            \
	X(WR_EUNAVAILABLE, "the other side is not available")              \
	X(WR_EUNKNOWN, "unknown outcome: it may or may not have happened") \
	X(WR_EREFUSED, "refused")                                          \
	X(WR_EUNSUPPORTED, "not supported by this version")                \
	X(WR_EIO, "input/output error")

enum wr_code {
#define X(code, text) code,
	WR_CODES(X)
#undef X
};

#ifdef __cplusplus
extern "C" {
#endif

/* A sentence fragment for a code; never NULL. [any] */
const char *wr_code_text(enum wr_code code);

#ifdef __cplusplus
}
#endif

#endif
