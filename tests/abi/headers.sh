#!/bin/sh
# The public headers compile alone and without a warning, in every language and with every compiler that is here.
set -eu

compiler_of() { # of "ccache gcc -m64": gcc
	command=${1#*ccache }
	echo "${command%% *}"
}

include=$top_srcdir/include
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0
compiled=0

warnings="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wundef -Werror -fPIC -fvisibility=hidden -I$include"

try() { # COMPILER STANDARD SOURCE WARNINGS...
	compiler=$1 standard=$2 source=$3
	shift 3
	# shellcheck disable=SC2086
	if ! "$compiler" -std="$standard" $warnings "$@" -c "$source" -o "$folder/out.o"; then
		echo "FAILED: $compiler -std=$standard $(basename "$source")"
		failures=$((failures + 1))
		return
	fi
	compiled=$((compiled + 1))
	[ "${source##*/use*}" ] || nm "$folder/out.o" | grep -q '[DR] weir_plugin$' || {
		echo "FAILED: $compiler -std=$standard $(basename "$source") exports no weir_plugin"
		failures=$((failures + 1))
	}
}

for header in plugin.h test.h plugin.hpp; do
	echo "#include <weir/$header>" >"$folder/alone_$header.c"
	cp "$folder/alone_$header.c" "$folder/alone_$header.cc"
done

cat >"$folder/use.c" <<'END'
#include <weir/plugin.h>
static char self;
static void *create(const struct weir_host *host, const char *config_json, struct weir_error *err)
{
	(void)host;
	(void)config_json;
	weir_error_set(err, "unused");
	return &self;
}
static enum weir_verdict handle(char *me, struct weir_call *call, const struct weir_event *event, struct weir_result *result)
{
	struct weir_json json;
	(void)me;
	if (weir_header_get(event, "h").data != NULL && WEIR_HAS(call->host, struct weir_host, json))
		return weir_retry(call, result, 5, "code", "message");
	return weir_json_get(call, event, "/a", &json) ? WEIR_OK : weir_fail(call, result, "code", "message");
}
WEIR_EACH(process, char, handle)
WEIR_PLUGIN(.flags = WEIR_UNLOADABLE, .id = "use", .version = "1", .create = create, .process = process);
END
sed -e 's/^WEIR_PLUGIN(.*/WEIR_PLUGIN_CXX(weir::entry("use", "1").flags(WEIR_UNLOADABLE).create(create).process(process));/' \
	"$folder/use.c" >"$folder/use17.cc"
cp "$folder/use.c" "$folder/use20.cc"
cat >"$folder/use.cc" <<'END'
#include <weir/plugin.hpp>
class use {
      public:
	explicit use(weir::host host) : limit_(host.config("/limit").integer().value_or(1)) {}
	weir_verdict handle(weir::event &event)
	{
		return event.json("/a").integer().value_or(0) > limit_ ? event.ok() : event.fail("code", "message");
	}

	static constexpr std::uint32_t state_version = 1;
	std::string save()
	{
		return std::to_string(limit_);
	}
	void load(const std::vector<weir::state_blob> &blobs)
	{
		for (const weir::state_blob &blob : blobs)
			limit_ += blob.version() == 1 ? static_cast<int64_t>(blob.data().size()) : 0;
	}
	void activate() {}
	void deactivate() noexcept {}
	void selftest() {}

      private:
	int64_t limit_;
};
WEIR_PLUGIN_CXX(weir::plugin<use>("use", "1"));
END

for compiler in gcc clang $(compiler_of "$CC"); do
	command -v "$compiler" >/dev/null || continue
	for standard in c11 c17 gnu11; do
		try "$compiler" $standard "$folder/alone_plugin.h.c" -Wstrict-prototypes -Wmissing-prototypes
		try "$compiler" $standard "$folder/alone_test.h.c" -Wstrict-prototypes -Wmissing-prototypes
		try "$compiler" $standard "$folder/use.c" -Wstrict-prototypes -Wmissing-prototypes
	done
done
for compiler in g++ clang++ $(compiler_of "$CXX"); do
	command -v "$compiler" >/dev/null || continue
	for standard in c++17 c++20; do
		try "$compiler" $standard "$folder/alone_plugin.h.cc" -Wold-style-cast
		try "$compiler" $standard "$folder/alone_test.h.cc" -Wold-style-cast
		try "$compiler" $standard "$folder/alone_plugin.hpp.cc" -Wold-style-cast
		try "$compiler" $standard "$folder/use17.cc"
		try "$compiler" $standard "$folder/use.cc" -Wold-style-cast
	done
	try "$compiler" c++20 "$folder/use20.cc"
done
echo "$compiled compiled, $failures failed"
[ "$failures" -eq 0 ] && [ "$compiled" -gt 0 ]
