"""A room to talk in: a small process that opens it between two people, says that something was bought, and ends it."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from PIL import ExifTags, Image
from sqlalchemy import insert

from engine.commands.deployments import deploy
from engine.definitions.catalogue import Pins
from engine.definitions.registry import TopicCall
from engine.runtime.engine import Engine
from engine.runtime.host import StepOutbox
from engine.services.chat.phones.topics import bind_phones
from engine.services.chat.queries import RoomView, fetch_room
from engine.services.chat.topics import close_chat, leave_chat, open_chat
from engine.services.onboarding.person_tables import person_certification
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.changes import case_topic
from engine.storage.database import UnitOfWork
from engine.storage.files import StoredFile, store_file
from engine.storage.ids import new_id
from engine.storage.plain import Plain
from tests.support.definitions import diagram, flow, node, note_form, service, user
from tests.support.stage import BOSS, Stage

PHONES = ("13812345678", "13987654321", "13711112222")
_OPEN = 'parties=${{"requester": who, "courier": peer}}'
_BODY = (
    node("startEvent", "begun")
    + service("open", "chat.open", _OPEN)
    + service("bind", "phones.bind")
    + user("buy")
    + service("tell", "chat.say", 'line=bought\nfacts=${{"amount_fen": 4210}}')
    + user("change")
    + service("reopen", "chat.open", 'parties=${{"courier": third}}')
    + service("rebind", "phones.bind")
    + user("finish")
    + service("close", "chat.close")
    + service("release", "phones.release")
    + node("endEvent", "done")
    + flow("begun open bind buy tell change reopen rebind finish close release done")
)


@dataclass
class Room:
    """The room of one order, with the people in it and around."""

    stage: Stage
    order_id: str
    requester: Actor
    courier: Actor
    third: Actor  # takes over for the courier, where the order goes on so far

    @property
    def engine(self) -> Engine:
        return self.stage.engine

    def go_on(self, element: str) -> None:
        """The order goes on."""
        self.stage.do(self.requester, self.order_id, element, {"note": "on"})

    def see(self, actor: Actor) -> RoomView:
        """The room as somebody sees it."""
        return fetch_room(self.engine, actor, self.order_id)

    def said(self, actor: Actor) -> list[str]:
        """What somebody reads: texts, the names of lines, the kinds of everything else."""
        return [one.text or str(one.content.get("line", one.kind)) for one in self.see(actor).messages]

    def upload(self, actor: Actor, content: bytes, name: str = "file") -> StoredFile:
        """An upload of somebody."""

        def work(unit: UnitOfWork) -> StoredFile:
            return store_file(unit, self.engine.keys, self.engine.files, name, io.BytesIO(content), actor.party_id)

        return self.engine.database.transact(work)


def open_room(stage: Stage, names: tuple[str, str, str] = ("rita", "carl", "tom")) -> Room:
    """Starts the process; everybody has confirmed his phone."""
    definitions = {**note_form(), **diagram("parcel", _BODY, variables="who peer third")}
    deploy(stage.engine, BOSS, definitions)
    people = [stage.person(one) for one in names]
    for person, number in zip(people, PHONES, strict=True):
        certify(stage.engine, person.party_id, number)
    values = dict(zip(("who", "peer", "third"), (one.party_id for one in people), strict=True))
    order_id = stage.start(people[0], "parcel", {**values})
    stage.settle()
    return Room(stage, order_id, *people)


def certify(engine: Engine, party_id: str, number: str) -> None:
    """A person with a phone he has confirmed."""

    def work(unit: UnitOfWork) -> None:
        row = {
            "id": new_id(),
            "party_id": party_id,
            "state": "active",
            "phone": vault.put(unit.connection, engine.keys, party_id, number),
            "opened_at": unit.now,
            "phone_confirmed_at": unit.now,
        }
        unit.connection.execute(insert(person_certification), row)

    engine.database.transact(work)


def photo(shade: int = 90) -> bytes:
    """A JPEG that says where it was taken."""
    exif = Image.Exif()
    names = ("GPSLatitudeRef", "GPSLatitude", "GPSLongitudeRef", "GPSLongitude")
    places = ("N", (31.0, 13.0, 49.4), "E", (121.0, 28.0, 25.3))
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps.update({ExifTags.GPS[name]: value for name, value in zip(names, places, strict=True)})
    out = io.BytesIO()
    Image.new("RGB", (2000, 900), (shade, 120, 140)).save(out, "JPEG", exif=exif)
    return out.getvalue()


VOICE = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm" + b"\0" * 400


class _Call(StepOutbox):
    """A topic's call without a process."""

    def __init__(self, engine: Engine, unit: UnitOfWork, order_id: str) -> None:
        super().__init__(unit.connection, engine.keys, unit.now)
        newest = Pins("", engine.catalogue.newest(unit.connection))
        self.instance_id, self.business_key = order_id, f"ER-2026-{order_id[-6:].upper()}"
        self.policy = engine.catalogue.policy(unit.connection, newest)
        self.calendar = engine

    def note(self, kind: str, **facts: Plain) -> None:
        """There is no history."""


def open_by_itself(engine: Engine, parties: dict[str, str]) -> str:
    """A room of no process, with the phone asked for; gives the id of its order."""

    def work(call: TopicCall) -> None:
        open_chat(call, parties=parties)
        bind_phones(call)

    order_id = new_id()
    _do(engine, order_id, work)
    return order_id


def leave_by_itself(engine: Engine, order_id: str, side: str) -> None:
    """Who is at a side leaves such a room."""
    _do(engine, order_id, lambda call: leave_chat(call, side=side))


def end_by_itself(engine: Engine, order_id: str) -> None:
    """Ends such a room."""
    _do(engine, order_id, lambda call: close_chat(call))


def _do(engine: Engine, order_id: str, work: Callable[[TopicCall], object]) -> None:
    """What a step would do, and tells open pages as it does."""

    def transact(unit: UnitOfWork) -> None:
        work(cast(TopicCall, _Call(engine, unit, order_id)))
        unit.after_commit.append(lambda: engine.changes.publish([case_topic(order_id)]))

    engine.database.transact(transact)
