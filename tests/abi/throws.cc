/* Throws what the event's value names. */
#include "weir/plugin.hpp"

class throws
{
      public:
	explicit throws(weir::host host)
	{
		if (host.config("/fail").boolean().value_or(false))
			throw std::runtime_error("the constructor threw");
		if (host.config("/fail").integer().value_or(0) != 0)
			throw 42;
	}
	weir_verdict handle(weir::event &event)
	{
		const std::string_view what = event.value().value_or("");

		event.set_value("changed before it threw");
		if (what == "permanent")
			throw weir::permanent_error("over-limit", "the amount is over the limit");
		if (what == "retry")
			throw weir::retry_error("busy", "the service is busy", 1500);
		if (what == "std")
			throw std::logic_error("something else");
		if (what == "int")
			throw 42;
		return event.ok();
	}
};

WEIR_PLUGIN_CXX(weir::plugin<throws>("throws", "1.0.0"));
