"""Events over HTTP: 202 only for what Kafka has, and a reason for everything else."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

from harness.http import Client, get


def engine_with(site, token=None, **over):
    site.create_topics()
    ingest = {"topic": site.source, **over}
    if token:
        ingest["token"] = token
    return site.engine(site.config(http={"ingest": ingest})).run()


def problem(answer, status):
    assert answer.status == status, answer
    assert answer.headers["Content-Type"].startswith("application/problem+json"), answer
    body = answer.json()
    assert body["status"] == status and body["title"]
    return body


def test_one_event_an_array_and_ndjson(site):
    engine = engine_with(site)
    client = engine.client()
    assert client.post({"eventId": "one", "payload": {"a": 1}}).json()["accepted"] == 1
    assert client.post([{"eventId": f"array{i}", "payload": {}} for i in range(3)]).json()["accepted"] == 3
    lines = "\n".join(json.dumps({"eventId": f"line{i}", "payload": {}}) for i in range(3)) + "\n"
    assert client.post(lines, "application/x-ndjson").json()["accepted"] == 3
    site.finished(engine)
    records = {record.id: record for record in site.topics.read(site.output)}
    assert sorted(records) == ["array0", "array1", "array2", "line0", "line1", "line2", "one"]
    assert records["one"].key == b"one", "the key is the id"
    assert records["one"].json["payload"] == {"a": 1}


def test_a_202_is_in_kafka(site):
    engine = engine_with(site)
    client = engine.client()
    for i in range(50):
        assert client.post({"eventId": f"e{i}", "payload": {}}).status == 202
        assert site.topics.count(site.source) == i + 1


def test_bad_json_says_where(site):
    engine = engine_with(site)
    body = problem(engine.client().post('{"eventId":"a",\n "payload": }'), 400)
    assert (body["position"]["line"], body["position"]["column"]) == (2, 13), body
    assert site.topics.count(site.source) == 0


def test_items_of_an_array_fail_one_by_one(site):
    engine = engine_with(site)
    answer = engine.client().post([{"eventId": "good", "payload": {}}, {"payload": {}}, 7, {"eventId": "too", "payload": {}}])
    assert answer.status == 202, answer
    body = answer.json()
    assert (body["accepted"], body["rejected"]) == (2, 2)
    assert [error["index"] for error in body["errors"]] == [1, 2]
    assert all(error["detail"] for error in body["errors"])
    assert site.topics.count(site.source) == 2
    problem(engine.client().post([{"payload": {}}, 7]), 422)


def test_every_refusal_has_its_status(site):
    engine = engine_with(site, max_body="4KiB", max_event="4KiB")
    client = engine.client()
    problem(client.request("GET", "/api/events"), 405)
    problem(client.request("GET", "/api/nothing"), 404)
    problem(client.post("x=1", "application/x-www-form-urlencoded"), 415)
    problem(Client(engine.ingest_port).post({"eventId": "big", "payload": "x" * 5000}), 413)
    chunks = iter([b"x" * 3000] * 3)
    json_type = {"Content-Type": "application/json"}
    problem(Client(engine.ingest_port).request("POST", "/api/events", chunks, json_type), 413)
    assert site.topics.count(site.source) == 0


def test_a_token_is_asked_for_where_one_is_set(site):
    engine = engine_with(site, token="s3cret-s3cret")
    client = engine.client()
    problem(client.post({"eventId": "a", "payload": {}}), 401)
    problem(client.post({"eventId": "a", "payload": {}}, Authorization="Bearer wrong"), 401)
    assert client.post({"eventId": "a", "payload": {}}, Authorization="Bearer s3cret-s3cret").status == 202
    assert get(engine.ingest_port, "/health/live").status == 200
    assert "s3cret" not in engine.log_text()


def test_health_is_on_both_listeners_and_metrics_on_the_admin_one(site):
    engine = engine_with(site)
    for port in (engine.ingest_port, engine.admin_port):
        assert get(port, "/health/live").status == 200
        assert get(port, "/health/ready").status == 200
    assert get(engine.admin_port, "/metrics").status == 200
    assert get(engine.ingest_port, "/metrics").status == 404


def test_many_clients_at_once_lose_nothing(site):
    engine = engine_with(site)

    def send(number):
        client = Client(engine.ingest_port)
        return sum(client.post({"eventId": f"c{number}-{i}", "payload": {}}).json()["accepted"] for i in range(100))

    with ThreadPoolExecutor(32) as pool:
        accepted = sum(pool.map(send, range(32)))
    assert accepted == 3200
    site.finished(engine)
    assert len({record.id for record in site.topics.read(site.output)}) == 3200


def test_without_kafka_a_request_is_told_503_and_to_come_again(site, own_kafka):
    site.kafka = kafka = own_kafka("kafka-http")
    site.topics.kafka = kafka
    engine = engine_with(site, ack_timeout="2s")
    client = engine.client()
    engine.until(lambda: client.post({"eventId": "before", "payload": {}}).status == 202, 60, "it takes events")
    kafka.kill()
    answer = client.post({"eventId": "during", "payload": {}})
    problem(answer, 503)
    assert int(answer.headers["Retry-After"]) >= 1
    kafka.start()
    engine.until(lambda: client.post({"eventId": "after", "payload": {}}).status == 202, 60, "it takes events again")


def test_a_stop_answers_what_waits(site, own_kafka):
    """Requests that wait for Kafka's ack when the engine is told to stop get an answer, and it exits."""
    site.kafka = kafka = own_kafka("kafka-http-stop")
    site.topics.kafka = kafka
    site.create_topics()
    config = site.config(http={"ingest": {"topic": site.source, "ack_timeout": "30s"}}, shutdown_timeout="3s")
    engine = site.engine(config).run()
    kafka.pause()
    answers = []

    def post(i):
        try:
            answers.append(Client(engine.ingest_port).post({"eventId": f"w{i}", "payload": {}}).status)
        except OSError:
            answers.append(None)

    threads = [threading.Thread(target=post, args=(i,)) for i in range(20)]
    for thread in threads:
        thread.start()
    engine.until(lambda: engine.metric("weir_http_in_flight_requests") == 20, 60, "requests wait")
    engine.stop(60)
    for thread in threads:
        thread.join(30)
    kafka.resume()
    assert 202 not in answers
    assert len(answers) == 20
