#include "config.h"

#include "host/json_schema.h"

/* Without it valijson aborts where it would throw. Its adapter comes first: it makes RapidJSON's assertions throw. */
#define VALIJSON_USE_EXCEPTIONS 1
#include <stdexcept>

/* RapidJSON adds to the null pointer of its empty stack, and compares; it reads nothing there. The standard headers are
 * included before, so that this is said of the two libraries only. */
#if defined(__clang__)
#include <algorithm>
#include <cmath>
#include <cstring>
#include <deque>
#include <functional>
#include <iostream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif

#include <valijson/adapters/rapidjson_adapter.hpp>

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/pointer.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#if defined(__clang__)
#pragma clang attribute pop
#endif

#include <algorithm>
#include <map>
#include <memory>
#include <new>
#include <regex>
#include <string>
#include <vector>

using rapidjson::Document;
using rapidjson::Value;
using Adapter = valijson::adapters::RapidJsonAdapter;

struct wr_json_schema {
	Document document;
	valijson::Schema schema;
};

namespace
{

const size_t text_bytes_max = 1024 * 1024;
const unsigned depth_max = 200;
const unsigned violations_max = 100;
const unsigned parse_flags = rapidjson::kParseIterativeFlag |
			     rapidjson::kParseValidateEncodingFlag |
			     rapidjson::kParseFullPrecisionFlag;

struct violation {
	std::string pointer;
	std::string sentence;
	bool is_marker; /* "alternative k failed": only there to be gathered */
};

bool starts_with(const std::string &text, const std::string &prefix)
{
	return text.compare(0, prefix.size(), prefix) == 0;
}

/* Counts brackets outside strings: deep nesting would exhaust the stack of the validator's recursion. */
bool is_too_deep(const char *text, size_t size)
{
	unsigned depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < size; i++) {
		char c = text[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > depth_max)
				return true;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

enum wr_code parse(struct wr_bytes text, Document &document, struct wr_err *err)
{
	const char *data = static_cast<const char *>(text.data);

	if (data == nullptr)
		return wr_err_set(err, WR_EINVAL, "it is absent");
	if (text.size > text_bytes_max)
		return wr_err_set(err, WR_EINVAL, "it is larger than 1 MiB");
	if (is_too_deep(data, text.size))
		return wr_err_set(err, WR_EINVAL, "it is nested deeper than %u levels", depth_max);
	document.Parse<parse_flags>(data, text.size);
	if (document.HasParseError())
		return wr_err_set(err, WR_EINVAL, "it is not JSON: %s (at byte %zu)",
				  rapidjson::GetParseError_En(document.GetParseError()),
				  document.GetErrorOffset());
	if (!document.IsObject())
		return wr_err_set(err, WR_EINVAL, "it is not a JSON object");
	return WR_OK;
}

const Value *member(const Value *object, const char *name)
{
	if (object == nullptr || !object->IsObject())
		return nullptr;
	auto found = object->FindMember(name);

	return found == object->MemberEnd() ? nullptr : &found->value;
}

/* What valijson would find only when it meets a string (a bad pattern) or words badly (a reference to elsewhere). */
void check_keywords(const Value &schema)
{
	if (schema.IsArray()) {
		for (const auto &item : schema.GetArray())
			check_keywords(item);
		return;
	}
	if (!schema.IsObject())
		return;
	for (const auto &member : schema.GetObject()) {
		const std::string name = member.name.GetString();

		if (name == "enum" || name == "const" || name == "default" || name == "examples")
			continue;
		if (name == "$ref" && member.value.IsString() && member.value.GetString()[0] != '#')
			throw std::invalid_argument(member.value.GetString());
		if (name == "pattern" && member.value.IsString())
			std::regex(member.value.GetString());
		if (name == "patternProperties" && member.value.IsObject()) {
			for (const auto &pattern : member.value.GetObject())
				std::regex(pattern.name.GetString());
		}
		check_keywords(member.value);
	}
}

/* Schemas that a schema applies to the very same instance. */
std::vector<const Value *> applied_in_place(const Document &root, const Value &schema)
{
	static const char *const keywords[] = {"allOf", "anyOf", "oneOf", "not",
					       "if",    "then",  "else"};
	std::vector<const Value *> applied;
	const Value *ref = member(&schema, "$ref");

	if (ref != nullptr && ref->IsString()) {
		rapidjson::Pointer pointer(ref->GetString(), ref->GetStringLength());

		if (pointer.IsValid())
			applied.push_back(pointer.Get(root));
	}
	for (const char *keyword : keywords) {
		const Value *value = member(&schema, keyword);

		if (value != nullptr && value->IsArray()) {
			for (const auto &item : value->GetArray())
				applied.push_back(&item);
		} else {
			applied.push_back(value);
		}
	}
	return applied;
}

enum class walk { unseen, on_the_way, done };

/* A schema that comes back to itself without a step into the instance would never end. */
void check_ends(const Document &root, const Value *schema, std::map<const Value *, walk> &seen)
{
	if (schema == nullptr || !schema->IsObject() || seen[schema] == walk::done)
		return;
	if (seen[schema] == walk::on_the_way)
		throw std::domain_error("a $ref in it leads back to itself");
	seen[schema] = walk::on_the_way;
	for (const Value *next : applied_in_place(root, *schema))
		check_ends(root, next, seen);
	seen[schema] = walk::done;
}

void check_all_end(const Document &root, const Value &value, std::map<const Value *, walk> &seen)
{
	check_ends(root, &value, seen);
	if (value.IsObject()) {
		for (const auto &entry : value.GetObject())
			check_all_end(root, entry.value, seen);
	} else if (value.IsArray()) {
		for (const auto &item : value.GetArray())
			check_all_end(root, item, seen);
	}
}

std::string escaped(const std::string &token)
{
	std::string out;

	for (char c : token) {
		if (c == '~')
			out += "~0";
		else if (c == '/')
			out += "~1";
		else
			out += c;
	}
	return out;
}

/* valijson's context is <root> and then each token in brackets. */
std::string pointer_of(const std::vector<std::string> &context)
{
	std::string pointer;

	for (size_t i = 1; i < context.size(); i++) {
		const std::string &token = context[i];

		pointer += '/';
		pointer += escaped(token.size() >= 2 ? token.substr(1, token.size() - 2) : token);
	}
	return pointer;
}

/* Follows references within the schema, a few of them. */
const Value *dereferenced(const Document &root, const Value *schema)
{
	for (int i = 0; i < 8; i++) {
		const Value *ref = member(schema, "$ref");

		if (ref == nullptr || !ref->IsString())
			return schema;
		if (ref->GetString()[0] != '#')
			return nullptr;
		schema = rapidjson::Pointer(ref->GetString()).Get(root);
	}
	return nullptr;
}

/* The part of the schema that speaks of the instance at `context`, as far as plain properties and items lead there;
 * NULL otherwise. Only used to word a sentence better. */
const Value *schema_at(const Document &root, const std::vector<std::string> &context)
{
	const Value *schema = dereferenced(root, &root);

	for (size_t i = 1; i < context.size() && schema != nullptr; i++) {
		const std::string token = context[i].substr(1, context[i].size() - 2);
		const Value *next = member(member(schema, "properties"), token.c_str());

		if (next == nullptr)
			next = member(schema, "additionalProperties");
		if (next == nullptr)
			next = member(schema, "items");
		schema = dereferenced(root, next);
	}
	return schema;
}

std::string json_text(const Value &value)
{
	rapidjson::StringBuffer buffer;
	rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);

	value.Accept(writer);
	return std::string(buffer.GetString(), buffer.GetSize());
}

/* "a, b or c" of a list of names or values, or the one that stands alone. */
std::string listed(const Value &list)
{
	std::string out;

	if (!list.IsArray())
		return list.IsString() ? list.GetString() : json_text(list);
	for (rapidjson::SizeType i = 0; i < list.Size(); i++) {
		if (i > 0)
			out += i + 1 == list.Size() ? " or " : ", ";
		out += json_text(list[i]);
	}
	return out;
}

std::string names_of(const Value *properties)
{
	std::string out;

	if (properties == nullptr || !properties->IsObject())
		return out;
	for (const auto &property : properties->GetObject()) {
		if (!out.empty())
			out += ", ";
		out += property.name.GetString();
	}
	return out;
}

/* The text between the first and the last apostrophe of valijson's sentence. */
std::string quoted_part(const std::string &sentence)
{
	size_t first = sentence.find('\''), last = sentence.rfind('\'');

	/* the name is the last thing quoted, but other words before it are quoted too */
	if (starts_with(sentence, "Object contains"))
		first = sentence.find(": '") + 2;
	if (first == std::string::npos || last <= first)
		return "";
	return sentence.substr(first + 1, last - first - 1);
}

/* One of the keyword's sentences of ours, when the schema's keyword is at hand; else "". */
std::string worded(const std::string &theirs, const Value *schema)
{
	static const struct {
		const char *theirs, *keyword, *before;
	} rows[] = {
	    {"Value type not permitted", "type", "must be of type "},
	    {"Failed to match against any enum", "enum", "must be one of "},
	    {"Failed to match expected value", "const", "must be "},
	    {"Failed to match regex", "pattern", "must match the pattern "},
	    {"Expected number less than or equal", "maximum", "must be at most "},
	    {"Expected number greater than or equal", "minimum", "must be at least "},
	    {"Expected number less than", "exclusiveMaximum", "must be less than "},
	    {"Expected number greater than", "exclusiveMinimum", "must be greater than "},
	    {"String should be no fewer", "minLength", "must have this many characters or more: "},
	    {"String should be no more", "maxLength", "must have this many characters at most: "},
	    {"Array should contain no fewer", "minItems", "must have this many items or more: "},
	    {"Array should contain no more", "maxItems", "must have this many items at most: "},
	    {"Value should be a multiple", "multipleOf", "must be a multiple of "},
	};

	for (const auto &row : rows) {
		const Value *keyword;

		if (!starts_with(theirs, row.theirs))
			continue;
		keyword = member(schema, row.keyword);
		if (keyword != nullptr)
			return row.before + listed(*keyword);
	}
	return "";
}

std::string sentence_of(const std::string &theirs, const Value *schema)
{
	std::string sentence = worded(theirs, schema);

	if (!sentence.empty())
		return sentence;
	if (starts_with(theirs, "Missing required property"))
		return "the required \"" + quoted_part(theirs) + "\" is missing";
	if (starts_with(theirs, "Missing dependency"))
		return "\"" + quoted_part(theirs) + "\" is missing, which another key here needs";
	if (starts_with(theirs, "Failed to validate against exactly one"))
		return "fits more than one of the alternatives, and must fit exactly one";
	if (starts_with(theirs, "Value type not permitted"))
		return "has a type that is not allowed here";
	if (starts_with(theirs, "Failed to match against any enum"))
		return "is none of the values allowed here";
	if (starts_with(theirs, "Failed to match regex"))
		return "does not match the pattern";
	sentence = theirs;
	if (!sentence.empty() && sentence.back() == '.')
		sentence.pop_back();
	return sentence;
}

bool is_consequence(const std::string &theirs)
{
	return starts_with(theirs, "Failed to validate against schema associated") ||
	       starts_with(theirs, "Failed to validate item #") ||
	       starts_with(theirs, "Failed to validate against additional properties") ||
	       starts_with(theirs, "Failed to validate against dependent schema") ||
	       starts_with(theirs, "Failed to validate against a conditional schema");
}

bool is_within(const std::string &pointer, const std::string &ancestor)
{
	return starts_with(pointer, ancestor) &&
	       (pointer.size() == ancestor.size() || pointer[ancestor.size()] == '/');
}

/* What the alternatives of an anyOf or oneOf at `pointer` said becomes one sentence. */
void gather_alternatives(std::vector<violation> &found, const std::string &pointer)
{
	std::vector<std::string> reasons;
	std::string sentence = "fits none of the alternatives";

	while (!found.empty() && is_within(found.back().pointer, pointer)) {
		violation last = found.back();

		found.pop_back();
		if (last.is_marker)
			continue;
		if (last.pointer != pointer)
			last.sentence = last.pointer.substr(pointer.size()) + " " + last.sentence;
		if (std::find(reasons.begin(), reasons.end(), last.sentence) == reasons.end())
			reasons.insert(reasons.begin(), last.sentence);
	}
	for (size_t i = 0; i < reasons.size(); i++)
		sentence += (i == 0 ? ": " : "; or: ") + reasons[i];
	found.push_back({pointer, sentence, false});
}

bool is_explained(const std::vector<violation> &found, const std::string &pointer)
{
	return std::any_of(found.begin(), found.end(), [&](const violation &v) {
		return !v.is_marker && is_within(v.pointer, pointer);
	});
}

/* Takes one of valijson's errors into the list. */
void take(std::vector<violation> &found, const Document &root,
	  const valijson::ValidationResults::Error &error)
{
	const std::string &theirs = error.description;
	const std::string pointer = pointer_of(error.context);

	if (starts_with(theirs, "Failed to validate against child schema #")) {
		found.push_back({pointer, "", true});
	} else if (starts_with(theirs, "Failed to validate against any")) {
		gather_alternatives(found, pointer);
	} else if (is_consequence(theirs)) {
		std::string name = quoted_part(theirs);
		bool is_property = starts_with(
		    theirs, "Failed to validate against schema associated with property");
		std::string at = is_property ? pointer + "/" + escaped(name) : pointer;

		if (!is_explained(found, at))
			found.push_back({at, "is not allowed here", false});
	} else {
		found.push_back(
		    {pointer, sentence_of(theirs, schema_at(root, error.context)), false});
	}
}

/* valijson names only the first member that no rule of the schema covers. It is taken out of the instance, so that the
 * next round names the next. */
bool remove_unknown(std::vector<violation> &found, const Document &root, Document &instance,
		    const valijson::ValidationResults::Error &error)
{
	const std::string name = quoted_part(error.description),
			  pointer = pointer_of(error.context);
	const Value *schema = schema_at(root, error.context);
	const std::string known = names_of(member(schema, "properties"));
	Value *object = rapidjson::Pointer(pointer.c_str(), pointer.size()).Get(instance);

	found.push_back(
	    {pointer + "/" + escaped(name),
	     known.empty() ? "is an unknown key" : "is an unknown key; known here: " + known,
	     false});
	return object != nullptr && object->IsObject() && object->RemoveMember(name.c_str());
}

/* One round. Returns whether another is needed. */
bool validate_once(const wr_json_schema &schema, Document &instance, std::vector<violation> &found,
		   bool is_first)
{
	valijson::Validator validator(valijson::Validator::kStrongTypes);
	valijson::ValidationResults results;
	valijson::ValidationResults::Error error;
	bool removed = false;

	if (validator.validate(schema.schema, Adapter(instance), &results))
		return false;
	while (results.popError(error)) {
		if (starts_with(error.description, "Object contains a property"))
			removed |= remove_unknown(found, schema.document, instance, error);
		else if (is_first)
			take(found, schema.document, error);
	}
	return removed && found.size() < violations_max;
}

enum wr_code check(const wr_json_schema *schema, struct wr_bytes json,
		   wr_json_schema_violation_fn report, void *arg, struct wr_err *err)
{
	std::vector<violation> found;
	Document instance;
	bool is_first = true;
	unsigned count = 0;
	enum wr_code rc = parse(json, instance, err);

	if (rc != WR_OK)
		return rc;
	while (validate_once(*schema, instance, found, is_first))
		is_first = false;
	for (const violation &v : found) {
		if (v.is_marker || count >= violations_max)
			continue;
		report(arg, v.pointer.c_str(), v.sentence.c_str());
		count++;
	}
	if (count == 0)
		return WR_OK;
	return wr_err_set(err, WR_EINVAL, "it does not match the schema in %u place%s", count,
			  count == 1 ? "" : "s");
}

enum wr_code create(struct wr_bytes text, struct wr_json_schema **schema_r, struct wr_err *err)
{
	auto schema = std::make_unique<wr_json_schema>();
	std::map<const Value *, walk> seen;
	enum wr_code rc = parse(text, schema->document, err);

	if (rc != WR_OK)
		return rc;
	check_keywords(schema->document);
	check_all_end(schema->document, schema->document, seen);
	valijson::SchemaParser(valijson::SchemaParser::kDraft7)
	    .populateSchema(Adapter(schema->document), schema->schema);
	*schema_r = schema.release();
	return WR_OK;
}

} /* namespace */

extern "C" enum wr_code wr_json_schema_create(struct wr_bytes text,
					      struct wr_json_schema **schema_r, struct wr_err *err)
{
	*schema_r = nullptr;
	try {
		return create(text, schema_r, err);
	} catch (const std::bad_alloc &) {
		return wr_err_set(err, WR_ENOMEM, "no memory for the schema");
	} catch (const std::regex_error &) {
		return wr_err_set(err, WR_EINVAL,
				  "it has a pattern that is no regular expression (ECMAScript)");
	} catch (const std::invalid_argument &e) {
		return wr_err_set(err, WR_EINVAL,
				  "it refers to another document (%s), which is not supported",
				  e.what());
	} catch (const std::exception &e) {
		return wr_err_set(err, WR_EINVAL, "it is not a JSON Schema (draft 7): %s",
				  e.what());
	} catch (...) {
		return wr_err_set(err, WR_EINVAL, "it is not a JSON Schema (draft 7)");
	}
}

extern "C" void wr_json_schema_destroy(struct wr_json_schema *schema)
{
	delete schema;
}

extern "C" enum wr_code wr_json_schema_check(const struct wr_json_schema *schema,
					     struct wr_bytes json,
					     wr_json_schema_violation_fn violation, void *arg,
					     struct wr_err *err)
{
	try {
		return check(schema, json, violation, arg, err);
	} catch (const std::bad_alloc &) {
		return wr_err_set(err, WR_ENOMEM, "no memory to check it");
	} catch (const std::exception &e) {
		return wr_err_set(err, WR_EINVAL, "it can't be checked: %s", e.what());
	} catch (...) {
		return wr_err_set(err, WR_EINVAL, "it can't be checked");
	}
}
