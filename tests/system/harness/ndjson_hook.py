"""For schemathesis: a body of NDJSON is text that is sent as it is. Named by SCHEMATHESIS_HOOKS."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson", "application/ndjson")
def ndjson(context, value):
    return (value if isinstance(value, str) else json.dumps(value)).encode(errors="replace")
