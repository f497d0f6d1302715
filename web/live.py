"""Live updates: an open page is told that something changed, never what, and then asks for its own part again.

A connection holds a thread of the server and nothing else, no database session. So their number is limited (who finds
none free asks at intervals instead) and each ends after a while: the browser comes back and is authorised anew.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

import psycopg
from flask import Blueprint, Response, request

from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.tasks import find_task
from engine.services.chat.queries import mark_room
from engine.services.chat.rooms import room_topic
from engine.services.dispatch.rows import courier_topic
from engine.services.errands.commands import COURIER
from engine.services.errands.queries import is_party, list_errands
from engine.services.tracking.queries import read_linked_track
from engine.services.tracking.routing import track_topic
from engine.storage.changes import WORK, Changes, Listener, case_topic
from engine.storage.ids import new_id
from web.security import current_actor

log = logging.getLogger(__name__)
HEARTBEAT_SECONDS = 15.0  # so that a connection the browser has left is noticed
PAUSE_SECONDS = 1.0  # between two notes to one page
LIFETIME_SECONDS = 600.0
RETRY_MILLISECONDS = 3000
SHARE_OF_THREADS = 2  # at most every second thread serves a live connection
CHANNEL = "baton_changes"
TOPICS_PER_NOTE = 150  # a note of PostgreSQL holds 8000 bytes
RETRY_SECONDS = 2.0


def make_live(engine: Engine) -> Blueprint:
    """The blueprint `live`."""
    blueprint = Blueprint("live", __name__)
    places = threading.BoundedSemaphore(max(1, engine.settings.threads // SHARE_OF_THREADS))

    def inbox() -> Response:
        """Tells of changes to work lists."""
        return _stream(engine.changes, places, WORK)

    def task(task_id: str) -> Response:
        """Tells of changes to the case of a task."""
        with engine.database.read() as connection:
            instance_id = find_task(connection, current_actor(), task_id).instance_id
        return _stream(engine.changes, places, case_topic(instance_id))

    def courier() -> Response:
        """Tells a courier of changes to the offers pushed to him, and to what he carries."""
        actor = current_actor()
        carried = list_errands(engine, actor, COURIER, limit=MAX_LIMIT).rows
        topics = [case_topic(card.id) for card in carried]
        return _stream(engine.changes, places, courier_topic(actor.party_id), *topics)

    def errand(order_id: str) -> Response:
        """Tells either side of an errand of changes to it, and to where its courier is."""
        with engine.database.read() as connection:
            if not is_party(connection, order_id, current_actor().party_id):
                raise NotFound("errand", order_id)
        return _stream(engine.changes, places, case_topic(order_id), track_topic(order_id))

    def follow(order_id: str, proof: str) -> Response:
        """Tells a recipient of changes to his order, and to where its courier is."""
        read_linked_track(engine, order_id, proof)
        return _stream(engine.changes, places, track_topic(order_id), case_topic(order_id))

    def chat(order_id: str) -> Response:
        """Tells of what is said in a chat room. Each note has the room's mark as its id: who comes back with an older
        one, or begins with that of his page, hears at once that he has missed something.
        """
        actor = current_actor()

        def read_mark() -> str:
            with engine.database.read() as connection:
                return mark_room(connection, actor, order_id, engine.clock())

        read_mark()  # authorises
        known = request.headers.get("Last-Event-ID") or request.args.get("mark", "")
        return _stream(engine.changes, places, room_topic(order_id), case_topic(order_id), mark=Mark(read_mark, known))

    blueprint.add_url_rule("/live/inbox", "inbox", inbox)
    blueprint.add_url_rule("/live/courier", "courier", courier)
    blueprint.add_url_rule("/live/errands/<order_id>", "errand", errand)
    blueprint.add_url_rule("/live/chat/<order_id>", "chat", chat)
    blueprint.add_url_rule("/live/tasks/<task_id>", "task", task)
    blueprint.add_url_rule("/live/t/<order_id>/<proof>", "follow", follow)
    return blueprint


@dataclass
class Mark:
    """How far a page has got: `read` gives the present mark of what it shows, `known` is the one it has."""

    read: Callable[[], str]
    known: str

    def note(self) -> str:
        """The event that brings the page on; a comment where it has everything."""
        present = self.read()
        if present == self.known:
            return ":\n\n"
        self.known = present
        return f"id: {present}\ndata: changed\n\n"


def _stream(changes: Changes, places: threading.BoundedSemaphore, *topics: str, mark: Mark | None = None) -> Response:
    """Server-sent events; 204, which tells a browser not to come back, where all places are taken."""
    if not places.acquire(blocking=False):
        return Response(status=204)
    listener = changes.add(topics)

    def leave() -> None:
        changes.remove(listener)
        places.release()

    response = Response(_tell(listener, mark), mimetype="text/event-stream")
    response.headers["X-Accel-Buffering"] = "no"
    response.call_on_close(leave)
    return response


def _tell(listener: Listener, mark: Mark | None) -> Iterator[str]:
    end = monotonic() + LIFETIME_SECONDS
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    with suppress(NotFound):  # it is none of the reader's business any more
        if mark:
            yield mark.note()
        yield from _go_on_telling(listener, mark, end)


def _go_on_telling(listener: Listener, mark: Mark | None, end: float) -> Iterator[str]:
    while not listener.is_closed and monotonic() < end:
        told = listener.wait(HEARTBEAT_SECONDS)
        if not told:
            yield ":\n\n"
        else:
            yield mark.note() if mark else "data: changed\n\n"
        listener.pause(PAUSE_SECONDS)


@dataclass
class Relay:
    """Carries notes between the processes of one PostgreSQL database. A note may be lost with a connection: whoever
    listens is then told to ask again.
    """

    url: str
    changes: Changes
    name: str = field(default_factory=new_id)
    _threads: list[threading.Thread] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    is_listening: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "Relay":
        """Begins to send and to hear."""
        self._listener = self.changes.add(None)
        for work in (self._send, self._hear):
            thread = threading.Thread(target=self._keep_up, args=(work,), name=f"live{work.__name__}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return self

    def stop(self) -> None:
        """Ends both threads."""
        self._stop.set()
        self.changes.remove(self._listener)
        for thread in self._threads:
            thread.join()

    def _keep_up(self, work: Callable[[psycopg.Connection], None]) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self.url, autocommit=True) as connection:
                    work(connection)
            except psycopg.Error as error:
                log.warning("live updates interrupted: %s", error)
                self._stop.wait(RETRY_SECONDS)

    def _send(self, connection: psycopg.Connection) -> None:
        while not self._listener.is_closed:
            told = sorted(self._listener.wait(HEARTBEAT_SECONDS))
            for first in range(0, len(told), TOPICS_PER_NOTE):
                note = json.dumps([self.name, *told[first : first + TOPICS_PER_NOTE]])
                connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, note))

    def _hear(self, connection: psycopg.Connection) -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        self.changes.publish_all(self._listener)
        self.is_listening.set()
        while not self._stop.is_set():
            for notice in connection.notifies(timeout=PAUSE_SECONDS):
                with suppress(ValueError):
                    sender, *topics = json.loads(notice.payload)
                    if sender != self.name:
                        self.changes.publish(topics, self._listener)


def start_relay(engine: Engine) -> Relay | None:
    """The relay of this process; none on SQLite, whose one process hears of everything by itself."""
    if engine.database.is_sqlite:
        return None
    url = engine.database.reader.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return Relay(url, engine.changes).start()
