#!/bin/sh
# A build has the failpoints whole or not at all: no symbol, no word of them, in an engine that is not meant for tests.
# Each name of the table stands somewhere in the engine, so that a test which names it does not wait for nothing.
set -u
weir=./weir
names=$top_srcdir/engine/base/failpoint_names.inc
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

fail()
{
	echo "FAIL: $*"
	failed=1
}

for name in $(sed -n 's/^FAILPOINT(\([a-z_]*\),.*/\1/p' "$names"); do
	grep -rqE "WR_FAILPOINT(_FAILS)?\($name\)" "$top_srcdir/engine" --include='*.c' || fail "no place is called $name"
done
[ -s "$names" ] || fail "no names"

cat >"$tmp/weir.yaml" <<END
kafka: { brokers: embedded }
pipelines:
  - name: payments
    source: { topics: [events], group: g }
    idempotency: { store: memory }
    dlq: { topic: events-dlq }
    stages: [ { plugin: $PWD/plugins/.libs/passthrough.so } ]
    outputs: { default: processed-events }
END

if grep -q '^#define WR_FAILPOINTS 1' config.h; then
	$weir version | grep -q '^failpoints' || fail "version is silent about them"
	nm $weir | grep -q wr_failpoint_reach || fail "they are not compiled in"
	WEIR_FAILPOINTS=after_clam=kill timeout 60 $weir run "$tmp/weir.yaml" 2>"$tmp/err"
	[ $? = 1 ] || fail "an unknown name does not end the start"
	grep -q 'failpoint after_clam does not exist; there are .*after_claim' "$tmp/err" || fail "it does not say which exist"
	grep -q 'for tests only' "$tmp/err" || fail "a start does not warn"
	WEIR_FAILPOINTS=after_assignment=kill timeout 60 $weir run "$tmp/weir.yaml" 2>"$tmp/err"
	[ $? = 137 ] || fail "after_assignment=kill did not kill"
else
	! $weir version | grep -qi failpoint || fail "version speaks of them"
	! nm $weir | grep -qi failpoint || fail "a symbol is left"
	strip -o "$tmp/weir" $weir # debug information knows the names
	! grep -aqi failpoint "$tmp/weir" || fail "a word is left"
fi
exit $failed
