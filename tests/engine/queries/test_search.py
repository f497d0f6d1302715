"""Searching many cases: what is found, by whom, and that no list of all cases is looked through for it.

The crowd is that of `./run bench million`, a small one; what it costs among a million is measured there.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, select, update

from bench.measuring import count_sql
from bench.million import create_database
from bench.million.crowd import BUSY, FEW
from bench.million.fill import fill
from bench.million.questions import AUDITOR, FINANCE, REVIEWER, person
from bench.million.samples import KEYS, REMINDED, RETIRED, definitions
from engine.commands.deployments import deploy
from engine.commands.instances import start_instance
from engine.commands.work import run_due_work
from engine.definitions.registry import TOPICS, TopicCall, topic
from engine.queries import cases
from engine.queries.cases import CaseFilter, FoundCases, search_cases
from engine.queries.inbox import ALL, FREE, GROUP, MINE, SORTS, TaskFilter, count_tasks, list_tasks
from engine.queries.inspection import fetch_case
from engine.queries.parties import find_parties
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import register_person
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from engine.storage.grams import add_case_grams, add_party_grams, fold
from engine.storage.ids import first_id_at, new_case_id, new_token, start_of
from engine.storage.schema import alembic_config, upgrade_schema
from engine.storage.settings import Settings
from engine.storage.tables import incident, instance, instance_party, party, task
from tests.support.clock import START, ManualClock
from tests.support.definitions import FILES, diagram, flow, node, service
from tests.support.stage import BOSS, Stage

FINISHED, OPEN = 1_100, 150
PASSWORDS = Passwords(1)
MANY_ROWS = {"instance", "instance_party", "history", "task", "task_candidate", "case_gram", "party_gram", "party"}
MANY_ROWS |= {"incident", "submission", "job"}


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def crowded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine with a crowd; the tests only read it."""
    url = ""
    if request.param == "postgres":
        server = request.getfixturevalue("postgres_template")
        url = create_database(server, "crowd")
    engine = Engine(Settings(database_url=url, data_dir=tmp_path_factory.mktemp("crowd")), ManualClock())
    upgrade_schema(engine.database)
    deploy(engine, SYSTEM, definitions())
    fill(engine, FINISHED, OPEN)
    yield engine
    engine.close()


def find_all(engine: Engine, wanted: CaseFilter, limit: int = 200) -> list[str]:
    """The ids of every page."""
    found, after = list[str](), None
    while True:
        page = search_cases(engine, AUDITOR, wanted, after, limit)
        found += [row.id for row in page.rows]
        after = page.after
        if after is None:
            return found


def expect(connection: Connection, *filters: CaseFilter) -> list[list[str]]:
    """The same by looking at every case."""
    names = {row.id: fold(f"{row.name_zh}\n{row.name_en}") for row in connection.execute(select(party))}
    belongs = defaultdict[str, set[str]](set)
    for row in connection.execute(select(instance_party)):
        belongs[row.instance_id].add(row.party_id)
    waits = {(row.instance_id, row.element) for row in connection.execute(select(task))}
    stopped = set(connection.execute(select(incident.c.instance_id).where(incident.c.resolved_at.is_(None))).scalars())
    rows = connection.execute(select(instance).order_by(instance.c.id.desc())).all()
    texts = {row.id: fold(f"{row.business_key}\n{row.subject_zh}\n{row.subject_en}") for row in rows}

    def fits(row: Any, wanted: CaseFilter) -> bool:
        sought = fold(wanted.party)
        is_of_party = any(who == wanted.party or sought in names.get(who, "") for who in belongs[row.id])
        has_status = row.id in stopped if wanted.status == "incident" else wanted.status in ("", row.status)
        return (
            (fold(wanted.text) in texts[row.id] or wanted.text == row.id)
            and (not wanted.party or is_of_party)
            and (not wanted.element or (row.id, wanted.element) in waits)
            and wanted.process_key in ("", row.process_key)
            and has_status
            and (wanted.started_from is None or row.started_at >= wanted.started_from)
            and (wanted.started_to is None or row.started_at < wanted.started_to)
        )

    return [[row.id for row in rows if fits(row, wanted)] for wanted in filters]


FILTERS = (
    CaseFilter(),
    CaseFilter(text="空调"),
    CaseFilter(text="佛"),
    CaseFilter(text="水泵维修"),
    CaseFilter(text="REPAIR, hang"),
    CaseFilter(text="ai"),
    CaseFilter(text="ｒｅｐａｉｒ"),
    CaseFilter(text="zeppelin"),
    CaseFilter(text="鑫森"),
    CaseFilter(text="00000777"),
    CaseFilter(text="0-000007"),
    CaseFilter(text="%"),
    CaseFilter(text="_"),
    CaseFilter(text="a%r"),
    CaseFilter(text="\\"),
    CaseFilter(party="party-3"),
    CaseFilter(party="nobody"),
    CaseFilter(party="王"),
    CaseFilter(party="有限公司"),
    CaseFilter(party="son"),
    CaseFilter(party="A."),
    CaseFilter(process_key=KEYS[1]),
    CaseFilter(process_key="none"),
    CaseFilter(status="cancelled"),
    CaseFilter(status="completed", text="维修"),
    CaseFilter(status="incident"),
    CaseFilter(status="none"),
    CaseFilter(process_key=RETIRED, status="active"),
    CaseFilter(element=f"check_{KEYS[0]}", status="active"),
    CaseFilter(process_key=KEYS[0], status="incident", text="空调"),
    CaseFilter(started_from=START - timedelta(days=400), started_to=START - timedelta(days=390)),
    CaseFilter(started_to=START - timedelta(days=1000), text="电梯", party="科技"),
)


def test_every_search_finds_what_fits(crowded: Engine) -> None:
    found = [find_all(crowded, wanted) for wanted in FILTERS]
    with crowded.database.read() as connection:
        expected = expect(connection, *FILTERS)
    wrong = [wanted for wanted, some, all_ in zip(FILTERS, found, expected, strict=True) if some != all_]
    assert wrong == []
    assert find_all(crowded, CaseFilter(text=found[0][7])) == [found[0][7]]


def test_a_number_in_full_finds_the_case_of_that_number_alone(crowded: Engine) -> None:
    with crowded.database.writer.begin() as connection:
        first, second = connection.execute(select(instance.c.id).order_by(instance.c.id).limit(2)).scalars()
        for case_id, number in ((first, "ZZ-7"), (second, "ZZ-77")):
            connection.execute(update(instance).where(instance.c.id == case_id).values(business_key=number))
            add_case_grams(connection, case_id, [], [number])
    assert find_all(crowded, CaseFilter(text="ZZ-77")) == [second]
    assert find_all(crowded, CaseFilter(text="ZZ-7")) == [first]
    assert find_all(crowded, CaseFilter(text="zz-7")) == [second, first]
    assert find_all(crowded, CaseFilter(text="ZZ-7", status="none")) == []


def test_a_search_that_has_to_look_far_stops_and_goes_on(crowded: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "MAX_LOOKED", 100)
    monkeypatch.setattr(cases, "MAX_REACH", 64)
    wanted, after, pages = CaseFilter(process_key=KEYS[0], text="ai"), None, list[FoundCases]()
    while not pages or after:
        pages.append(search_cases(crowded, AUDITOR, wanted, after, 200))
        after = pages[-1].after
    assert len(pages) > 2
    looked_to = [page.looked_to for page in pages]
    assert looked_to[-1] is None
    assert looked_to[:-1] == sorted(filter(None, looked_to), reverse=True)
    with crowded.database.read() as connection:
        assert [[row.id for page in pages for row in page.rows]] == expect(connection, wanted)


def test_pages_follow_each_other(crowded: Engine) -> None:
    for wanted in (CaseFilter(), CaseFilter(text="维修"), CaseFilter(party="party-0"), CaseFilter(process_key=KEYS[0])):
        assert find_all(crowded, wanted, 7)[:40] == find_all(crowded, wanted)[:40]
    for mark in ("x", "g", "-", "0' OR 1"):
        with pytest.raises(ValueError, match="where a page begins"):
            search_cases(crowded, AUDITOR, CaseFilter(), mark)


@pytest.mark.parametrize("role", ["analyst", "platform_reviewer", "platform_finance", "individual"])
def test_only_readers_of_cases_may_search(engine: Engine, role: str) -> None:
    actor = Actor("eve", PLATFORM, role, frozenset({role}))
    for wanted in (CaseFilter(), CaseFilter(text="空调"), CaseFilter(party="王")):
        with pytest.raises(NotFound):
            search_cases(engine, actor, wanted)


TASKS = (
    *(TaskFilter(sort=sort) for sort in SORTS),
    *(TaskFilter(view=view) for view in (MINE, GROUP, FREE)),
    TaskFilter(process_key=KEYS[0], is_urgent=True, due_before=START),
    TaskFilter(search="空调", sort="priority"),
    TaskFilter(search="a%r"),
)


def test_no_question_reads_all_of_a_long_table(crowded: Engine) -> None:
    """A part of a name of one or two letters alone is looked for in all names."""
    engine, asked = crowded, [one for one in FILTERS if one.party not in {"A."}]

    def ask() -> None:
        for wanted in asked:
            search_cases(engine, AUDITOR, wanted)
        for actor in (REVIEWER, person(BUSY)):
            for tasks in TASKS:
                list_tasks(engine, actor, tasks)
            count_tasks(engine, actor)
        fetch_case(engine, AUDITOR, search_cases(engine, AUDITOR, CaseFilter()).rows[0].id)
        run_due_work(engine)

    assert _list_read_whole(engine, ask) == set()


def test_the_inbox_is_planned_once_for_whoever_asks(crowded: Engine) -> None:
    """To plan the union of all names that somebody goes by takes many times what it takes to run it."""
    if crowded.database.is_sqlite:
        return  # plans when it prepares
    with crowded.database.read() as connection:
        connection.exec_driver_sql("ANALYZE")
    for actor in 4 * [REVIEWER, FINANCE, person(BUSY), person(FEW), person("nobody")]:
        for view, sort in product((ALL, MINE, GROUP), SORTS):
            list_tasks(crowded, actor, TaskFilter(view=view, sort=sort))
        count_tasks(crowded, actor)
    with crowded.database.read() as connection:
        asked = connection.exec_driver_sql(
            "SELECT generic_plans, custom_plans, statement FROM pg_prepared_statements "
            "WHERE statement LIKE '%%task_candidate AS offered%%' AND generic_plans + custom_plans > 5"
        ).all()
    assert len(asked) >= 3 * len(SORTS)
    assert [one.statement for one in asked if one.custom_plans > 5] == []  # the server looks at five before it decides


@pytest.mark.parametrize(("sort", "index"), [("due", "by_due"), ("priority", "by_priority"), ("created", "by_age")])
def test_a_list_comes_in_order_from_an_index(crowded: Engine, sort: str, index: str) -> None:
    """Of each name of an actor no more than a page is read, whatever it is narrowed by."""
    if not crowded.database.is_sqlite:
        return
    wanted = [TaskFilter(sort=sort), TaskFilter(sort=sort, process_key=KEYS[0], is_urgent=True, due_before=START)]
    with count_sql(crowded.database) as counts:
        pages = [list_tasks(crowded, REVIEWER, one, limit=5) for one in wanted]
        list_tasks(crowded, REVIEWER, wanted[0], pages[0].after, 5)
    with crowded.database.read() as connection:
        for one in counts.statements:
            plan = [str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}")]
            names = [line for line in plan if line.startswith("SEARCH offered")]
            assert len(names) == 4  # himself, the platform, its members in his role, his group
            assert all(f"ix_task_candidate_{index}" in line for line in names)
            assert sum("TEMP B-TREE FOR ORDER BY" in line for line in plan) == 2  # of what these give, and of the page


def _list_read_whole(engine: Engine, ask: Any) -> set[str]:
    """The long tables of which all rows are read, though an index could be used."""
    if engine.database.is_sqlite:
        with count_sql(engine.database) as counts:
            ask()
        with engine.database.read() as connection:
            plans = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}") for one in _distinct(counts.statements)]
            lines = [str(row[3]) for plan in plans for row in plan]
        return {found[1] for line in lines if (found := re.match(r"SCAN (\w+)", line)) and found[1] in MANY_ROWS}
    engine.database.close()  # what was read before is counted when a connection ends
    with engine.database.read() as connection, engine.database.writer.connect() as writing:
        for one in (connection, writing):
            one.exec_driver_sql("SET enable_seqscan = off")
            one.commit()
    before = _count_reads(engine)
    ask()
    return {name for name, count in _count_reads(engine).items() if count != before[name]} & MANY_ROWS


def _distinct(statements: list[str]) -> list[str]:
    """One of each form."""
    return list({re.sub(r"'[^']*'|[0-9]+", "?", one): one for one in statements if one.startswith("SELECT")}.values())


def _count_reads(engine: Engine) -> dict[str, int]:
    with engine.database.read() as connection:
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        rows = connection.exec_driver_sql("SELECT relname, seq_scan FROM pg_stat_user_tables")
        return {str(row[0]): int(row[1]) for row in rows}


@pytest.fixture
def named(any_engine: Engine) -> Iterator[str]:
    """A case that got another number and a subject when it began."""

    @topic("name_trial")
    def name_trial(call: TopicCall, *, title: str) -> dict[str, Any]:
        call.describe(title, f"{title} trial", number="TR-77")
        return {}

    body = node("startEvent", "begun") + service("name", "name_trial", "title=${title}") + node("endEvent", "done")
    deploy(any_engine, BOSS, {**FILES, **diagram("named", body + flow("begun name done"), variables="title")})
    ann = Actor("ann", "ann", "individual", frozenset({"individual"}))
    yield start_instance(any_engine, ann, "named", {"title": "鎏金佛像"}, new_token(), "OLD-12")
    del TOPICS["name_trial"]


def test_a_case_is_found_by_what_it_is_called_now(any_engine: Engine, named: str) -> None:
    for text in ("鎏金", "金佛像", "像", "佛像 trial", "tr-77", "R-7", named):
        assert find_all(any_engine, CaseFilter(text=text)) == [named], text
    assert find_all(any_engine, CaseFilter(text="TR-77")) == [named]
    for text in ("old-12", "佛金", "像鎏"):
        assert find_all(any_engine, CaseFilter(text=text)) == [], text


def test_cases_and_parties_of_before_are_found(any_engine: Engine, clock: ManualClock, named: str) -> None:
    Stage(any_engine, clock).organisation("杭州晨星")
    with any_engine.database.writer.begin() as connection:
        command.downgrade(alembic_config(connection), "0027-1")
    upgrade_schema(any_engine.database)
    assert find_all(any_engine, CaseFilter(text="金佛")) == [named]
    with any_engine.database.read() as connection:
        assert find_parties(connection, "晨星", 5) == ["晨星", "杭州晨星"]


def test_a_party_is_found_by_the_name_it_has_now(any_engine: Engine, clock: ManualClock) -> None:
    deploy(any_engine, SYSTEM, definitions())
    stage = Stage(any_engine, clock)
    who = register_person(
        any_engine, PASSWORDS, SYSTEM, login="li", password="correct horse", name_zh="李旧名", name_en="Li Before"
    )
    case = stage.start(Actor(who, who, "individual", frozenset({"individual"})), REMINDED, {"who": who})
    assert find_all(any_engine, CaseFilter(party="旧名")) == find_all(any_engine, CaseFilter(party="bef")) == [case]

    def rename(unit: Any) -> None:
        unit.connection.execute(update(party).where(party.c.id == who).values(name_zh="李新名", name_en="Li After"))
        add_party_grams(unit.connection, who, "李新名", "Li After")

    any_engine.database.transact(rename)
    assert find_all(any_engine, CaseFilter(party="新名")) == find_all(any_engine, CaseFilter(party="AFT")) == [case]
    assert find_all(any_engine, CaseFilter(party="旧名")) == []


def test_ids_of_cases_are_in_the_order_of_their_starts() -> None:
    instants = [START + timedelta(milliseconds=number // 1_000) for number in range(3_000)]
    made = [new_case_id(at) for at in instants]
    assert made == sorted(set(made))
    assert all(first_id_at(START) <= one < first_id_at(START + timedelta(minutes=1)) for one in made)
    assert start_of(made[0]) == START
    assert new_case_id(START - timedelta(days=1)) < made[0]
