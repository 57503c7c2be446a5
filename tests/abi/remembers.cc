/* A C++ plugin with every optional member: it remembers the ids that it has seen. */
#include <weir/plugin.hpp>

#include <set>

class remembers
{
      public:
	explicit remembers(weir::host host)
	    : fails_(host.config("/fails").boolean().value_or(false))
	{
	}
	weir_verdict handle(weir::event &event)
	{
		return seen_.insert(std::string(event.id())).second ? event.ok() : event.drop();
	}
	static constexpr std::uint32_t state_version = 3;
	std::string save()
	{
		std::string text;

		if (fails_)
			throw std::runtime_error("it will not be saved");
		for (const std::string &id : seen_)
			text += id + "\n";
		return text;
	}
	void load(const std::vector<weir::state_blob> &blobs)
	{
		for (const weir::state_blob &blob : blobs) {
			std::string_view rest = blob.data();

			if (blob.version() != state_version)
				throw std::runtime_error("another version");
			for (size_t end; (end = rest.find('\n')) != rest.npos;
			     rest.remove_prefix(end + 1))
				seen_.emplace(rest.substr(0, end));
		}
	}
	void activate()
	{
		if (fails_)
			throw 7;
	}
	void deactivate() noexcept
	{
	}
	void selftest()
	{
		if (fails_)
			throw std::runtime_error("it fails");
	}

      private:
	std::set<std::string> seen_;
	bool fails_;
};

WEIR_PLUGIN_CXX(weir::plugin<remembers>("remembers", "1"));
