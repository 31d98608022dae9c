"""Live pages: a stream of server-sent events that says "look again", and nothing else.

The page then asks for its fragment as it does without a stream, so that session, permission, row-level security and
language are judged at every look, and a stream that outlives a log-in tells nothing. A stream is a thread of the server
that sleeps; one watcher per process asks the database on behalf of all of them.
"""

import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from threading import Condition, Event, Thread
from typing import Any

import structlog
from django.db import close_old_connections, connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

STREAMS = 60  # of one web process; each is a sleeping thread of the server (see project/wsgi.py)
STREAMS_PER_PERSON = 4  # browsers open six connections to an origin: two are left for pages
LONGEST_S = 600.0  # then the page connects again, and is asked again who it is
HEARTBEAT_S = 10.0  # also how soon a page that went away is noticed
GAP_S = 1.0  # between two signals of a stream
LOOK_EVERY_S = 1.0
RETRY_MS = 3000

_log = structlog.get_logger("sofy.live")

#: Answers a value that differs when there is something new to see, or None when there is nothing left to watch.
Look = Callable[[], object]


class Full(Exception):
    """Too many streams are open, in this process or for this person: the page goes on by asking again and again."""


@dataclass(eq=False)
class Stream:
    """One page that listens. Iterating blocks until there is something to say."""

    hub: "Hub"
    topic: Hashable
    person: Hashable
    opened_at: float = field(default_factory=time.monotonic)
    changed: Event = field(default_factory=Event)
    over: bool = False

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            while (left_s := self.opened_at + self.hub.longest_s - time.monotonic()) > 0:
                if not self.changed.wait(min(self.hub.heartbeat_s, left_s)):
                    yield b": still here\n\n"
                    continue
                self.changed.clear()
                yield b"event: changed\ndata: 1\n\n"
                if self.over:
                    return
                time.sleep(self.hub.gap_s)
        finally:
            self.close()

    def close(self) -> None:
        """The page went away, or the time is over."""
        self.hub.leave(self)


@dataclass(eq=False)
class _Topic:
    look: Look
    state: object = None
    looked: bool = False
    streams: set[Stream] = field(default_factory=set)


class Hub:
    """Every stream of a process, and the watcher that looks for all of them; it ends when nobody listens."""

    def __init__(
        self, *, longest_s: float = LONGEST_S, heartbeat_s: float = HEARTBEAT_S, every_s: float = LOOK_EVERY_S
    ) -> None:
        self.longest_s, self.heartbeat_s, self.every_s = longest_s, heartbeat_s, every_s
        self.gap_s = min(GAP_S, every_s)
        self._lock = Condition()
        self._topics: dict[Hashable, _Topic] = {}
        self._watcher: Thread | None = None

    @property
    def streams(self) -> int:
        """How many are open."""
        return sum(len(topic.streams) for topic in self._topics.values())

    def join(self, topic: Hashable, person: Hashable, look: Look) -> Stream:
        """Listen to a topic. Raises: Full."""
        with self._lock:
            theirs = sum(stream.person == person for one in self._topics.values() for stream in one.streams)
            if self.streams >= STREAMS or theirs >= STREAMS_PER_PERSON:
                raise Full
            stream = Stream(self, topic, person)
            self._topics.setdefault(topic, _Topic(look)).streams.add(stream)
            if self._watcher is None:
                self._watcher = Thread(target=self._watch, name="live", daemon=True)
                self._watcher.start()
        return stream

    def leave(self, stream: Stream) -> None:
        """Take a stream away; a topic nobody listens to is looked at no more."""
        with self._lock:
            topic = self._topics.get(stream.topic)
            if topic is not None:
                topic.streams.discard(stream)
                if not topic.streams:
                    del self._topics[stream.topic]
                    self._lock.notify()

    def _watch(self) -> None:
        while True:
            began = time.monotonic()
            self._look_at_all()
            took_s = time.monotonic() - began
            with self._lock:
                # Looks never take more than a third of the time, however large what is watched.
                self._lock.wait(max(self.every_s, 2 * took_s))
                if not self._topics:
                    self._watcher = None
                    break
        connections.close_all()

    def _look_at_all(self) -> None:
        with self._lock:
            topics = list(self._topics.values())
        for topic in topics:
            close_old_connections()
            try:
                state = topic.look()
            except Exception as error:  # the next look may succeed; the pages still hear the heartbeat
                _log.warning("live_look_failed", error=type(error).__name__)
                continue
            if topic.looked and state == topic.state and state is not None:
                continue
            # The first look tells only what to compare with; the page has just been drawn or asks when it connects.
            tell = topic.looked or state is None
            topic.looked, topic.state = True, state
            with self._lock:
                for stream in topic.streams if tell else ():
                    stream.over = state is None
                    stream.changed.set()


hub = Hub()


def wanted(request: HttpRequest) -> bool:
    """Whether a request asks for the stream of its address rather than for the page."""
    return request.headers.get("Accept", "").startswith("text/event-stream")


def stream(request: HttpRequest, topic: Hashable, look: Look) -> HttpResponseBase:
    """Answer with a stream that says when `look` answers something new; 204 when there can be none, and the page polls.

    `look` runs in another thread, later and again: it opens the scope it needs, and depends on nothing of the request.
    """
    user: Any = request.user
    try:
        joined = hub.join(topic, user.pk, look)
    except Full:
        return HttpResponse(status=204)
    answer = StreamingHttpResponse(joined, content_type="text/event-stream")
    answer["Cache-Control"] = "no-store"
    answer["X-Accel-Buffering"] = "no"  # nginx would keep the lines until it has a page of them
    return answer
