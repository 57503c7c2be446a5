# WR_ADD_FLAG(VARIABLE, FLAG): adds FLAG to VARIABLE when the compiler of the current language takes it.
AC_DEFUN([WR_ADD_FLAG], [
	AS_VAR_PUSHDEF([wr_cache], [wr_cv_[]_AC_LANG_ABBREV[]_flag_$2])
	AC_CACHE_CHECK([whether _AC_LANG takes $2], [wr_cache], [
		wr_saved="$_AC_LANG_PREFIX[]FLAGS"
		_AC_LANG_PREFIX[]FLAGS="$_AC_LANG_PREFIX[]FLAGS -Werror $2"
		AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [AS_VAR_SET([wr_cache], [yes])], [AS_VAR_SET([wr_cache], [no])])
		_AC_LANG_PREFIX[]FLAGS="$wr_saved"
	])
	AS_VAR_IF([wr_cache], [yes], [$1="$$1 $2"])
	AS_VAR_POPDEF([wr_cache])
])

# WR_CXX_STD(YEAR): the two C++ adapters (simdjson, valijson) want this standard.
AC_DEFUN([WR_CXX_STD], [CXX="$CXX -std=gnu++$1"])

AC_DEFUN([WR_WARNINGS], [
	AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [treat compiler warnings as errors])])
	WR_CFLAGS="-std=gnu11"
	m4_foreach_w([flag], [-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
		-Wmissing-prototypes -Wold-style-definition -Wformat=2 -Wvla -Wpointer-arith -Wcast-qual -Wundef
		-Wwrite-strings -Wimplicit-fallthrough -Wswitch-enum -Wlogical-op -Wduplicated-cond -Wnull-dereference
		-fno-common],
		[WR_ADD_FLAG([WR_CFLAGS], flag)])
	dnl The macros of librdkafka are such expressions.
	WR_ADD_FLAG([WR_CFLAGS], [-Wno-gnu-statement-expression])
	WR_CXXFLAGS="-Wall -Wextra"
	AS_IF([test "x$enable_werror" = xyes], [
		WR_CFLAGS="$WR_CFLAGS -Werror"
		WR_CXXFLAGS="$WR_CXXFLAGS -Werror"
	])
	AC_SUBST([WR_CFLAGS])
	AC_SUBST([WR_CXXFLAGS])
])

AC_DEFUN([WR_SANITIZERS], [
	AC_ARG_WITH([sanitizer],
		[AS_HELP_STRING([--with-sanitizer=LIST], [build with address,undefined or thread sanitizer])])
	WR_SANITIZE=
	AS_IF([test "x$with_sanitizer" != x && test "x$with_sanitizer" != xno], [
		dnl Programs are linked as C, where the runtime of the vptr and function checks is missing.
		WR_SANITIZE="-fsanitize=$with_sanitizer -fno-sanitize=vptr -fno-omit-frame-pointer -fno-sanitize-recover=all"
		WR_ADD_FLAG([WR_SANITIZE], [-fno-sanitize=function])
		dnl gcc takes values of instrumented C++ library headers for uninitialised.
		AC_LANG_PUSH([C++])
		WR_ADD_FLAG([WR_CXXFLAGS], [-Wno-maybe-uninitialized])
		AC_LANG_POP([C++])
		AC_DEFINE([WR_SANITIZED], [1], [Built with a sanitizer])
	])
	AM_CONDITIONAL([SANITIZED], [test "x$WR_SANITIZE" != x])
	AC_SUBST([WR_SANITIZE])
])

AC_DEFUN([WR_FAILPOINTS_OPTION], [
	AC_ARG_ENABLE([failpoints], [AS_HELP_STRING([--enable-failpoints],
		[compile in the places where WEIR_FAILPOINTS makes the engine die or fail: for tests only])])
	AS_IF([test "x$enable_failpoints" = xyes],
		[AC_DEFINE([WR_FAILPOINTS], [1], [WEIR_FAILPOINTS in the environment can make the engine die])])
	AM_CONDITIONAL([FAILPOINTS], [test "x$enable_failpoints" = xyes])
])

AC_DEFUN([WR_HARDENING], [
	AC_ARG_ENABLE([hardening], [AS_HELP_STRING([--disable-hardening], [leave the hardening flags out])])
	WR_HARDEN=
	WR_HARDEN_LD=
	AS_IF([test "x$enable_hardening" != xno], [
		m4_foreach_w([flag], [-fstack-protector-strong -fstack-clash-protection -fcf-protection],
			[WR_ADD_FLAG([WR_HARDEN], flag)])
		AS_IF([test "x$WR_SANITIZE" = x], [WR_HARDEN="$WR_HARDEN -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
		WR_HARDEN_LD="-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack"
	])
	AC_SUBST([WR_HARDEN])
	AC_SUBST([WR_HARDEN_LD])
])

# The engine allocates in one thread what another frees, a few times an event: with jemalloc that takes half the time
# and the memory goes back. Sanitizers bring an allocator of their own.
AC_DEFUN([WR_JEMALLOC], [
	AC_ARG_WITH([jemalloc], [AS_HELP_STRING([--without-jemalloc], [use the C library's allocator])])
	JEMALLOC_LIBS=
	AS_IF([test "x$WR_SANITIZE" = x && test "x$with_jemalloc" != xno], [
		PKG_CHECK_MODULES([JEMALLOC], [jemalloc >= 5.2])
	])
	AC_SUBST([JEMALLOC_LIBS])
])
