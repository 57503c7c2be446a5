#!/bin/bash
# What bash offers behind "weir".
set -u
. "$srcdir/scripts/completion/weir"
compopt() { :; } # only there while completing
failed=0

# expect "OFFERED..." WORD...: the last word is being typed
expect()
{
	local wanted=$1

	shift
	COMP_WORDS=(./weir "$@")
	COMP_CWORD=$#
	_weir
	[ "${COMPREPLY[*]}" = "$wanted" ] || { echo "weir $*: offers '${COMPREPLY[*]}', not '$wanted'"; failed=1; }
}

expect "tail" ta
expect "log-level" lo
expect "schema status send" s
expect "version" help v
expect "claims" cl
expect "show forget" claims ""
expect "forget" claims f
expect "--pipeline" claims show --p
expect "--yes" claims forget --y
expect "" claims show --pipeline ""
expect "show reset" offsets ""
expect "earliest latest" offsets reset --to ""
expect "--execute" offsets reset --ex
expect "" send --to ""
expect "info" plugin ""
expect "--json" plugin info --j
expect "--brokers" tail --b
expect "--token --token-file" send --tok
expect "" tail --brokers ""
expect "error" log-level e
expect "--partitions" status --par
expect "" top --interval ""
expect "" nonsense --x
exit $failed
