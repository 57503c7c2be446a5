-- For wrk: posts one event a request, each with an id of its own. There is no response(): wrk would build a table of
-- headers for each answer, and it shares the processors with the server. It counts statuses above 399 by itself.
local thread_count = 0

function setup(thread)
	thread:set("number", thread_count)
	thread_count = thread_count + 1
end

function init(args)
	count = 0
	start = os.time()
	wrk.method = "POST"
	wrk.headers["Content-Type"] = "application/json"
end

local pad = string.rep("x", 120)

function request()
	count = count + 1
	return wrk.format(nil, nil, nil, string.format(
		'{"eventId":"%d-%d-%09d","payload":{"account":"acct-%05d","note":"%s"}}',
		start, number, count, count % 100000, pad))
end

function done(summary, latency, requests)
	io.write(string.format(
		"RESULT requests=%d duration_us=%d errors=%d p50_us=%d p99_us=%d\n",
		summary.requests, summary.duration,
		summary.errors.connect + summary.errors.read + summary.errors.write
			+ summary.errors.status + summary.errors.timeout,
		latency:percentile(50), latency:percentile(99)))
end
