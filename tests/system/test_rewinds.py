"""Offsets that go back, away or astray, and topics made anew: done marks see to it that nothing runs twice and nothing
is lost, in both delivery modes at once; a log line and a metric say what happened."""

import collections

import pytest
import redis
from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition
from harness import paths
from harness.both import Both
from harness.engine import samples
from harness.wait import wait_until

COUNT = 600


class Story:
    """Sends events under ids of their own, and expects each to be processed once."""

    def __init__(self, site):
        self.site, self.both = site, Both(site)
        self.sent = collections.Counter()
        self.engine = site.engine(self.both.config())

    def send(self, prefix, count=COUNT):
        ids = [f"{prefix}-{i}" for i in range(count)]
        self.sent.update(ids)
        self.site.topics.send(self.site.source, ((f"k{i}", f'{{"eventId":"{id_}"}}') for i, id_ in enumerate(ids)))

    def work(self):
        """Runs the engine until nothing is left."""
        self.engine.run()
        self.settle()
        assert self.engine.stop() == 0

    def settle(self):
        self.both.finished(self.engine)

    def ends(self):
        return self.site.topics.ends(self.site.source)

    def move(self, offsets):
        """Moves both groups to these offsets, by partition."""
        for group in self.both.groups():
            wanted = [TopicPartition(self.site.source, partition, offset) for partition, offset in offsets.items()]
            asked = [ConsumerGroupTopicPartitions(group, wanted)]
            alter = self.site.kafka.admin.alter_consumer_group_offsets

            # A member that was killed is one until its session is over.
            wait_until(
                lambda g=group, a=asked: all(tp.error is None for tp in alter(a)[g].result(30).topic_partitions),
                30,
                f"{group} is moved",
                every=0.5,
            )

    def check(self):
        """Every id was written once by each pipeline."""
        for name in self.both.short.values():
            assert self.site.topics.read_ids(f"{name}.out") == self.sent
            assert not self.site.topics.read_ids(f"{name}.dlq")


def reasons(engine):
    """Why partitions were not simply read on: by pipeline, the reasons and their counts."""
    found = collections.defaultdict(dict)
    for name, labels, value in samples(engine.metrics_text()):
        if name == "weir_rewinds_total" and value > 0:
            found[labels["pipeline"]][labels["reason"]] = value
    return found


@pytest.fixture
def story(site):
    return Story(site)


def says(story, reason):
    """The engine that runs now has met this, in each pipeline, and its log says so."""
    for name in story.both.short.values():
        story.engine.until(lambda n=name: reason in reasons(story.engine)[n], 30, f"the metric counts {reason}")
        lines = [line for line in story.engine.log_lines() if line.get("pipeline") == name]
        assert any(reason in map(str, line.values()) for line in lines), f"no log line says {reason}"


def test_a_deleted_group_repeats_nothing(story):
    story.send("a")
    story.work()
    for future in story.site.kafka.admin.delete_consumer_groups(story.both.groups()).values():
        future.result(30)
    story.send("b")
    story.engine.run()
    story.settle()
    says(story, "offset_went_back")
    story.engine.stop()
    story.check()


def test_a_group_reset_to_the_beginning_repeats_nothing(story):
    story.send("a")
    story.work()
    story.move(dict.fromkeys(story.ends(), 0))
    story.send("b")
    story.engine.run()
    story.settle()
    says(story, "offset_went_back")
    story.engine.stop()
    story.check()


def test_a_group_moved_forward_and_back_loses_nothing(story):
    story.send("a")
    story.work()
    before = story.ends()
    story.send("left-out")
    middle = story.ends()
    story.move(middle)
    story.send("b")
    story.engine.run()
    story.settle()
    says(story, "offset_went_forward")
    assert story.engine.stop() == 0
    for name in story.both.short.values():
        assert not any(id_.startswith("left-out") for id_ in story.site.topics.read_ids(f"{name}.out"))
    story.move(before)
    story.work()
    story.check()


def test_a_resent_event_of_an_abandoned_range_is_processed(story):
    """Its first record was claimed and jumped over: its owner never comes, so the second record takes the claim over."""
    story.send("a")
    story.work()
    story.send("again")
    # Claimed, and not completed: no output is taken for the time being, and the engine dies before that ends.
    stuck = story.site.engine(
        story.both.config(), binary=paths.weir(paths.FAILPOINT_BUILD), env={"WEIR_FAILPOINTS": "before_produce=error"}
    ).start()
    store = redis.Redis.from_url(story.site.redis.url)
    claimed = [f"weir:{name}:e:again-{i}" for name in story.both.short.values() for i in range(COUNT)]
    wait_until(lambda: all(store.mget(claimed)), 30, "all are claimed", stuck.log_tail)
    stuck.kill()
    story.move(story.ends())
    story.sent.subtract([f"again-{i}" for i in range(COUNT)])
    story.send("again")
    story.work()
    story.check()


@pytest.mark.parametrize("length", ["shorter", "longer"])
@pytest.mark.parametrize("offsets", ["forgotten", "kept"])
def test_a_topic_made_anew_is_read_from_its_beginning(story, length, offsets):
    site = story.site
    story.send("a")
    story.work()
    committed = story.ends()
    site.topics.delete(site.source)
    wait_until(lambda: not site.topics.exists(site.source), 30, "the topic is gone")
    site.topics.create(site.source, partitions=4)
    story.send("b", COUNT // 3 if length == "shorter" else COUNT * 3)
    if offsets == "kept":  # as some tools do that move topics
        story.move(committed)
    story.engine.run()
    story.settle()
    says(story, "new_topic")
    assert story.engine.stop() == 0
    story.check()


def test_a_topic_made_anew_under_a_running_engine(story):
    site = story.site
    story.send("a")
    story.engine.run()
    story.settle()
    site.topics.delete(site.source)
    wait_until(lambda: not site.topics.exists(site.source), 30, "the topic is gone")
    site.topics.create(site.source, partitions=4)
    story.send("b", COUNT // 3)
    counted = [f"{name}.out" for name in story.both.short.values()]
    story.engine.until(
        lambda: all(site.topics.count(name) >= len(story.sent) for name in counted), 90, "the new events are processed"
    )
    assert story.engine.stop() == 0
    story.check()


def test_a_committed_offset_out_of_range(story):
    story.send("a")
    story.work()
    story.move({partition: end + 1000000 for partition, end in story.ends().items()})
    story.send("b")
    story.engine.run()
    story.settle()
    says(story, "offset_went_back")
    assert story.engine.stop() == 0
    story.check()
