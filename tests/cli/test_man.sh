#!/bin/sh
# The manual pages are well-formed, and weir(1) knows every command and every option.
set -u
command -v groff >/dev/null || { echo "groff is missing (Debian: groff-base)"; exit 77; }
failed=0

for page in "$srcdir"/docs/man/*.[15]; do
	warnings=$(groff -man -Tutf8 -ww -z "$page" 2>&1)
	[ -z "$warnings" ] || { echo "$warnings"; failed=1; }
done

text=$(groff -man -Tascii -P-c -P-b -P-u "$srcdir/docs/man/weir.1")
commands=$(./weir --help | sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\( [a-z]*\)\{0,1\}\)  .*/\1/p')
[ -n "$commands" ] || { echo "no commands in weir --help"; exit 1; }
printf '%s\n' "$commands" | {
	while read -r command; do
		case $text in
		*"weir $command"*) ;;
		*) echo "weir(1) does not know 'weir $command'"; failed=1 ;;
		esac
		[ "$command" != help ] || continue
		for option in $(./weir help $command | sed -n 's/^  .. *\(--[a-z-]*\).*/\1/p; s/^  ..,* *\(--[a-z-]*\).*/\1/p' | sort -u); do
			case $text in
			*"$option"*) ;;
			*) echo "weir(1) does not know $option of weir $command"; failed=1 ;;
			esac
		done
	done
	exit $failed
} || failed=1
exit $failed
