"""A plain HTTP client that says everything it was told."""

import http.client
import json


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


class Client:
    """One connection, kept and made anew when the server closed it."""

    def __init__(self, port, timeout=30):
        self.port, self.timeout, self.connection = port, timeout, None

    def request(self, method, path, body=None, headers=None):
        for attempt in (1, 2):
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
                attempt = 2
            try:
                self.connection.request(method, path, body, headers or {})
                response = self.connection.getresponse()
                answer = Answer(response.status, response.headers, response.read())
            except (ConnectionError, http.client.HTTPException):
                self.close()
                if attempt == 2:
                    raise
                continue
            if response.will_close:
                self.close()
            return answer
        raise AssertionError("unreachable")

    def post(self, body, content_type="application/json", path="/api/events", **headers):
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        fields = {"Content-Type": content_type} if content_type else {}
        fields.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.request("POST", path, body, fields)

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


def get(port, path, timeout=15, headers=None):
    """One request on a connection of its own; None when nobody answers."""
    client = Client(port, timeout)
    try:
        return client.request("GET", path, headers=headers)
    except OSError:
        return None
    finally:
        client.close()
