"""Whatever comes in is processed, dead-lettered or refused with a reason, and the engine stays up."""

import json
import random

from harness.events import event
from harness.http import Client


def ingest(site, **over):
    return site.config(http={"ingest": {"topic": site.source, **over}})


def all_accounted(site, engine, count):
    """All `count` records of the source are finished, and each stands in the output or the DLQ, or is a duplicate."""
    site.finished(engine, 300)
    outcomes = engine.outcomes()
    assert sum(outcomes.values()) == count
    assert site.topics.count(site.output) == outcomes["processed"]
    assert site.topics.count(site.dlq) == outcomes["dead_lettered"]
    assert engine.alive() and engine.readiness() == 200
    return outcomes


def mutate(draw, body):
    """One to four small damages."""
    body = bytearray(body)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(body) + 1)
        kind = draw.randrange(6)
        if kind == 0 and at < len(body):
            body[at] = draw.randrange(256)
        elif kind == 1:
            body[at:at] = bytes(draw.randrange(256) for _ in range(draw.randint(1, 8)))
        elif kind == 2:
            del body[at : at + draw.randint(1, 8)]
        elif kind == 3:
            body[at:at] = draw.choice([b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"\n", b"\\u0000", b"\\ud800"])
        elif kind == 4:
            body[at:at] = body[: draw.randint(0, len(body))]
        else:
            body[at:at] = draw.choice([b"1e400", b"-0", b"9007199254740993", b"null", b"true", b"\xef\xbb\xbf", b"NaN"])
        if not body:
            body = bytearray(b" ")
    return bytes(body)


def seeds(draw, i):
    one = event(f"m{i}", 0, payload={"n": i, "text": "grün"})
    kind = draw.randrange(3)
    if kind == 0:
        return one, "application/json"
    several = [json.loads(event(f"m{i}-{n}", 0, n=n)) for n in range(draw.randint(1, 4))]
    if kind == 1:
        return json.dumps(several).encode(), "application/json"
    return b"\n".join(json.dumps(item).encode() for item in several), "application/x-ndjson"


def test_ten_thousand_mutated_bodies(site):
    site.create_topics()
    engine = site.engine(ingest(site)).run()
    client, draw = engine.client(), random.Random(10)
    accepted, statuses = 0, {}
    for i in range(10_000):
        body, content_type = seeds(draw, i)
        body = mutate(draw, body)
        answer = client.post(body, content_type)
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
        assert answer.status in (202, 400, 413, 422), f"{answer} to {body!r}"
        if answer.status == 202:
            accepted += answer.json()["accepted"]
        else:
            problem = answer.json()
            assert answer.headers["Content-Type"].startswith("application/problem+json"), answer
            assert problem["status"] == answer.status and problem["title"], problem
    assert statuses.get(202, 0) > 500 and statuses.get(400, 0) > 500, statuses
    assert site.topics.count(site.source) == accepted
    all_accounted(site, engine, accepted)


def test_a_topic_of_random_bytes(site):
    site.create_topics()
    draw = random.Random(11)
    count = 20_000
    site.topics.send(
        site.source,
        ((draw.randbytes(draw.randrange(20)) or None, draw.randbytes(draw.randrange(300))) for _ in range(count)),
    )
    engine = site.engine().run()
    outcomes = all_accounted(site, engine, count)
    assert outcomes["dead_lettered"] == count
    for record in site.topics.read(site.dlq)[:100]:
        assert record.headers["weir-class"] == "decode" and record.headers["weir-message"]


def test_a_topic_of_large_events(site):
    site.create_topics()
    count, size = 150, 900 * 1024
    site.topics.send(site.source, ((f"k{i}", event(f"big{i}", size)) for i in range(count)))
    engine = site.engine(site.config(memory="64MiB")).run()
    outcomes = all_accounted(site, engine, count)
    assert outcomes["processed"] == count
    assert engine.rss_bytes() < (64 + 60) << 20, "more than the budget of memory and 60 MiB"


def test_keys_of_every_byte_and_of_ten_kibibytes(site):
    site.create_topics()
    keys = [bytes([b]) for b in range(256)] + [bytes(range(256)), b"x" * 10240, b"\0" * 10240, b"", None]
    site.topics.send(site.source, [(key, event(f"e{i}")) for i, key in enumerate(keys)])
    engine = site.engine().run()
    assert all_accounted(site, engine, len(keys))["processed"] == len(keys)
    found = {record.id: record.key for record in site.topics.read(site.output)}
    for i, key in enumerate(keys):
        assert found[f"e{i}"] == key


def odd_ids():
    ids = [f"i{chr(c)}" for c in range(1, 256)]
    return ids + ["done", "C|x", "*", "a b", "weir:e", "\u2028", "\U0001f600", "a\r\nDEL x\r\n", "x" * 10240, "y" * 129]


def test_ids_of_every_character_and_of_ten_kibibytes(site):
    site.create_topics()
    ids = odd_ids()
    values = [json.dumps({"eventId": i}, ensure_ascii=n % 2 == 0).encode() for n, i in enumerate(ids)]
    site.topics.send(site.source, [("k", value) for value in values + values])
    engine = site.engine().run()
    outcomes = all_accounted(site, engine, 2 * len(ids))
    assert outcomes == {"processed": len(ids), "dropped": 0, "duplicate": len(ids), "dead_lettered": 0}
    assert {dict(record.header_list)["weir-event-id"].decode() for record in site.topics.read(site.output)} == set(ids)


def test_ids_of_every_byte_in_a_header(site):
    site.create_topics()
    ids = [bytes([b]) * n for b in range(256) for n in (1, 3, 200)]
    pipeline = site.pipeline(event_id={"json": None, "header": "id"}, format="raw")
    site.topics.send(site.source, [("k", b"v", [("id", i)]) for i in ids + ids])
    engine = site.engine(site.config([pipeline])).run()
    outcomes = all_accounted(site, engine, 2 * len(ids))
    assert outcomes["processed"] == len(ids) and outcomes["duplicate"] == len(ids)


def test_odd_ids_over_http(site):
    site.create_topics()
    engine = site.engine(ingest(site)).run()
    client = engine.client()
    accepted = 0
    for i in odd_ids():
        answer = client.post({"eventId": i, "payload": {}})
        assert answer.status in (202, 400, 422), (i[:20], answer)
        accepted += answer.status == 202
    for literal in ("1e400", "9007199254740993", '"a\\u0000b"', '""', "null", "[]", "{}", "1.5"):
        answer = client.post('{"eventId":%s,"payload":{}}' % literal)
        assert answer.status in (400, 422), (literal, answer)
        assert answer.json()["detail"], literal
    assert accepted > 250
    all_accounted(site, engine, accepted)


def test_a_deeply_nested_event(site):
    site.create_topics()
    deep = [b'{"eventId":"d%d","x":%s%s}' % (n, b"[" * n, b"]" * n) for n in (100, 1000, 5000, 100_000)]
    site.topics.send(site.source, [("k", value) for value in deep])
    engine = site.engine(ingest(site)).run()
    for value in deep:
        assert engine.client().post(value).status in (202, 400, 413, 422)
    site.finished(engine)
    assert engine.alive() and engine.readiness() == 200


def test_hostile_headers_on_a_source_topic(site):
    site.create_topics()
    many = [(f"h{i}", b"v" * 100) for i in range(1000)]
    odd = [("", b""), ("a\nb", b"\0\xff"), ("x" * 5000, b"y"), ("null", None), ("same", b"1"), ("same", b"2")]
    site.topics.send(site.source, [("k", event("many"), many), ("k", event("odd"), odd), ("k", event("f", do="fail"), odd)])
    engine = site.engine().run()
    outcomes = all_accounted(site, engine, 3)
    assert outcomes["dead_lettered"] == 1
    by_id = {record.id: record for record in site.topics.read(site.output)}
    assert [pair for pair in by_id["odd"].header_list if pair[0] == "same"] == [("same", b"1"), ("same", b"2")]


def test_raw_sockets_do_no_harm(site):
    """Broken requests, one connection each; afterwards the engine answers as before."""
    import socket

    site.create_topics()
    engine = site.engine(ingest(site)).run()
    draw = random.Random(12)
    whole = b"POST /api/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + b'{"eventId":"s"}'
    for n in range(300):
        with socket.create_connection(("127.0.0.1", engine.ingest_port), timeout=10) as connection:
            connection.sendall(mutate(draw, whole) if n % 2 else whole[: draw.randrange(len(whole))])
            if n % 3 == 0:
                connection.shutdown(socket.SHUT_WR)
    assert engine.alive()
    assert Client(engine.ingest_port).post({"eventId": "after", "payload": {}}).status == 202
