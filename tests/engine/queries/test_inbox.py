"""Lists of tasks: for everybody and in every order the same as by looking at each task, on every page."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any

import pytest
from alembic import command
from sqlalchemy import insert, select, update

from bench.million.samples import KEYS, definitions
from bench.million.words import Subjects
from engine.commands.deployments import deploy
from engine.queries import inbox
from engine.queries.inbox import (
    COUNT_LIMIT,
    FREE,
    GROUP,
    LATE,
    MINE,
    SORTS,
    VIEWS,
    TaskFilter,
    TaskRow,
    count_tasks,
    list_tasks,
)
from engine.records.worklist import OpenTask, add_candidate, add_tasks, move_due, offer_anew, read_offer, restore_offer
from engine.runtime.assignment import DEFAULT_PRIORITY
from engine.runtime.engine import Engine
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.grams import add_case_grams, fold
from engine.storage.ids import new_id
from engine.storage.schema import alembic_config, upgrade_schema
from engine.storage.tables import instance, membership, task, user
from tests.support.clock import START, ManualClock
from tests.support.stage import Stage

CASES, TASKS = 30, 260
DAY = timedelta(days=1)
ANN = Actor("ann", "ann", "individual", frozenset({"individual"}))
CLERK = Actor("ann", "acme", "enterprise_admin", frozenset({"enterprise_admin", "enterprise_finance"}))
REVIEWER = Actor("rev", PLATFORM, "platform_reviewer", frozenset({"platform_reviewer"}), frozenset({"content"}))
MEMBER = Actor("ann", PLATFORM, "platform_reviewer", frozenset({"platform_reviewer"}))
NEWCOMER = Actor("ann", "ann", "")  # has no role yet
ACTORS = (ANN, CLERK, REVIEWER, MEMBER, NEWCOMER)
PARTIES = ("ann", "acme", "staff:rev", "bob")
MEMBERS = ("acme/enterprise_admin", "acme/enterprise_finance", "acme/enterprise_hr")
GROUPS = ("platform_reviewer", "enterprise_finance", "customer_service")
EXCLUDED = ("ann", "staff:rev", "rev", "acme", "bob")
DUES = (None, START - 2 * DAY, START - DAY, START, START + DAY, START + 8 * DAY)  # few: most are due with others


@dataclass(frozen=True)
class Known:
    """An open task and all that lists say of it."""

    task: OpenTask
    case: dict[str, Any]
    holder: str | None

    def is_for(self, actor: Actor) -> bool:
        person = actor.data_id if actor.party_id in (actor.user_id, PLATFORM) else ""
        names = {("party", actor.party_id), ("party", person)}
        names |= {("member", f"{actor.party_id}/{group}") for group in actor.groups}
        names |= {("group", group) for group in actor.groups}
        himself = {actor.party_id, person, actor.user_id} | ({"acme"} if actor.user_id == "ann" else set())
        has_skill = self.task.skill is None or self.task.skill in actor.skills
        return bool(names & self.task.candidates) and has_skill and not himself & set(self.task.excluded)

    def is_in(self, view: str, actor: Actor) -> bool:
        person = actor.data_id if actor.party_id in (actor.user_id, PLATFORM) else ""
        is_free, is_mine = self.holder in (None, actor.user_id), self.holder == actor.user_id
        in_person = ("party", person) in self.task.candidates
        return {
            "all": True,
            FREE: is_free,
            MINE: is_mine or (is_free and in_person),
            GROUP: self.holder is None and not in_person,
        }[view]

    def fits(self, wanted: TaskFilter) -> bool:
        due, texts = self.task.due_at, [self.case[name] for name in ("business_key", "subject_zh", "subject_en")]
        return (
            (not wanted.search or any(fold(wanted.search) in fold(text or "") for text in texts))
            and wanted.process_key in ("", self.case["process_key"])
            and wanted.skill in ("", self.task.skill)
            and (not wanted.is_urgent or self.task.priority > DEFAULT_PRIORITY)
            and (wanted.due_from is None or (due is not None and due >= wanted.due_from))
            and (wanted.due_before is None or (due is not None and due < wanted.due_before))
        )


@dataclass
class Office:
    """An engine with open tasks of all kinds, and what is known of them."""

    engine: Engine
    known: dict[str, Known]

    def expect(self, actor: Actor, wanted: TaskFilter) -> list[str]:
        """The same list by looking at every task."""
        fit = [one for one in self.known.values() if one.is_for(actor) and one.is_in(wanted.view, actor)]
        found = sorted((one.task for one in fit if one.fits(wanted)), key=lambda one: one.id)
        if wanted.sort == "due":
            return [one.id for one in sorted(found, key=lambda one: (one.due_at is None, one.due_at or START))]
        found.reverse()
        return [one.id for one in sorted(found, key=lambda one: -one.priority if wanted.sort == "priority" else 0)]

    def find(self, actor: Actor, wanted: TaskFilter, limit: int = 200) -> list[str]:
        """The tasks of every page."""
        found, after = list[TaskRow](), None
        while True:
            page = list_tasks(self.engine, actor, wanted, after, limit)
            found += page.rows
            after = page.after
            if after is None:
                return [row.id for row in found]


@pytest.fixture
def office(any_engine: Engine, clock: ManualClock) -> Office:
    """Open tasks at random: of few cases and few due dates, offered to one to three, some excluded, some held."""
    files = definitions().items()
    deploy(any_engine, SYSTEM, {path: file for path, file in files if not any(key in path for key in KEYS[3:])})
    stage = Stage(any_engine, clock)
    stage.person("ann")
    stage.organisation("acme")
    started = stage.start(stage.person("bob"), KEYS[0], {"who": "bob"})
    found = Office(any_engine, {})
    any_engine.database.transact(lambda unit: _fill(unit, started, found.known))
    return found


def _fill(unit: UnitOfWork, started: str, known: dict[str, Known]) -> None:
    random, connection = Random(7), unit.connection
    sample = dict(connection.execute(select(instance).where(instance.c.id == started)).mappings().one())
    subjects = Subjects(random)
    account = {"id": "ann", "login": "ann", "password_hash": "", "language": None}
    connection.execute(insert(user), account | {"is_disabled": 0, "created_at": unit.now})
    connection.execute(insert(membership), {"user_id": "ann", "party_id": "acme", "role": "hr", "skills": []})
    for number in range(CASES):
        key, (chinese, english) = KEYS[number % 3], subjects.make()
        texts = {"business_key": f"{key[-2:]}-{number:04}", "subject_zh": chinese, "subject_en": english}
        case = sample | {"id": new_id(), "process_key": key, **texts}
        connection.execute(insert(instance), case)
        add_case_grams(connection, case["id"], [], texts.values())
        offers = [_offer(random, case["definition_id"]) for _ in range(TASKS // CASES)]
        add_tasks(connection, case["id"], key, unit.now, offers)
        for one in offers:
            holder = random.choice((None, None, None, "ann", "rev"))
            connection.execute(update(task).where(task.c.id == one.id).values(assignee_id=holder))
            known[one.id] = Known(one, case, holder)


def _offer(random: Random, definition_id: str) -> OpenTask:
    def some(values: tuple[str, ...], most: int) -> tuple[str, ...]:
        return tuple(random.sample(values, random.randint(0, most)))

    return OpenTask(
        id=new_id(),
        definition_id=definition_id,
        element=random.choice((f"fill_{KEYS[0]}", f"check_{KEYS[0]}")),
        assignee_id=None,
        parties=some(PARTIES, 2),
        members=some(MEMBERS, 1),
        groups=some(GROUPS, 2),
        excluded=some(EXCLUDED, 1) if random.random() < 0.3 else (),
        skill=random.choice((None, None, "content", "result")),
        priority=random.choice((20, 50, 50, 80)),
        due_at=random.choice(DUES),
        follow_up_at=None,
    )


FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"process_key": KEYS[1]},
    {"process_key": "none"},
    {"skill": "content"},
    {"is_urgent": True},
    {"due_before": START},
    {"due_from": START, "due_before": START + 7 * DAY},
    {"due_from": START},
    {"process_key": KEYS[0], "is_urgent": True, "due_before": START + DAY},
    {"search": "空调"},
    {"search": "佛"},
    {"search": "AIR COND"},
    {"search": "-001"},
    {"search": "ai"},
    {"search": "%"},
    {"search": "zeppelin"},
    {"search": "维修", "process_key": KEYS[0], "due_before": START + 9 * DAY},
)


def test_lists_are_what_one_finds_by_looking_at_each_task(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all combinations some hundred, the same in every run."""
    lists = [*product(ACTORS, (*VIEWS, FREE), SORTS, FILTERS)]
    asked = [*Random(3).sample(lists, 120), *product((REVIEWER,), ("all",), ("due",), FILTERS)]
    searched = [one for one in asked if "search" in one[3]]
    for few, some in ((8_000, asked), (0, searched)):  # a text is looked for from the cases that say it, or the list
        monkeypatch.setattr(inbox, "FEW_CASES", few)
        for actor, view, sort, parts in some:
            wanted = TaskFilter(view=view, sort=sort, **parts)
            assert office.find(actor, wanted) == office.expect(actor, wanted), (few, actor, wanted)
    assert len(office.expect(REVIEWER, TaskFilter())) > 60
    assert len(office.expect(CLERK, TaskFilter(view=GROUP))) > 20


def test_pages_leave_nothing_out_and_show_nothing_twice(office: Office) -> None:
    for actor, view, sort in product((ANN, REVIEWER), ("all", MINE), SORTS):
        wanted = TaskFilter(view=view, sort=sort)
        assert office.find(actor, wanted, 7) == office.expect(actor, wanted), (actor, wanted)
    for mark in ("x", ":", "-:a", "9" * 40 + ":a"):
        with pytest.raises(ValueError, match=r"int|where a page begins"):
            list_tasks(office.engine, ANN, after=mark)


def test_counts_stop_at_a_hundred(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit in (COUNT_LIMIT, 9):
        monkeypatch.setattr(inbox, "COUNT_LIMIT", limit)
        for actor in ACTORS:
            late = TaskFilter(view=FREE, due_before=START)
            lists = {view: TaskFilter(view=view) for view in VIEWS} | {LATE: late}
            expected = {name: min(limit, len(office.expect(actor, one))) for name, one in lists.items()}
            assert count_tasks(office.engine, actor) == expected


def test_whatever_changes_a_task_moves_it_in_the_lists(office: Office) -> None:
    first, second = office.expect(REVIEWER, TaskFilter())[10:12]
    known = office.known

    def change(**values: Any) -> OpenTask:
        moved = replace(known[second].task, **values)
        known[second] = replace(known[second], task=moved)
        return moved

    def act(work: Callable[[UnitOfWork], Any]) -> Any:
        result = office.engine.database.transact(work)
        for actor, sort in product((ANN, REVIEWER), SORTS):
            for parts in FILTERS[:1] + FILTERS[4:6]:
                wanted = TaskFilter(sort=sort, **parts)
                assert office.find(actor, wanted) == office.expect(actor, wanted)
        return result

    case, element = known[first].case["id"], known[first].task.element
    for due_at in (START + 3 * DAY, None):
        for one in known.values():
            if one.case["id"] == case and one.task.element == element:
                known[one.task.id] = replace(one, task=replace(one.task, due_at=due_at))
        act(lambda unit: move_due(unit.connection, case, element, due_at))  # noqa: B023
    offer = office.engine.database.transact(lambda unit: read_offer(unit.connection, second))
    before = known[second]
    urgent = change(priority=95, skill=None)
    assert not act(lambda unit: offer_anew(unit.connection, urgent))
    other = change(parties=("ann",), groups=(), members=(), priority=10)
    known[second] = replace(known[second], holder=None)
    assert act(lambda unit: offer_anew(unit.connection, other))
    change(groups=("platform_reviewer",))
    assert act(lambda unit: add_candidate(unit.connection, second, "group", "platform_reviewer"))
    assert not act(lambda unit: add_candidate(unit.connection, second, "group", "platform_reviewer"))
    known[second] = before
    act(lambda unit: restore_offer(unit.connection, offer))


def test_tasks_of_before_are_listed(office: Office) -> None:
    with office.engine.database.writer.begin() as connection:
        command.downgrade(alembic_config(connection), "0029-1")
    upgrade_schema(office.engine.database)
    for actor, sort in product(ACTORS, SORTS):
        wanted = TaskFilter(sort=sort, process_key=KEYS[1])
        assert office.find(actor, wanted) == office.expect(actor, wanted)
    assert office.find(REVIEWER, TaskFilter(search="空调")) == office.expect(REVIEWER, TaskFilter(search="空调"))
