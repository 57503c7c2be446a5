# Each plugin sees weir/plugin.h and nothing else of the engine, and is built as authors build theirs (weir.pc).
WR_PLUGIN_CPPFLAGS = -I$(top_srcdir)/include -I$(top_srcdir) -I$(top_builddir) -D_GNU_SOURCE
WR_PLUGIN_CFLAGS = $(WR_CFLAGS) $(WR_SANITIZE) $(WR_HARDEN) -fvisibility=hidden $(WR_NO_GNU_UNIQUE)
WR_PLUGIN_CXXFLAGS = $(WR_CXXFLAGS) $(WR_SANITIZE) $(WR_HARDEN) -fvisibility=hidden $(WR_NO_GNU_UNIQUE)
WR_PLUGIN_LDFLAGS = $(WR_SANITIZE) $(WR_HARDEN_LD) -module -avoid-version -shared -Wl,-Bsymbolic

EXTRA_DIST += plugins/schema-to-c
include plugins/passthrough/local.mk
include plugins/validate/local.mk
include plugins/enrich/local.mk
include plugins/counter/local.mk

# libtool's .la files are of no use to anyone here; without them it can't uninstall what they stand for.
install-data-hook:
	for plugin in $(plugin_LTLIBRARIES); do rm -f "$(DESTDIR)$(plugindir)/$$(basename $$plugin)"; done
uninstall-local:
	for plugin in $(plugin_LTLIBRARIES); do rm -f "$(DESTDIR)$(plugindir)/$$(basename $$plugin .la).so"; done
