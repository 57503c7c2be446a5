#!/bin/sh
# The examples are built as their authors would, with pkg-config from an installed tree, and pass their own tests.
set -eu

compiler_of() { # of "ccache gcc -m64": gcc
	command=${1#*ccache }
	echo "${command%% *}"
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset MAKEFLAGS MFLAGS MAKELEVEL

$MAKE -s install-libLIBRARIES install-dist_pkgincludeHEADERS install-pkgconfigDATA "DESTDIR=$folder/tree" >/dev/null
PKG_CONFIG_SYSROOT_DIR=$folder/tree
PKG_CONFIG_PATH=$(dirname "$(find "$folder/tree" -name weir.pc)")
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_PATH PKG_CONFIG_ALLOW_SYSTEM_CFLAGS PKG_CONFIG_ALLOW_SYSTEM_LIBS

cp -R "$top_srcdir/examples" "$folder/examples"
chmod -R u+w "$folder/examples"
for example in "$folder"/examples/*/; do
	$MAKE -s -C "$example" test CC="$(compiler_of "$CC")" CXX="$(compiler_of "$CXX")"
done
