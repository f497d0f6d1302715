"""Running cases go over to another version: the trial, the step, the batch, the way back; who may."""

import pytest
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from engine.commands.deployments import deploy
from engine.commands.instances import start_instance
from engine.commands.migrations import (
    Draft,
    plan_migration,
    revert_migration,
    run_migration,
)
from engine.commands.tasks import claim_task, complete_task
from engine.commands.work import settle
from engine.queries.inbox import list_tasks
from engine.queries.inspection import Look, fetch_case, fetch_drawing
from engine.records.history import read_stream
from engine.records.migrations import CLEAN, Filters, find_item
from engine.records.rebuild import TOKEN_KINDS, Picture
from engine.runtime.engine import Engine
from engine.services.verification import verify
from engine.storage.actor import PLATFORM, Actor
from engine.storage.ids import new_id
from engine.storage.tables import definition, instance, task
from tests.support.definitions import two_tasks

ANALYST = Actor("ana", PLATFORM, "analyst", frozenset({"analyst"}))
OWNER = Actor("olga", "olga", "individual", frozenset({"individual"}))
STRANGER = Actor("stan", "stan", "individual", frozenset({"individual"}))
REVIEWER = Actor("rea", PLATFORM, "platform_reviewer", frozenset({"platform_reviewer"}), frozenset({"content"}))
AUDITOR = Actor("aud", PLATFORM, "auditor", frozenset({"auditor"}))


class Desk:
    """Cases of the process `trial`, and an analyst who moves them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def deploy(self, files: dict[str, bytes]) -> str:
        """Deploys; gives the newest version of the process."""
        deploy(self.engine, ANALYST, files)
        with self.engine.database.read() as connection:
            query = select(definition.c.id).where(definition.c.kind == "process", definition.c.key == "trial")
            return str(connection.execute(query.order_by(definition.c.version.desc())).scalars().first())

    def start(self, **values: str) -> str:
        return start_instance(self.engine, OWNER, "trial", {"who": "olga", "peer": "pete", **values}, new_id())

    def do(self, case: str, element: str, actor: Actor = OWNER, **fields: str) -> None:
        complete_task(self.engine, actor, self.task(case, element, actor), new_id(), MultiDict({"note": "n"} | fields))
        settle(self.engine)

    def task(self, case: str, element: str, actor: Actor = OWNER) -> str:
        rows = list_tasks(self.engine, actor, limit=200).rows
        return next(row.id for row in rows if row.instance_id == case and row.element.id == element)

    def plan(self, source: str, target: str, renamed: dict[str, str] | None = None, **filters: object) -> str:
        draft = Draft((source,), target, renamed or {}, Filters(**filters))  # type: ignore[arg-type]
        made = plan_migration(self.engine, ANALYST, new_id(), draft)
        settle(self.engine)
        return made

    def run(self, migration: str, *verdicts: str) -> int:
        count = run_migration(self.engine, ANALYST, migration, verdicts or (CLEAN,), None)
        settle(self.engine)
        return count

    def item(self, migration: str, case: str):  # type: ignore[no-untyped-def]
        with self.engine.database.read() as connection:
            return find_item(connection, migration, case)

    def row(self, case: str):  # type: ignore[no-untyped-def]
        with self.engine.database.read() as connection:
            return connection.execute(select(instance).where(instance.c.id == case)).one()

    def open(self, case: str) -> dict[str, str]:
        """The open tasks by element, with their definitions."""
        with self.engine.database.read() as connection:
            rows = connection.execute(select(task).where(task.c.instance_id == case)).all()
        return {row.element: row.definition_id for row in rows}

    def rebuilt(self, case: str) -> set[str]:
        """Where the case stands, told by its history alone."""
        picture = Picture()
        with self.engine.database.read() as connection:
            for row in read_stream(connection, case):
                for event in row.events:
                    if event["kind"] in TOKEN_KINDS:
                        picture.apply(event)
        return {token.element for token in picture.tokens()}


@pytest.fixture
def desk(any_engine: Engine) -> Desk:
    return Desk(any_engine)


def changed(files: dict[str, bytes], *pairs: tuple[str, str]) -> dict[str, bytes]:
    """The files with texts replaced in the diagram; each must be there."""
    xml = files["bpmn/trial/trial.bpmn"].decode()
    for old, new in pairs:
        assert old in xml
        xml = xml.replace(old, new)
    return {**files, "bpmn/trial/trial.bpmn": xml.encode()}


RENAMED = ('"check"', '"approve"'), ("gw_large_to_check", "gw_large_to_approve"), ("check_to_done", "approve_to_done")


def test_a_renamed_step_goes_on_under_its_new_name_and_back(desk: Desk) -> None:
    first = desk.deploy(two_tasks())
    case = desk.start()
    desk.do(case, "fill", amount_fen="5.00")
    claim_task(desk.engine, REVIEWER, desk.task(case, "check", REVIEWER))
    before = desk.row(case)
    assert desk.open(case) == {"check": first}
    second = desk.deploy(changed(two_tasks(), *RENAMED))
    assert desk.open(case) == {"check": first}, "a deployment leaves running cases where they are"

    blocked = desk.plan(first, second)
    item = desk.item(blocked, case)
    assert (item.verdict, item.reason, item.element, item.places) == ("blocked", "gone", "check", ["trial/check"])
    plan = desk.plan(first, second, {"trial/check": "approve"})
    assert desk.item(plan, case).verdict == CLEAN
    assert desk.run(plan) == 1
    assert desk.item(plan, case).state == "migrated"
    assert desk.open(case) == {"approve": second}
    assert desk.rebuilt(case) == {"approve"}
    assert desk.task(case, "approve", REVIEWER), "the reviewer keeps what he holds"
    assert [*verify(desk.engine)] == []
    view = fetch_case(desk.engine, AUDITOR, case)
    assert [token.element.id for token in view.story.tokens] == ["approve"]
    assert view.case.version == 2
    past = fetch_case(desk.engine, AUDITOR, case, Look(at=view.moment.seq - 1))
    assert ([token.element.id for token in past.story.tokens], past.case.version) == (["check"], 1)
    assert past.drawings[0].xml != view.drawings[0].xml
    old_drawing = fetch_drawing(desk.engine, AUDITOR, case, "trial", past.drawings[0].pin_set_id)
    assert old_drawing == past.drawings[0].xml

    assert revert_migration(desk.engine, ANALYST, plan) == 1
    settle(desk.engine)
    after = desk.row(case)
    assert desk.item(plan, case).state == "reverted"
    assert (after.state, after.pin_set_id, after.definition_id) == (before.state, before.pin_set_id, first)
    assert (desk.open(case), desk.rebuilt(case)) == ({"check": first}, {"check"})
    assert [*verify(desk.engine)] == []

    assert desk.run(desk.plan(first, second, {"trial/check": "approve"})) == 1
    desk.do(case, "approve", REVIEWER)
    assert desk.row(case).status == "completed"
    assert [*verify(desk.engine)] == []
