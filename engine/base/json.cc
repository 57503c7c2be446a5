#include "config.h"

#define SIMDJSON_EXCEPTIONS 0
#include "base/json.h"

#include "base/buf.h"
#include "base/json_scan.h"

#include <cstring>
#include <memory>
#include <new>
#include <simdjson.h>
#include <string>
#include <string_view>

namespace dom = simdjson::dom;

/* Memory for documents up to this size is kept for good; what a larger one took goes with the next smaller. */
static constexpr size_t KEEP_BYTES = size_t(1) << 20;
static constexpr size_t CAPACITY_MIN = 1024;
/* simdjson counts the root as a level of its own. */
static constexpr size_t PARSER_DEPTH = WR_JSON_DEPTH_MAX + 1;
/* array::size() and object::size() saturate here. */
static constexpr size_t COUNT_SATURATED = 0xFFFFFF;

struct wr_json_reader {
	dom::parser parser;
	std::unique_ptr<char[]> text; /* the document with simdjson's padding behind it */
	size_t capacity = 0;          /* of documents, for text and parser alike */
	dom::element root;
	bool loaded = false;
};

enum wr_code wr_json_reader_create(struct wr_json_reader **reader_r)
{
	*reader_r = new (std::nothrow) wr_json_reader;
	return *reader_r != nullptr ? WR_OK : WR_ENOMEM;
}

void wr_json_reader_destroy(struct wr_json_reader *reader)
{
	delete reader;
}

static enum wr_code reserve(struct wr_json_reader *reader, size_t size)
{
	size_t capacity = CAPACITY_MIN;

	if (reader->capacity >= size && (reader->capacity <= KEEP_BYTES || size > KEEP_BYTES))
		return WR_OK;
	while (capacity < size)
		capacity *= 2;
	reader->capacity = 0;
	reader->text.reset();
	reader->text.reset(new (std::nothrow) char[capacity + simdjson::SIMDJSON_PADDING]);
	if (!reader->text)
		return WR_ENOMEM;
	if (reader->parser.allocate(capacity, PARSER_DEPTH) != simdjson::SUCCESS ||
	    reader->parser.doc.allocate(capacity) != simdjson::SUCCESS)
		return WR_ENOMEM;
	reader->capacity = capacity;
	return WR_OK;
}

/* Parses a copy of the text. */
static simdjson::error_code parse(struct wr_json_reader *reader, const void *text, size_t size)
{
	if (reserve(reader, size) != WR_OK)
		return simdjson::MEMALLOC;
	std::memcpy(reader->text.get(), text, size);
	std::memset(reader->text.get() + size, 0, simdjson::SIMDJSON_PADDING);
	return reader->parser.parse(reader->text.get(), size, false).get(reader->root);
}

/* Parses the document that is loaded once more, with its numbers made to fit. */
static enum wr_code parse_with_fitting_numbers(struct wr_json_reader *reader, size_t size)
{
	struct wr_buf fitting = WR_BUF_INIT;
	enum wr_code rc = wr_json_fit_numbers(wr_bytes(reader->text.get(), size), &fitting);
	simdjson::error_code error;

	if (rc == WR_OK) {
		error = parse(reader, fitting.data, fitting.size);
		if (error != simdjson::SUCCESS)
			rc = error == simdjson::MEMALLOC ? WR_ENOMEM : WR_EINVAL;
	}
	wr_buf_fini(&fitting);
	return rc;
}

/* After a refusal: says what is wrong, or gets round a number that is only too large. */
static enum wr_code second_look(struct wr_json_reader *reader, struct wr_bytes text,
				simdjson::error_code error, struct wr_json_position *where_r,
				struct wr_err *err)
{
	struct wr_json_position where = {0, 1, 1};
	const char *what = "refused by the parser";
	enum wr_code rc = WR_EINVAL;

	if (error == simdjson::MEMALLOC)
		return wr_err_set(err, WR_ENOMEM, "out of memory");
	if (error == simdjson::CAPACITY)
		what = "the text is too large";
	else if (wr_json_scan(text, &where, &what)) {
		where = {0, 1, 1};
		what = simdjson::error_message(error);
		/* What is JSON and refused has a number beyond 64 bits, which has another name with each version. */
		rc = parse_with_fitting_numbers(reader, text.size);
	}
	if (rc == WR_OK)
		return WR_OK;
	if (where_r != nullptr)
		*where_r = where;
	return wr_err_set(err, rc, "line %u, column %u: %s", where.line, where.column,
			  rc == WR_ENOMEM ? "out of memory" : what);
}

/* Later versions of simdjson pass over it; it is no part of JSON (RFC 8259, section 8.1). */
static bool has_byte_order_mark(struct wr_bytes text)
{
	return text.size >= 3 && std::memcmp(text.data, "\xEF\xBB\xBF", 3) == 0;
}

enum wr_code wr_json_read(struct wr_json_reader *reader, struct wr_bytes text,
			  struct wr_json_position *where_r, struct wr_err *err)
{
	simdjson::error_code error;
	enum wr_code rc = WR_OK;

	if (where_r != nullptr)
		*where_r = {0, 1, 1};
	reader->loaded = false;
	if (text.data == nullptr || text.size == 0)
		return wr_err_set(err, WR_EINVAL,
				  "line 1, column 1: expected a value, but the text ends");
	error =
	    has_byte_order_mark(text) ? simdjson::UTF8_ERROR : parse(reader, text.data, text.size);
	if (error != simdjson::SUCCESS)
		rc = second_look(reader, text, error, where_r, err);
	reader->loaded = rc == WR_OK;
	return rc;
}

/* Whether the token of a pointer, with its ~0 and ~1, is this name. */
static bool is_name(std::string_view token, std::string_view name)
{
	size_t used = 0;

	if (token.find('~') == token.npos)
		return token == name;
	for (size_t i = 0; i < token.size(); i++, used++) {
		char c = token[i];

		if (c == '~') {
			if (++i == token.size() || (token[i] != '0' && token[i] != '1'))
				return false;
			c = token[i] == '0' ? '~' : '/';
		}
		if (used == name.size() || name[used] != c)
			return false;
	}
	return used == name.size();
}

static bool object_child(dom::object object, std::string_view token, dom::element *element_p)
{
	for (auto field : object) {
		if (is_name(token, field.key)) {
			*element_p = field.value;
			return true;
		}
	}
	return false;
}

static bool array_child(dom::array array, std::string_view token, dom::element *element_p)
{
	size_t index = 0;

	if (token.empty() || token.size() > 18 || (token.size() > 1 && token[0] == '0'))
		return false;
	for (char c : token) {
		if (c < '0' || c > '9')
			return false;
		index = index * 10 + size_t(c - '0');
	}
	for (auto item : array) {
		if (index-- == 0) {
			*element_p = item;
			return true;
		}
	}
	return false;
}

static bool descend(dom::element *element_p, std::string_view pointer)
{
	while (!pointer.empty()) {
		if (pointer[0] != '/')
			return false;
		pointer.remove_prefix(1);
		std::string_view token = pointer.substr(0, pointer.find('/'));
		dom::object object;
		dom::array array;

		pointer.remove_prefix(token.size());
		if (element_p->get(object) == simdjson::SUCCESS) {
			if (!object_child(object, token, element_p))
				return false;
		} else if (element_p->get(array) != simdjson::SUCCESS ||
			   !array_child(array, token, element_p)) {
			return false;
		}
	}
	return true;
}

template <typename Container> static size_t count_of(Container container)
{
	size_t count = container.size();

	if (count < COUNT_SATURATED)
		return count;
	count = 0;
	for (auto item : container) {
		(void)item;
		count++;
	}
	return count;
}

/* The element as a T, which it is. */
template <typename T> static T value_of(dom::element element)
{
	T value{};

	return element.get(value) == simdjson::SUCCESS ? value : T{};
}

static enum wr_json_type fill(dom::element element, struct wr_json_value *value)
{
	std::string_view text;

	switch (element.type()) {
	case dom::element_type::NULL_VALUE:
		return WR_JSON_NULL;
	case dom::element_type::BOOL:
		value->boolean = value_of<bool>(element);
		return WR_JSON_BOOL;
	case dom::element_type::INT64:
		value->integer = value_of<int64_t>(element);
		value->number = double(value->integer);
		return WR_JSON_INTEGER;
	case dom::element_type::UINT64:
		value->number = double(value_of<uint64_t>(element));
		return WR_JSON_NUMBER;
	case dom::element_type::DOUBLE:
		value->number = value_of<double>(element);
		return WR_JSON_NUMBER;
	case dom::element_type::STRING:
		text = value_of<std::string_view>(element);
		value->string = wr_bytes(text.data(), text.size());
		return WR_JSON_STRING;
	case dom::element_type::ARRAY:
		value->count = count_of(value_of<dom::array>(element));
		return WR_JSON_ARRAY;
	case dom::element_type::OBJECT:
		value->count = count_of(value_of<dom::object>(element));
		return WR_JSON_OBJECT;
	}
	return WR_JSON_MISSING;
}

enum wr_json_type wr_json_get(struct wr_json_reader *reader, struct wr_bytes pointer,
			      struct wr_json_value *value_r)
{
	dom::element element;

	*value_r = {};
	if (!reader->loaded)
		return WR_JSON_MISSING;
	element = reader->root;
	if (descend(&element,
		    std::string_view(static_cast<const char *>(pointer.data), pointer.size)))
		value_r->type = fill(element, value_r);
	return value_r->type;
}

const char *wr_json_parser_version(void)
{
	static const std::string text = std::to_string(simdjson::SIMDJSON_VERSION_MAJOR) + "." +
					std::to_string(simdjson::SIMDJSON_VERSION_MINOR) + "." +
					std::to_string(simdjson::SIMDJSON_VERSION_REVISION);

	return text.c_str();
}
