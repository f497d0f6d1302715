"""A stage for processes: the repository's own definitions deployed, people to act, and verbs that read like a play."""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import insert, select
from werkzeug.datastructures import MultiDict

from engine.commands.deployments import deploy
from engine.commands.instances import start_instance
from engine.commands.tasks import complete_task
from engine.commands.work import settle
from engine.queries.inbox import list_tasks
from engine.records.history import read_stream
from engine.records.rebuild import TOKEN_KINDS, Picture
from engine.runtime.engine import Engine
from engine.runtime.tasks import bind_task, fetch_task
from engine.services.identity.people import groups_of
from engine.storage.actor import PLATFORM, Actor
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import incident, instance, party, task
from tests.support.clock import ManualClock

ROOT = Path(__file__).resolve().parents[2]
BOSS = Actor("boss", PLATFORM, "analyst", frozenset({"analyst"}))
SKILLS = frozenset({"content", "undertaker", "deliverable", "qualification", "result"})


def read_definitions(*folders: str) -> dict[str, bytes]:
    """Every definition file below folders of the repository, by its path."""
    return {
        str(path.relative_to(ROOT)): path.read_bytes()
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".bpmn", ".dmn", ".form", ".json", ".agreement"}
    }


def deploy_all(engine: Engine) -> None:
    """Deploys the repository's `bpmn/` and `forms/`."""
    deploy(engine, BOSS, read_definitions("bpmn", "forms"))


class Stage:
    """One engine on which people act. Tasks are named by their element."""

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self.engine = engine
        self.clock = clock

    # --- people -----------------------------------------------------------------------------------------------------
    def person(self, name: str) -> Actor:
        """A certified person, acting for himself."""
        self._party("person", name)
        return Actor(name, name, "individual", frozenset({"individual"}))

    def organisation(self, name: str) -> str:
        """A certified organisation; gives its party id."""
        return self._party("organisation", name)

    def member(self, name: str, organisation: str, role: str) -> Actor:
        """A person acting for an organisation."""
        self._party("person", name)
        return Actor(name, organisation, role, groups_of(role))

    def staff(self, name: str, role: str, skills: frozenset[str] = SKILLS) -> Actor:
        """One of the platform's people."""
        return Actor(name, PLATFORM, role, frozenset({role}), skills)

    def _party(self, kind: str, name: str) -> str:
        row = {
            "id": name,
            "kind": kind,
            "name_zh": name,
            "name_en": name,
            "is_certified": 1,
            "has_agreement": 1,
            "is_suspended": 0,
            "created_at": self.clock(),
        }
        self.engine.database.transact(lambda unit: unit.connection.execute(insert(party), row))
        return name

    # --- what they do -------------------------------------------------------------------------------------------------
    def start(self, actor: Actor, process_key: str, values: PlainDict) -> str:
        """Starts an instance of a deployed process."""
        return start_instance(self.engine, actor, process_key, values, new_id())

    def do(self, actor: Actor, instance_id: str, element: str, fields: Mapping[str, Plain] | None = None) -> None:
        """Completes the open task of an element with fields as a browser sends them, then lets work settle."""
        submitted = MultiDict(
            (name, str(one))
            for name, value in (fields or {}).items()
            for one in (value if isinstance(value, list) else [value])
        )
        complete_task(self.engine, actor, self.task_id(actor, instance_id, element), new_id(), submitted)
        self.settle()

    def task_id(self, actor: Actor, instance_id: str, element: str) -> str:
        """The open task of an element that the actor may do. Raises LookupError."""
        rows = list_tasks(self.engine, actor, limit=200).rows
        found = [row.id for row in rows if row.instance_id == instance_id and row.element.id == element]
        if not found:
            raise LookupError(f"Expected {element} open for {actor.user_id}, but open are {self.open(instance_id)}")
        return found[0]

    def form_data(self, actor: Actor, instance_id: str, element: str) -> PlainDict:
        """What the form of an open task shows: process data and views."""
        view = fetch_task(self.engine, actor, self.task_id(actor, instance_id, element))
        return dict(bind_task(self.engine, actor, view, "zh").binding.data)

    def settle(self) -> int:
        """Does everything that is due now."""
        return settle(self.engine)

    def wait(self, **duration: float) -> None:
        """Moves the clock on and does everything that became due."""
        self.clock.advance(**duration)
        self.settle()

    # --- what came of it --------------------------------------------------------------------------------------------
    def open(self, instance_id: str) -> set[str]:
        """Elements of the open user tasks."""
        with self.engine.database.read() as connection:
            query = select(task.c.element).where(task.c.instance_id == instance_id)
            return set(connection.execute(query).scalars())

    def outcome(self, instance_id: str) -> str | None:
        """The end event a finished instance reached; None while it runs."""
        with self.engine.database.read() as connection:
            row = connection.execute(select(instance).where(instance.c.id == instance_id)).one()
        return row.outcome if row.status == "completed" else None

    def incidents(self, instance_id: str) -> list[str]:
        """Messages of the open incidents."""
        with self.engine.database.read() as connection:
            query = select(incident.c.message).where(
                incident.c.instance_id == instance_id, incident.c.resolved_at.is_(None)
            )
            return list(connection.execute(query).scalars())

    def path(self, instance_id: str) -> list[str]:
        """Elements in the order they completed."""
        return [str(e["element"]) for e in self._events(instance_id) if e["kind"] == "completed"]

    def data(self, instance_id: str, element: str) -> PlainDict:
        """The process data an open or finished element last had, rebuilt from history."""
        picture, found = Picture(), None
        for event in self._events(instance_id):
            if event["kind"] in TOKEN_KINDS:
                picture.apply(event)
                found = str(event["task"]) if event["element"] == element else found
        if found is None:
            raise LookupError(f"Expected {element} in the history, but it was never reached")
        return picture.data_of(found)

    def _events(self, instance_id: str) -> list[PlainDict]:
        with self.engine.database.read() as connection:
            return [event for row in read_stream(connection, instance_id) for event in row.events]
