#!/bin/sh
# The program itself, where no broker is needed: exit statuses, which stream what goes to, check and plugin info.
set -u
weir=./weir
plugin=$PWD/plugins/.libs/passthrough.so
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

# expect STATUS COMMAND...: runs it; its streams are then in $tmp/out and $tmp/err
expect()
{
	wanted=$1
	shift
	what=$*
	"$@" >"$tmp/out" 2>"$tmp/err"
	got=$?
	[ $got = "$wanted" ] || fail "exit status $got, not $wanted"
}

fail()
{
	echo "FAIL: $what: $*"
	sed 's/^/  err: /' "$tmp/err"
	failed=1
}

says() { grep -qF -- "$2" "$tmp/$1" || fail "no '$2' in its std$1"; }
silent() { [ ! -s "$tmp/$1" ] || fail "its std$1 is not empty"; }

expect 0 $weir --help; says out 'usage: weir COMMAND'; silent err
expect 0 $weir version; says out 'plugin ABI 1.'; silent err
expect 0 $weir --version; says out 'librdkafka'; silent err
expect 2 $weir; says err 'usage: weir COMMAND'; silent out
expect 2 $weir chekc; says err "did you mean 'check'?"; silent out
expect 2 $weir tail; says err "Try 'weir tail --help'."; silent out
expect 2 $weir version --nonsense; says err 'unknown option --nonsense'
expect 0 $weir schema; says out '"$schema"'; silent err

what="output that can't be written"
$weir --help >/dev/full 2>"$tmp/err"
[ $? = 1 ] || fail "is no failure"
says err "can't write the output: No space left on device"

expect 0 $weir plugin info "$plugin"; says out 'id        passthrough'; says out "file      $plugin"
expect 0 $weir plugin info --json "$plugin"; says out '"id":"passthrough"'
expect 1 $weir plugin info $weir; says err './weir'; silent out
expect 1 $weir plugin info "$tmp"; silent out

cat >"$tmp/good.yaml" <<END
kafka: { brokers: "localhost:9092", properties: { socket.keepalive.enable: true } }
pipelines:
  - name: payments
    source: { topics: [events], group: g }
    idempotency: { store: memory }
    dlq: { topic: events-dlq }
    stages:
      - plugin: $plugin
    outputs: { default: processed-events }
END
expect 0 $weir check "$tmp/good.yaml"; says out "$tmp/good.yaml: ok, 1 pipeline, 1 stage"; silent err

sed -e 's/socket.keepalive.enable: true/no.such.property: x, debug: hunter2/' "$tmp/good.yaml" >"$tmp/property.yaml"
expect 1 $weir check "$tmp/property.yaml"; silent out
says err "$tmp/property.yaml:1:"
says err 'kafka.properties.no.such.property: librdkafka'
says err 'kafka.properties.debug: librdkafka'
expect 1 $weir run "$tmp/property.yaml"; silent out
says err 'kafka.properties.no.such.property: librdkafka'
! grep -q hunter2 "$tmp/err" || fail 'a value of a property is shown'

sed -e 's/passthrough.so/nosuch.so/' -e 's/stages:/stagse:/' "$tmp/good.yaml" >"$tmp/key.yaml"
expect 1 $weir check "$tmp/key.yaml"; says err "$tmp/key.yaml:7:"; says err 'stages'; silent out

sed -e 's/passthrough.so/nosuch.so/' "$tmp/good.yaml" >"$tmp/plugin.yaml"
expect 1 $weir check "$tmp/plugin.yaml"; says err "$tmp/plugin.yaml:8:"; says err 'nosuch.so'; silent out

expect 1 $weir check "$tmp/good.yaml" "$tmp/plugin.yaml"; says out 'good.yaml: ok'; says err 'nosuch.so'
expect 1 $weir check "$tmp/absent.yaml"; says err 'absent.yaml'; silent out

exit $failed
