// fraud: scores a payment. Suspicious ones are sent to "alerts" with the score in a header and, beside it, a record of
// what spoke against them; blocked countries are refused; without a score service it asks for another try.
#include <weir/plugin.hpp>

#include <set>
#include <string>

namespace
{

constexpr char schema[] = R"({
	"type": "object",
	"additionalProperties": false,
	"required": ["limit"],
	"properties": {
		"limit": { "type": "number", "minimum": 0 },
		"blocked": { "type": "array", "items": { "type": "string", "minLength": 2, "maxLength": 2 } }
	}
})";

class fraud
{
      public:
	explicit fraud(weir::host host)
	    : limit_(host.config("/limit").number().value_or(0)), alerts_(host.output("alerts")),
	      suspicious_(host.counter("suspicious", "Payments that scored too high."))
	{
		const size_t count = host.config("/blocked").size();

		if (!alerts_)
			throw std::runtime_error("the pipeline needs an output named \"alerts\"");
		for (size_t i = 0; i < count; i++)
			blocked_.emplace(*host.config("/blocked/" + std::to_string(i)).string());
	}

	weir_verdict handle(weir::event &event)
	{
		const auto amount = event.json("/payload/amount").number();
		const auto country = event.json("/payload/country").string();

		if (!amount)
			throw weir::permanent_error("no-amount", "/payload/amount is no number");
		if (country && blocked_.count(std::string(*country)) != 0)
			return event.fail("blocked-country", "the country is blocked");
		if (event.header("score-service") == "down")
			throw weir::retry_error("score-unavailable", "the score service is down",
						2000);
		if (*amount < limit_)
			return event.ok();
		suspicious_.add();
		event.set_header("fraud-score", std::to_string(static_cast<int>(*amount / limit_)));
		event.emit(*alerts_, event.key(), R"({"reason":"amount over limit"})");
		return event.ok(*alerts_);
	}

      private:
	double limit_;
	std::optional<weir_output> alerts_;
	weir::metric suspicious_;
	std::set<std::string> blocked_;
};

} // namespace

WEIR_PLUGIN_CXX(weir::plugin<fraud>("fraud", "1.0.0", schema));
