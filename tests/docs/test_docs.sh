#!/bin/sh
# The documentation agrees with the tree: links and their anchors lead somewhere, whole configurations pass `weir check`,
# code that is said to be a file's is that file's, tests that are named are there, the table of layers is what the #include
# lines say, and docs/threads.md names every file with a thread, a lock or an atomic.
set -u
weir=$PWD/weir
plugins=$PWD/plugins/.libs
cd "$top_srcdir" || exit 1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
: >"$tmp/failures"

fail() { echo "FAIL: $*" | tee -a "$tmp/failures"; }

pages=$(echo ./*.md; find docs plugins examples -name '*.md' | sort)

# Without fenced code; with LINE: before each line.
prose() { awk '/^ *```/ { code = !code; next } !code { print NR ":" $0 }' "$1"; }

# The anchors that a page's headings make, as GitHub makes them; the second of a name has -1 behind it.
anchors()
{
	prose "$1" | sed -n 's/^[0-9]*:#\{1,6\} //p' | tr 'A-Z' 'a-z' | sed 's/[^a-z0-9 _-]//g; s/ /-/g' |
		awk 'n[$0]++ { print $0 "-" n[$0] - 1; next } { print }'
}

check_link() # PAGE LINE TARGET
{
	file=${3%%#*} anchor=
	case $3 in *'#'*) anchor=${3#*#} ;; esac
	path=$1
	[ -z "$file" ] || path=$(dirname "$1")/$file
	[ -e "$path" ] || { fail "$1:$2: the link $3 leads nowhere"; return; }
	[ -z "$anchor" ] || anchors "$path" | grep -qxF -- "$anchor" || fail "$1:$2: $3: no such heading"
}

for page in $pages; do
	prose "$page" | awk -F: '{
		line = $1
		text = substr($0, length($1) + 2)
		gsub(/`[^`]*`/, "", text)
		while (match(text, /\]\([^)]*\)/)) {
			print line, substr(text, RSTART + 2, RLENGTH - 3)
			text = substr(text, RSTART + RLENGTH)
		}
	}' >"$tmp/links"
	while read -r line target; do
		case $target in
		http://* | https://* | mailto:*) ;;
		*) check_link "$page" "$line" "$target" ;;
		esac
	done <"$tmp/links"
done

# The fenced blocks of a page: block N in $tmp/block.N, "N LINE LANGUAGE FILE" in $tmp/blocks. FILE is what a comment right
# before the block says: <!-- file: examples/c-threshold/threshold.c -->
split_blocks()
{
	rm -f "$tmp"/block.*
	awk -v tmp="$tmp" '
		/^```/ && !inside { inside = 1; n++; print n, NR, substr($0, 4), file; out = tmp "/block." n; printf "" >out; next }
		/^```/ { inside = 0; close(out); file = ""; next }
		inside { print >out; next }
		/^<!-- file: [^ ]* -->$/ { file = $3; next }
		NF { file = "" }' "$1" >"$tmp/blocks"
}

mkdir "$tmp/run"
ln -s "$plugins"/*.so "$tmp/run/"
for source in examples/*/*.c; do
	case $source in */test_*) continue ;; esac
	# shellcheck disable=SC2086
	${CC:-cc} -shared -fPIC -Iinclude "$source" -o "$tmp/run/$(basename "$source" .c).so" || fail "$source does not compile"
done
configurations=0 files=0
for page in $pages; do
	split_blocks "$page"
	while read -r n line language file; do
		if [ -n "$file" ]; then
			files=$((files + 1))
			cmp -s "$tmp/block.$n" "$file" || fail "$page:$line: this is not what $file says"
		fi
		# A whole configuration, as against a part of one.
		if [ "$language" = yaml ] && grep -q '^kafka:' "$tmp/block.$n" && grep -q '^pipelines:' "$tmp/block.$n"; then
			configurations=$((configurations + 1))
			cp "$tmp/block.$n" "$tmp/run/weir.yaml"
			# The bundled plugins are where they were built.
			grep -q '^plugin_path:' "$tmp/run/weir.yaml" || echo 'plugin_path: [.]' >>"$tmp/run/weir.yaml"
			(cd "$tmp/run" && WEIR_ADMIN_TOKEN=token "$weir" check weir.yaml) >"$tmp/out" 2>&1 ||
				fail "$page:$line: $(cat "$tmp/out")"
		fi
	done <"$tmp/blocks"
done
[ $configurations -gt 0 ] || fail "no page has a whole configuration"
[ $files -gt 0 ] || fail "no page shows a file of examples/"

# Paths of the tree that are named: `engine/run/lane.c`, `tests/FILE: NAME`, `scripts/test --only unit`; and in the last but
# one the test.
for page in $pages; do
	prose "$page" | grep -oE '^[0-9]+:|`(engine|tests|scripts|plugins|examples|docs|etc)/[^`]*`' | tr -d '`' |
		awk -F: '/^[0-9]+:$/ { line = $1; next } { sub(/ .*/, "", $1); print line, $1 }' >"$tmp/paths"
	while read -r line path; do
		case $path in *'<'* | *'*'*) continue ;; esac
		[ -e "$path" ] || fail "$page:$line: there is no $path"
	done <"$tmp/paths"
	grep -noE '`tests/[a-z_/]+\.(c|py|sh): [a-z_0-9]+`' "$page" | tr -d '`' >"$tmp/named"
	while IFS=: read -r line file name; do
		name=${name# }
		grep -qE "(void|def) $name\(" "$file" || fail "$page:$line: $file has no test $name"
	done <"$tmp/named"
done

# The table of layers: "| `folder` | what it is | `may` `include` |".
layers=docs/architecture.md
sed -n 's/^| `\([a-z]*\)` | [^|]* | \([a-z` ]*\) *|$/\1 \2/p' $layers | tr -d '`' >"$tmp/layers"
for folder in engine/*/; do
	folder=$(basename "$folder")
	grep -q "^$folder " "$tmp/layers" || { fail "$layers: no row for the folder $folder"; continue; }
	allowed=$(sed -n "s/^$folder *//p" "$tmp/layers")
	used=$(sed -n 's/^#include "\([a-z]*\)\/.*/\1/p' engine/"$folder"/*.[ch]* | sort -u | grep -vx "$folder")
	for other in $used; do
		case " $allowed " in
		*" $other "*) ;;
		*) fail "$layers: $folder includes $other, which its row does not allow" ;;
		esac
	done
	for other in $allowed; do
		echo "$used" | grep -qx "$other" || fail "$layers: the row of $folder allows $other, which it does not include"
	done
done

threads=docs/threads.md
for file in $(grep -lE 'pthread_create\(|^	+struct wr_lock |_Atomic|pthread_once\(' -r engine | sort); do
	case $file in engine/base/lock.c) continue ;; esac
	grep -qF "$file" $threads || fail "$threads: $file has a thread, a lock or an atomic and is not named"
done

echo "$configurations configurations, $files files, $(wc -l <"$tmp/layers") layers"
[ ! -s "$tmp/failures" ]
