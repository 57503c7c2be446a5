#include "config.h"

#include "conf/schema.h"
#include "base/check.h"
#include "conf/scalar.h"

#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* The classes of dead letters: those of core/event.h, which this layer does not know. */
static const char *const classes[] = {"permanent", "exhausted",       "timeout",
				      "crash",     "decode",          "poison",
				      "no-stage",  "output-rejected", NULL};

/* The patterns are for editors. Here the forms are held to by hand: glibc's regular expressions leak, and answer
 * wrongly, when memory is short. */
static const struct wr_form forms[WR_FORM_COUNT_] = {
    [WR_FORM_ANY] = {NULL, 4096, "a string"},
    [WR_FORM_INSTANCE] =
	{"^[A-Za-z0-9][A-Za-z0-9._-]*$", 128,
	 "a name of letters, digits, `.`, `_` and `-` that begins with a letter or "
	 "digit"},
    [WR_FORM_NAME] = {"^[a-z0-9][a-z0-9._-]*$", 100,
		      "a name of lower-case letters, digits, `.`, `_` and `-` that begins with a "
		      "letter or digit (100 bytes at most)"},
    [WR_FORM_OUTPUT] = {"^[A-Za-z0-9][A-Za-z0-9._-]*$", 100,
			"a name of letters, digits, `.`, `_` and `-` that begins with a letter or "
			"digit"},
    [WR_FORM_TOPIC] = {"^([A-Za-z0-9_-][A-Za-z0-9._-]*|[.][A-Za-z0-9_-][A-Za-z0-9._-]*|"
		       "[.][.][A-Za-z0-9._-]+)$",
		       249,
		       "the name of a topic: letters, digits, `.`, `_` and `-`, 249 at most, not "
		       "`.` or `..`"},
    [WR_FORM_GROUP] = {"^[!-~]+$", 255,
		       "the name of a consumer group, printable and without spaces"},
    [WR_FORM_POINTER] = {"^(/([^~/]|~[01])*)+$", 1024,
			 "a JSON Pointer such as /eventId (RFC 6901)"},
    [WR_FORM_HEADER] = {"^[!-~]+$", 255,
			"the name of a Kafka header, printable and without spaces"},
    [WR_FORM_BROKERS] = {"^[^ ,]+(, *[^ ,]+)*$", 4096,
			 "`host:port`, several with commas between them, or `embedded`"},
    [WR_FORM_TOKEN] = {"^[!-~]+$", 4096, "a token of printable ASCII without spaces"},
    [WR_FORM_DURATION] = {"^(0|[0-9]+([.][0-9]+)?(us|ms|s|m|h|d))$", 32,
			  "a duration with its unit (500ms, 5s, 10m)"},
    [WR_FORM_CLASS] =
	{"^(permanent|exhausted|timeout|crash|decode|poison|no-stage|output-rejected)$", 32,
	 "a class of dead letters: permanent, exhausted, timeout, crash, decode, poison, no-stage "
	 "or output-rejected"},
};

/* Whether the first is one of these bytes and every other one of those. */
static bool consists_of(struct wr_bytes text, const char *first, const char *others)
{
	const char *s = text.data;
	size_t i;

	for (i = 0; i < text.size; i++) {
		if (s[i] == '\0' || strchr(i == 0 ? first : others, s[i]) == NULL)
			return false;
	}
	return text.size > 0;
}

static bool is_visible(struct wr_bytes text)
{
	const char *s = text.data;
	size_t i;

	for (i = 0; i < text.size; i++) {
		if (s[i] < '!' || s[i] > '~')
			return false;
	}
	return text.size > 0;
}

static bool is_topic(struct wr_bytes text)
{
	return consists_of(text, LOWER UPPER DIGITS "._-", LOWER UPPER DIGITS "._-") &&
	       !wr_bytes_equal(text, wr_bytes_of(".")) && !wr_bytes_equal(text, wr_bytes_of(".."));
}

static bool is_pointer(struct wr_bytes text)
{
	const char *s = text.data;
	size_t i;

	for (i = 0; i < text.size; i++) {
		if (s[i] == '~' && (i + 1 == text.size || (s[i + 1] != '0' && s[i + 1] != '1')))
			return false;
	}
	return text.size > 0 && s[0] == '/';
}

/* Entries without spaces, between them a comma and spaces. */
static bool is_brokers(struct wr_bytes text)
{
	const char *s = text.data;
	bool in_entry = false;
	size_t i;

	for (i = 0; i < text.size; i++) {
		if (s[i] == ' ' && (in_entry || i == 0))
			return false;
		if (s[i] == ',' && !in_entry)
			return false;
		if (s[i] == ',')
			in_entry = false;
		else if (s[i] != ' ')
			in_entry = true;
	}
	return in_entry;
}

static bool is_class(struct wr_bytes text)
{
	for (size_t i = 0; classes[i] != NULL; i++) {
		if (wr_bytes_equal(text, wr_bytes_of(classes[i])))
			return true;
	}
	return false;
}

const char *const *wr_schema_form_words(enum wr_key_form form)
{
	return form == WR_FORM_CLASS ? classes : NULL;
}

const struct wr_form *wr_schema_form(enum wr_key_form form)
{
	WR_ASSERT((unsigned)form < WR_FORM_COUNT_);
	return &forms[form];
}

bool wr_schema_form_fits(enum wr_key_form form, struct wr_bytes text)
{
	int64_t us;

	if (text.size > wr_schema_form(form)->max_bytes ||
	    (text.size > 0 && memchr(text.data, '\0', text.size) != NULL))
		return false;
	switch (form) {
	case WR_FORM_ANY:
		return true;
	case WR_FORM_NAME:
		return consists_of(text, LOWER DIGITS, LOWER DIGITS "._-");
	case WR_FORM_INSTANCE:
	case WR_FORM_OUTPUT:
		return consists_of(text, LOWER UPPER DIGITS, LOWER UPPER DIGITS "._-");
	case WR_FORM_TOPIC:
		return is_topic(text);
	case WR_FORM_POINTER:
		return is_pointer(text);
	case WR_FORM_BROKERS:
		return is_brokers(text);
	case WR_FORM_GROUP:
	case WR_FORM_HEADER:
	case WR_FORM_TOKEN:
		return is_visible(text);
	case WR_FORM_DURATION:
		return wr_scalar_duration(text, &us) == WR_QUANTITY_OK;
	case WR_FORM_CLASS:
		return is_class(text);
	case WR_FORM_COUNT_:
		break;
	}
	return false;
}
