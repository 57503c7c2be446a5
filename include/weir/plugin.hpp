/*
 * weir/plugin.hpp - plugins in C++17 and later, over weir/plugin.h. A plugin is a class:
 *
 *	class limits {
 *	      public:
 *		explicit limits(weir::host host) : max_(host.config("/max").integer().value_or(100)) {}
 *		weir_verdict handle(weir::event &event);
 *	};
 *	WEIR_PLUGIN_CXX(weir::plugin<limits>("limits", "1.0.0"));
 *
 * The constructor runs in create(), handle() for each event, the destructor in destroy(). Exceptions never cross the
 * boundary: one thrown by the constructor refuses the stage with what() as the reason; from handle(),
 * weir::permanent_error is WEIR_FAIL, weir::retry_error and every other exception WEIR_RETRY. A destructor must not
 * throw. The views that these classes return are borrowed as the pointers of weir/plugin.h are.
 */
#ifndef WEIR_PLUGIN_HPP
#define WEIR_PLUGIN_HPP

#include "weir/plugin.h"

#include <cstdint>
#include <cstring>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir
{

/* Thrown by handle(): this event will never work. It is dead-lettered with the code and what(). */
class permanent_error : public std::runtime_error
{
      public:
	permanent_error(std::string code, const std::string &message)
	    : std::runtime_error(message), code_(std::move(code))
	{
	}
	const char *code() const noexcept
	{
		return code_.c_str();
	}

      private:
	std::string code_;
};

/* Thrown by handle(): later again; after_ms 0 leaves the time to the policy. */
class retry_error : public std::runtime_error
{
      public:
	retry_error(std::string code, const std::string &message, uint32_t after_ms = 0)
	    : std::runtime_error(message), code_(std::move(code)), after_ms_(after_ms)
	{
	}
	const char *code() const noexcept
	{
		return code_.c_str();
	}
	uint32_t after_ms() const noexcept
	{
		return after_ms_;
	}

      private:
	std::string code_;
	uint32_t after_ms_;
};

/* Absent and empty differ, as in weir_bytes: nullopt is absent. */
inline std::optional<std::string_view> view(weir_bytes bytes)
{
	if (bytes.data == nullptr)
		return std::nullopt;
	return std::string_view(static_cast<const char *>(bytes.data), bytes.size);
}

inline weir_bytes bytes(std::string_view text)
{
	return weir_bytes{text.data() != nullptr ? text.data() : "", text.size()};
}

/* A value inside JSON. The getters answer nullopt when it is of another type. */
class json
{
      public:
	explicit json(const weir_json &value) : value_(value)
	{
	}
	weir_json_type type() const
	{
		return value_.type;
	}
	bool is_missing() const
	{
		return value_.type == WEIR_JSON_MISSING;
	}
	std::optional<bool> boolean() const
	{
		return value_.type == WEIR_JSON_BOOL ? std::optional<bool>(value_.boolean)
						     : std::nullopt;
	}
	std::optional<int64_t> integer() const
	{
		return value_.type == WEIR_JSON_INTEGER ? std::optional<int64_t>(value_.integer)
							: std::nullopt;
	}
	std::optional<double> number() const
	{
		bool is = value_.type == WEIR_JSON_INTEGER || value_.type == WEIR_JSON_NUMBER;

		return is ? std::optional<double>(value_.number) : std::nullopt;
	}
	std::optional<std::string_view> string() const
	{
		return value_.type == WEIR_JSON_STRING ? view(value_.string) : std::nullopt;
	}
	/* Members of an array or object; 0 of anything else. */
	size_t size() const
	{
		bool is = value_.type == WEIR_JSON_ARRAY || value_.type == WEIR_JSON_OBJECT;

		return is ? value_.count : 0;
	}

      private:
	weir_json value_;
};

/* A counter or gauge; an empty one does nothing. */
class metric
{
      public:
	metric() = default;
	metric(const weir_host *host, weir_metric *handle) : host_(host), handle_(handle)
	{
	}
	void add(double delta = 1) const
	{
		if (handle_ != nullptr)
			host_->metric_add(handle_, delta);
	}
	void set(double value) const
	{
		if (handle_ != nullptr)
			host_->metric_set(handle_, value);
	}
	explicit operator bool() const
	{
		return handle_ != nullptr;
	}

      private:
	const weir_host *host_ = nullptr;
	weir_metric *handle_ = nullptr;
};

/* The engine, as an instance sees it. A copy is as good as the original, and lives as long as the instance. */
class host
{
      public:
	host(const weir_host *raw, const char *config_json) : raw_(raw), config_json_(config_json)
	{
	}
	const weir_host *raw() const
	{
		return raw_;
	}
	/* The whole config. In the constructor only. */
	std::string_view config_text() const
	{
		return config_json_;
	}
	/* In the constructor only. */
	weir::json config(std::string_view pointer) const
	{
		weir_json value{};

		value.size = static_cast<uint32_t>(sizeof(value));
		raw_->config(raw_, pointer.data(), pointer.size(), &value);
		return weir::json(value);
	}
	/* nullopt: the pipeline has no output of that name. In the constructor only. */
	std::optional<weir_output> output(const char *name) const
	{
		weir_output handle = WEIR_OUTPUT_DEFAULT;

		return raw_->output(raw_, name, &handle) ? std::optional<weir_output>(handle)
							 : std::nullopt;
	}
	metric counter(const char *name, const char *help) const
	{
		return metric(raw_, raw_->counter(raw_, name, help));
	}
	metric gauge(const char *name, const char *help) const
	{
		return metric(raw_, raw_->gauge(raw_, name, help));
	}
	void log(weir_log_level level, const char *text) const
	{
		raw_->log(raw_, level, text);
	}
	const char *pipeline() const
	{
		return raw_->pipeline;
	}
	const char *stage() const
	{
		return raw_->stage;
	}
	uint32_t slot() const
	{
		return raw_->slot;
	}
	uint32_t slot_count() const
	{
		return raw_->slot_count;
	}

      private:
	const weir_host *raw_;
	const char *config_json_;
};

/* One event and what its handler says of it. */
class event
{
      public:
	event(weir_call *call, const weir_event *raw, weir_result *result)
	    : call_(call), raw_(raw), result_(result)
	{
	}
	const weir_event *raw() const
	{
		return raw_;
	}
	weir_call *call() const
	{
		return call_;
	}
	std::string_view id() const
	{
		return view(raw_->id).value_or(std::string_view());
	}
	std::optional<std::string_view> key() const
	{
		return view(raw_->key);
	}
	std::optional<std::string_view> value() const
	{
		return view(raw_->value);
	}
	std::optional<std::string_view> header(const char *name) const
	{
		return view(weir_header_get(raw_, name));
	}
	/* 1 is the first call. */
	uint32_t attempt() const
	{
		return raw_->attempt;
	}
	/* Unix time; -1 when the record has none. */
	int64_t timestamp_ms() const
	{
		return raw_->timestamp_ms;
	}
	weir::json json(std::string_view pointer) const
	{
		weir_json found{};

		found.size = static_cast<uint32_t>(sizeof(found));
		call_->host->json(call_, raw_, pointer.data(), pointer.size(), &found);
		return weir::json(found);
	}

	bool set_value(std::string_view value)
	{
		weir_bytes b = bytes(value);

		return call_->host->set_value(call_, result_, b.data, b.size);
	}
	bool set_key(std::string_view key)
	{
		weir_bytes b = bytes(key);

		return call_->host->set_key(call_, result_, b.data, b.size);
	}
	bool set_header(const char *name, std::string_view value)
	{
		weir_bytes b = bytes(value);

		return call_->host->set_header(call_, result_, name, b.data, b.size);
	}
	bool remove_header(const char *name)
	{
		return call_->host->set_header(call_, result_, name, nullptr, 0);
	}
	bool emit(weir_output output, std::optional<std::string_view> key,
		  std::optional<std::string_view> value, const weir_header *headers = nullptr,
		  size_t header_count = 0)
	{
		weir_record record{};

		record.size = static_cast<uint32_t>(sizeof(record));
		record.key = key ? bytes(*key) : weir_bytes{nullptr, 0};
		record.value = value ? bytes(*value) : weir_bytes{nullptr, 0};
		record.headers = headers;
		record.header_count = header_count;
		return call_->host->emit(call_, result_, output, &record);
	}

	/* The verdicts: `return event.ok();` */
	weir_verdict ok() const
	{
		return WEIR_OK;
	}
	weir_verdict ok(weir_output output)
	{
		result_->output = output;
		return WEIR_OK;
	}
	weir_verdict drop() const
	{
		return WEIR_DROP;
	}
	weir_verdict fail(const char *code, const char *message)
	{
		return weir_fail(call_, result_, code, message);
	}
	weir_verdict retry(const char *code, const char *message, uint32_t after_ms = 0)
	{
		return weir_retry(call_, result_, after_ms, code, message);
	}

      private:
	weir_call *call_;
	const weir_event *raw_;
	weir_result *result_;
};

/* Calls handle() and turns what it throws into a verdict. */
template <class Handler> weir_verdict guarded(Handler &&handle, event &event) noexcept
{
	try {
		return handle();
	} catch (const permanent_error &e) {
		return event.fail(e.code(), e.what());
	} catch (const retry_error &e) {
		return event.retry(e.code(), e.what(), e.after_ms());
	} catch (const std::exception &e) {
		return event.retry("exception", e.what());
	} catch (...) {
		return event.retry("exception", "an exception that is no std::exception");
	}
}

/* What an old instance saved. */
class state_blob
{
      public:
	explicit state_blob(const weir_state_blob &raw) : raw_(&raw)
	{
	}
	std::uint32_t version() const
	{
		return raw_->version;
	}
	std::string_view data() const
	{
		return view(raw_->data).value_or(std::string_view());
	}

      private:
	const weir_state_blob *raw_;
};

/* Which optional members a class has. */
template <class Plugin, class = void> struct has_state : std::false_type {
};
template <class Plugin>
struct has_state<Plugin, std::void_t<decltype(std::declval<Plugin &>().save())>> : std::true_type {
};
template <class Plugin, class = void> struct has_lifecycle : std::false_type {
};
template <class Plugin>
struct has_lifecycle<Plugin, std::void_t<decltype(std::declval<Plugin &>().activate())>>
    : std::true_type {
};
template <class Plugin, class = void> struct has_selftest : std::false_type {
};
template <class Plugin>
struct has_selftest<Plugin, std::void_t<decltype(std::declval<Plugin &>().selftest())>>
    : std::true_type {
};

/* Calls what may throw; what it throws is the reason. */
template <class Function> bool succeeds(Function &&function, weir_error *err) noexcept
{
	try {
		function();
		return true;
	} catch (const std::exception &e) {
		weir_error_set(err, e.what());
	} catch (...) {
		weir_error_set(err, "an exception that is no std::exception");
	}
	return false;
}

/* The extensions of a class: see weir/plugin.h for when each is called. A class has
 *	std::string save();                                        what it knows, as bytes
 *	void load(const std::vector<weir::state_blob> &blobs);     of all old instances; throws to refuse
 *	static constexpr std::uint32_t state_version = 1;          of what save() returns
 *	void activate(); void deactivate() noexcept;               throws when it can't
 *	void selftest();                                           throws when it must not be used
 * or some of these. */
template <class Plugin> struct extensions {
	static bool save(void *self, weir_state_out *out, weir_error *err) noexcept
	{
		bool written = false;
		bool saved = succeeds(
		    [&] {
			    const std::string text = static_cast<Plugin *>(self)->save();
			    written = out->write(out, text.data(), text.size());
		    },
		    err);

		if (saved && !written)
			weir_error_set(err, "there is no room for the state");
		return saved && written;
	}
	static bool load(void *self, const weir_state_blob *const *blobs, size_t count,
			 weir_error *err) noexcept
	{
		return succeeds(
		    [&] {
			    std::vector<state_blob> list;

			    for (size_t i = 0; i < count; i++)
				    list.emplace_back(*blobs[i]);
			    static_cast<Plugin *>(self)->load(list);
		    },
		    err);
	}
	static bool activate(void *self, weir_error *err) noexcept
	{
		return succeeds([&] { static_cast<Plugin *>(self)->activate(); }, err);
	}
	static void deactivate(void *self) noexcept
	{
		static_cast<Plugin *>(self)->deactivate();
	}
	static bool selftest(void *self, weir_error *err) noexcept
	{
		return succeeds([&] { static_cast<Plugin *>(self)->selftest(); }, err);
	}

	static const void *get([[maybe_unused]] const char *id) noexcept
	{
		if constexpr (has_state<Plugin>::value) {
			static const weir_state state = {static_cast<uint32_t>(sizeof(weir_state)),
							 Plugin::state_version, save, load};

			if (std::strcmp(id, WEIR_STATE) == 0)
				return &state;
		}
		if constexpr (has_lifecycle<Plugin>::value) {
			static const weir_lifecycle lifecycle = {
			    static_cast<uint32_t>(sizeof(weir_lifecycle)), 0, activate, deactivate};

			if (std::strcmp(id, WEIR_LIFECYCLE) == 0)
				return &lifecycle;
		}
		if constexpr (has_selftest<Plugin>::value) {
			static const weir_selftest test = {
			    static_cast<uint32_t>(sizeof(weir_selftest)), 0, selftest};

			if (std::strcmp(id, WEIR_SELFTEST) == 0)
				return &test;
		}
		return nullptr;
	}
};

/* The C functions of a class. */
template <class Plugin> struct glue {
	static void *create(const weir_host *raw, const char *config_json, weir_error *err) noexcept
	{
		try {
			return new Plugin(host(raw, config_json));
		} catch (const std::exception &e) {
			weir_error_set(err, e.what());
		} catch (...) {
			weir_error_set(err, "an exception that is no std::exception");
		}
		return nullptr;
	}
	static int process(void *self, weir_call *call, const weir_event *const *events,
			   weir_result *const *results, size_t n) noexcept
	{
		Plugin &plugin = *static_cast<Plugin *>(self);

		for (size_t i = 0; i < n; i++) {
			event one(call, events[i], results[i]);

			if (call->host->begin(call, i))
				results[i]->verdict =
				    guarded([&] { return plugin.handle(one); }, one);
		}
		return 0;
	}
	static void destroy(void *self) noexcept
	{
		delete static_cast<Plugin *>(self);
	}
};

/* The entry of a class; config_schema is JSON Schema text, or nullptr for any object. */
template <class Plugin>
constexpr entry plugin(const char *id, const char *version, const char *config_schema = nullptr)
{
	return entry(id, version)
	    .config_schema(config_schema)
	    .create(glue<Plugin>::create)
	    .process(glue<Plugin>::process)
	    .destroy(glue<Plugin>::destroy)
	    .get_extension(extensions<Plugin>::get);
}

} /* namespace weir */

#endif /* WEIR_PLUGIN_HPP */
