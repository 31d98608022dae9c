"""Streams of live pages: told when something changed, ended with what they watch, and never too many."""

import time
from itertools import islice

import pytest
from django.test import RequestFactory

from sofy.kit import live
from sofy.kit.live import Full, Hub

QUICK = {"longest_s": 5.0, "heartbeat_s": 0.05, "every_s": 0.02}


@pytest.fixture
def hub(django_db_blocker):
    with django_db_blocker.unblock():
        made = Hub(**QUICK)
        yield made
        for topic in list(made._topics.values()):
            for stream in list(topic.streams):
                stream.close()
        _until(lambda: made._watcher is None)


def _until(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _next_event(lines):
    return next(line for line in lines if not line.startswith((b":", b"retry")))


def test_a_change_is_told_to_everybody_who_listens(hub):
    states = [1]
    streams = [iter(hub.join("topic", person, lambda: states[-1])) for person in range(3)]
    for stream in streams:
        next(stream)
    _until(lambda: hub._topics["topic"].looked)

    states.append(2)

    assert [_next_event(stream) for stream in streams] == [b"event: changed\ndata: 1\n\n"] * 3


def test_nothing_is_told_while_nothing_changes(hub):
    stream = iter(hub.join("topic", 1, lambda: "same"))

    assert set(islice(stream, 1, 8)) == {b": still here\n\n"}


def test_the_end_is_told_and_ends_the_stream(hub):
    states: list[object] = ["on the way"]
    stream = iter(hub.join("topic", 1, lambda: states[-1]))
    next(stream)

    states.append(None)
    rest = [line for line in stream if not line.startswith(b":")]

    assert rest == [b"event: changed\ndata: 1\n\n"]
    assert hub.streams == 0


def test_a_stream_ends_after_its_time_and_the_page_asks_again_who_it_is():
    hub = Hub(longest_s=0.2, heartbeat_s=0.05, every_s=10)

    lines = list(hub.join("topic", 1, lambda: 1))

    assert lines[0].startswith(b"retry: ")
    assert set(lines[1:]) == {b": still here\n\n"}
    assert hub.streams == 0


def test_a_person_has_a_few_streams_and_a_process_a_bounded_number(hub, monkeypatch):
    mine = [hub.join("topic", "me", lambda: 1) for _ in range(live.STREAMS_PER_PERSON)]
    with pytest.raises(Full):
        hub.join("other", "me", lambda: 1)
    mine[0].close()
    hub.join("other", "me", lambda: 1)

    monkeypatch.setattr(live, "STREAMS", hub.streams)

    with pytest.raises(Full):
        hub.join("topic", "somebody else", lambda: 1)


def test_a_look_that_fails_stops_nobody(hub):
    answers = iter([1, ZeroDivisionError(), 2])

    def look():
        answer = next(answers, 2)
        if isinstance(answer, Exception):
            raise answer
        return answer

    stream = iter(hub.join("topic", 1, look))

    assert _next_event(stream) == b"event: changed\ndata: 1\n\n"


def test_a_full_house_answers_that_the_page_should_poll(monkeypatch):
    def full(*_arguments):
        raise Full

    monkeypatch.setattr(live.hub, "join", full)
    request = RequestFactory().get("/", headers={"accept": "text/event-stream"})
    request.user = type("User", (), {"pk": 1})()

    assert live.wanted(request)
    assert live.stream(request, "topic", lambda: 1).status_code == 204
