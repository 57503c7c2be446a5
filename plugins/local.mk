# Each plugin sees weir/plugin.h and nothing else of the engine, and is built as authors build theirs (weir.pc).
WR_PLUGIN_CPPFLAGS = -I$(top_srcdir)/include
WR_PLUGIN_CFLAGS = $(WR_CFLAGS) $(WR_SANITIZE) $(WR_HARDEN) -fvisibility=hidden $(WR_NO_GNU_UNIQUE)
WR_PLUGIN_CXXFLAGS = $(WR_CXXFLAGS) $(WR_SANITIZE) $(WR_HARDEN) -fvisibility=hidden $(WR_NO_GNU_UNIQUE)
WR_PLUGIN_LDFLAGS = $(WR_SANITIZE) $(WR_HARDEN_LD) -module -avoid-version -shared -Wl,-Bsymbolic

include plugins/passthrough/local.mk
