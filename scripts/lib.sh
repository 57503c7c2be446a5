# What the scripts share; sourced, never run. Sets `top` (the checkout) and leaves the caller's options alone.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '==> %s\n' "$*"; }

die()
{
	printf '%s: %s\n' "$(basename "$0")" "$*" >&2
	exit 1
}

# quietly COMMAND...: its output is shown only when it fails.
quietly()
{
	local log rc=0

	log=$(mktemp)
	"$@" >"$log" 2>&1 || rc=$?
	[ $rc = 0 ] || cat "$log" >&2
	rm -f "$log"
	return $rc
}

# jobs_count: how many compilers to run at once.
jobs_count() { nproc 2>/dev/null || echo 2; }

# cache_dir: downloads that outlive a checkout (Kafka's jars). WEIR_CACHE names another place.
cache_dir()
{
	if [ -n "${WEIR_CACHE:-}" ]; then
		echo "$WEIR_CACHE"
	elif [ -n "${HOME:-}" ] && mkdir -p "$HOME/.cache/weir" 2>/dev/null; then
		echo "$HOME/.cache/weir"
	else
		echo "$top/.cache"
	fi
}

# wait_until SECONDS COMMAND...: repeats COMMAND until it succeeds. Fails when SECONDS have passed.
wait_until()
{
	local deadline=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt "$deadline" ] || return 1
		sleep 0.1
	done
}

# port_answers PORT: something listens there, on loopback.
port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

port_free() { ! port_answers "$1"; }

# pid_runs PIDFILE MARK: the process in PIDFILE runs, and MARK stands in its command line: a number that
# another process got meanwhile is not ours to end.
pid_runs()
{
	local pid

	pid=$(cat "$1" 2>/dev/null) || return 1
	[ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] || return 1
	tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF -- "$2"
}

# pid_settle PIDFILE MARK: a process that was just started carries its starter's command line until it is exec'd; waits
# until it carries its own, or is gone.
pid_settle() { wait_until 10 pid_is_settled "$1" "$2" || true; }
pid_is_settled() { pid_runs "$1" "$2" || ! kill -0 "$(cat "$1")" 2>/dev/null; }

# pid_gone PIDFILE MARK: the process has ended. One that is dying gives up its command line before its ports, and its
# first thread may be dead while others still hold them: it is gone when nothing but its exit status is left.
pid_gone()
{
	local pid state threads

	pid_runs "$1" "$2" && return 1
	pid=$(cat "$1" 2>/dev/null) || return 0
	[ -z "$(tr -d '\0' 2>/dev/null <"/proc/$pid/cmdline")" ] || return 0 # another process' by now
	read -r state threads < <(awk '/^State:/ { s = $2 } /^Threads:/ { t = $2 } END { print s, t }' "/proc/$pid/status" 2>/dev/null) || true
	[ -z "$state" ] || { [ "$state" = Z ] || [ "$state" = X ]; } && [ "${threads:-1}" -le 1 ]
}

# pid_stop PIDFILE MARK SIGNAL SECONDS: signals the process, if it isn't dying yet, and waits until it is gone.
pid_stop()
{
	local pid

	if pid_runs "$1" "$2"; then
		pid=$(cat "$1")
		kill "-$3" "$pid" 2>/dev/null || true
		# A stopped process takes no SIGTERM until it goes on.
		kill -CONT "$pid" 2>/dev/null || true
	fi
	wait_until "$4" pid_gone "$1" "$2" || return 1
	rm -f "$1"
}

# start_apart PIDFILE LOG COMMAND...: runs COMMAND in the background, out of reach of a Ctrl-C or a closed terminal that
# are meant for the caller. It stays in the caller's session: Linux shares the processors out among sessions
# (autogroups), and a server that is alone in one, however little it needs, waits tens of ms for its turn.
start_apart()
{
	local pid_file=$1 log=$2

	shift 2
	set -m # a process group of its own
	(trap '' HUP && exec "$@") >>"$log" 2>&1 </dev/null 9>&- &
	echo $! >"$pid_file"
	set +m
}

# build_tree DIR CONFIGURE-ARGUMENT...: configures in DIR, once for each list of arguments.
build_tree()
{
	local dir=$1 now

	shift
	if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ]; then
		say "autoreconf"
		(cd "$top" && quietly autoreconf -i)
	fi
	mkdir -p "$dir"
	now="$*"
	if [ ! -f "$dir/Makefile" ] || [ "$(cat "$dir/.arguments" 2>/dev/null)" != "$now" ]; then
		say "configure in ${dir#"$top"/} $now"
		(cd "$dir" && "$top/configure" -q "$@")
		printf '%s' "$now" >"$dir/.arguments"
	fi
}
