/* What C++ makes of a static in an inline function, or of an inline variable, unless -fno-gnu-unique is given. */
#include "weir/plugin.hpp"

#include <vector>

template <class T> struct shared {
	static std::vector<T> items __attribute__((visibility("default")));
};
template <class T> std::vector<T> shared<T>::items;

class unique
{
      public:
	explicit unique(weir::host host)
	{
		shared<int>::items.push_back(static_cast<int>(host.slot()));
	}
	weir_verdict handle(weir::event &event)
	{
		return event.ok();
	}
};

WEIR_PLUGIN_CXX(weir::plugin<unique>("unique", "1.0.0"));
