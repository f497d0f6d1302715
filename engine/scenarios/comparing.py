"""Compares what is with what a scenario expects; each difference is a sentence."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from engine.language.decisions import Decision
from engine.queries.story import Story
from engine.scenarios.definitions import Name
from engine.scenarios.model import Expectation, TableCase
from engine.scenarios.stage import Stage
from engine.services.ledger import accounts
from engine.services.ledger.checks import check_books
from engine.services.ledger.posting import balance_of
from engine.services.ledger.tables import account
from engine.storage.clock import format_instant
from engine.storage.columns import metadata
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import incident, instance

ABSENT = object()


class Difference(NamedTuple):
    """What is not as expected, and which part of the expectation says so."""

    part: str
    text: str


def find_incidents(stage: Stage, expected: frozenset[Name]) -> list[str]:
    """Open incidents of the case that nobody expects."""
    query = select(incident.c.element, incident.c.message).where(incident.c.resolved_at.is_(None))
    with stage.engine.database.read() as connection:
        rows = connection.execute(query).all()
    known = {element for _, element in expected}
    missing = known - {row.element for row in rows}
    return [
        *(f"Expected no incident, but {row.element} failed: {row.message}" for row in rows if row.element not in known),
        *(f"Expected an incident at {element}, but there is none" for element in sorted(missing)),
    ]


def compare(stage: Stage, expected: Expectation) -> list[Difference]:
    """Every difference between the case and what is expected of it."""
    return [Difference(part, text) for part, texts in _compare_parts(stage, expected) for text in texts]


def _compare_parts(stage: Stage, expected: Expectation) -> Iterator[tuple[str, Iterable[str]]]:
    yield "incidents", find_incidents(stage, expected.incidents)
    if expected.outcome is not None:
        yield "outcome", _compare_outcome(stage, expected.outcome[1])
    if expected.open is not None:
        yield "open", _compare_open(stage, expected.open)
    if expected.path or expected.visits or expected.data:
        stories = stage.stories()
        passed = [list_passed(story) for story in stories]
        yield "path", _compare_path(passed, expected.path)
        yield "visits", _compare_visits([name for names in passed for name in names], expected.visits)
        yield "data", _compare_data(stories[0], expected.data)
    with stage.engine.database.read() as connection:
        yield "ledger", _compare_ledger(connection, expected)
        for table, rows in expected.rows.items():
            yield "rows", _compare_rows(connection, table, rows)


def compare_decision(case: TableCase, decision: Decision) -> list[str]:
    """What a decision table answered otherwise than expected."""
    differences = []
    if decision.result != case.gives:
        differences.append(f"Expected {case.gives!r}, but got {decision.result!r}")
    if case.rows is not None and case.rows != decision.matched:
        rows = [", ".join(rows) or "none" for rows in (case.rows, decision.matched)]
        differences.append(f"Expected row {rows[0]}, but got {rows[1]}")
    return differences


def list_passed(story: Story) -> list[Name]:
    """The elements that completed in a case, in their order."""
    return [
        (entry.element.process_key, entry.element.id)
        for chapter in story.chapters
        for entry in chapter.entries
        if entry.kind == "completed" and entry.element is not None
    ]


def _compare_outcome(stage: Stage, expected: str) -> Iterator[str]:
    with stage.engine.database.read() as connection:
        row = connection.execute(select(instance).where(instance.c.id == stage.case)).one()
    if row.status != "completed":
        yield f"Expected the case to end at {expected}, but it still runs: {stage.describe_open()}"
    elif row.outcome != expected:
        yield f"Expected the case to end at {expected}, but it ended at {row.outcome}"


def _compare_open(stage: Stage, expected: Mapping[Name, frozenset[str] | None]) -> Iterator[str]:
    tasks = stage.open_tasks()
    if tasks.keys() != expected.keys():
        wanted = ", ".join(sorted(element for _, element in expected)) or "nothing"
        yield f"Expected open: {wanted}, but open are: {stage.describe_open()}"
        return
    for name, people in expected.items():
        if people is not None and people != tasks[name]:
            yield f"Expected {name[1]} to be open for {_list(people)}, but it is for {_list(tasks[name])}"


def _compare_path(cases: Sequence[Sequence[Name]], expected: Sequence[Name]) -> Iterator[str]:
    """In each case its elements must follow each other; what happens in two cases has no order."""
    places, last = [0] * len(cases), 0
    for number, name in enumerate(expected):
        order = [last, *(case for case in range(len(cases)) if case != last)]
        found = next((case for case in order if name in cases[case][places[case] :]), None)
        if found is None:
            before = f" behind {expected[number - 1][1]}" if number else ""
            ahead = ", ".join(element for _, element in cases[last][places[last] :][:12]) or "nothing"
            yield f"Expected the path to pass {name[1]}{before}, but there it passed {ahead}"
            return
        places[found], last = cases[found].index(name, places[found]) + 1, found


def _compare_visits(passed: Sequence[Name], expected: Mapping[Name, int]) -> Iterator[str]:
    counts = Counter(passed)
    for name, count in expected.items():
        if counts[name] != count:
            yield f"Expected {name[1]} to be passed {count} times, but it was {counts[name]} times"


def _compare_data(story: Story, expected: PlainDict) -> Iterator[str]:
    """The data the case ended with; while it runs those of its open elements, the innermost first."""
    found: PlainDict = {}
    if not story.tokens and story.last is not None:
        found = story.last.data
    for token in story.tokens:
        found = found | token.data
    for name, value in expected.items():
        yield from _differ(name, value, found.get(name, ABSENT))


def _compare_ledger(connection: Connection, expected: Expectation) -> Iterator[str]:
    for finding in check_books(connection):
        yield f"Expected right books, but {finding.invariant} is broken at {finding.subject}: {finding.message}"
    for party, amount_fen in expected.wallets.items():
        yield from _differ_fen(f"the wallet of {party}", amount_fen, balance_of(connection, accounts.wallet(party)))
    for code, amount_fen in expected.accounts.items():
        yield from _differ_fen(f"account {code}", amount_fen, balance_of(connection, code))
    if expected.escrow_fen is not None:
        yield from _differ_fen("the escrow", expected.escrow_fen, _sum_of(connection, "escrow"))
    if expected.held_fen is not None:
        yield from _differ_fen("what is held", expected.held_fen, _sum_of(connection, "hold"))


def _sum_of(connection: Connection, prefix: str) -> int:
    query = select(func.coalesce(func.sum(account.c.balance_fen), 0)).where(account.c.code.startswith(f"{prefix}:"))
    return int(connection.execute(query).scalar_one())


def _compare_rows(connection: Connection, name: str, expected: Sequence[PlainDict]) -> Iterator[str]:
    table = metadata.tables[name]
    rows = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings().all()
    if len(rows) != len(expected):
        yield f"Expected {len(expected)} rows in {name}, but there are {len(rows)}"
    for number, (wanted, row) in enumerate(zip(expected, rows, strict=False), 1):
        for column, value in wanted.items():
            yield from _differ(f"{name} {number}: {column}", value, _plain(row[column]))


def _plain(value: object) -> object:
    return format_instant(value) if isinstance(value, datetime) else value


def _differ(name: str, expected: Plain, found: object) -> Iterator[str]:
    """A mapping needs only what is expected of it."""
    if isinstance(expected, dict) and isinstance(found, Mapping):
        for key, value in expected.items():
            yield from _differ(f"{name}.{key}", value, found.get(key, ABSENT))
    elif found is ABSENT:
        yield f"Expected {name} to be {expected!r}, but there is none"
    elif found != expected or isinstance(found, bool) != isinstance(expected, bool):
        yield f"Expected {name} to be {expected!r}, but it is {found!r}"


def _differ_fen(what: str, expected_fen: int, found_fen: int) -> Iterator[str]:
    if expected_fen != found_fen:
        yield f"Expected {what} to hold {expected_fen / 100:.2f}, but it holds {found_fen / 100:.2f}"


def _list(people: frozenset[str]) -> str:
    return ", ".join(sorted(people)) or "nobody here"
