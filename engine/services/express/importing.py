"""What an enterprise does to the list of an express task while it is drafted: import it, correct one line.

A list of 10,000 lines is written in many short transactions. Until the last of them names it the list of its task,
nobody reads it; a request that broke off is repeated with the same token and goes on where it stopped.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial

import orjson
from sqlalchemy import Connection, RowMapping, func, insert, select, update

from engine.definitions.forms.texts import compact_number
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.express import states
from engine.services.express.checking import find_faults
from engine.services.express.errors import LineChanged, ListClosed
from engine.services.express.reading import Line, read_list, read_pay
from engine.services.express.tables import express_line, express_task
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.keys import KeyRing

PIECE_LINES = 25
"""Lines written in one transaction, so that nobody waits for it longer than a moment."""


def import_list(engine: Engine, actor: Actor, task_id: str, token: str, content: bytes) -> int:
    """Replaces the list of an express task by that of a file; gives how many lines it has.

    Lines with faults are kept with them. Raises NotFound, ListClosed, ListUnreadable; then the former list holds.
    """
    with engine.database.read() as connection:
        former_id = _fetch_own(connection, actor, task_id)["list_id"]
    lines = read_list(content)
    digest = hashlib.sha256(content).hexdigest()
    list_id = hashlib.sha256(f"{task_id}:{actor.user_id}:{token}:{digest}".encode()).hexdigest()[:32]
    for start in range(0, len(lines), PIECE_LINES):
        piece = list(enumerate(lines[start : start + PIECE_LINES], start + 1))
        work = partial(_write_piece, keys=engine.keys, actor=actor, task_id=task_id, list_id=list_id, piece=piece)
        engine.database.transact(work)

    def name_list(unit: UnitOfWork) -> None:
        _fetch_own(unit.connection, actor, task_id)
        change = update(express_task).where(express_task.c.id == task_id, express_task.c.is_drafted == 1)
        if unit.connection.execute(change.values(list_id=list_id)).rowcount != 1:
            raise ListClosed(task_id)

    engine.database.transact(name_list)
    if former_id and former_id != list_id:
        _erase_list(engine, former_id)
    return len(lines)


def count_imported(connection: Connection, list_id: str) -> int:
    """How many lines of an import are written so far."""
    query = select(func.count()).where(express_line.c.list_id == list_id)
    return int(connection.execute(query).scalar_one())


def correct_line(engine: Engine, actor: Actor, line_id: str, version: int, line: Line) -> list[str]:
    """Replaces what a drafted line says; gives what is wrong with it by itself now. The same correction again changes
    nothing. Raises NotFound, ListClosed, LineChanged.
    """

    def work(unit: UnitOfWork) -> list[str]:
        row = unit.connection.execute(select(express_line).where(express_line.c.id == line_id)).mappings().one_or_none()
        if row is None:
            raise NotFound("express_line", line_id)
        task = _fetch_own(unit.connection, actor, row["task_id"])
        if task["list_id"] != row["list_id"]:
            raise NotFound("express_line", line_id)
        if row["version"] == version + 1 and open_line(unit.connection, engine.keys, row) == line:
            return list(row["faults"])
        if row["version"] != version:
            raise LineChanged(version, row["version"])
        values = {**describe_line(unit.connection, engine.keys, line_id, line), "version": version + 1}
        change = update(express_line).where(express_line.c.id == line_id, express_line.c.version == version)
        if unit.connection.execute(change.values(values)).rowcount != 1:
            raise LineChanged(version, version + 1)
        return find_faults(line)

    return engine.database.transact(work)


def open_line(connection: Connection, keys: KeyRing, row: Mapping[str, object] | RowMapping) -> Line | None:
    """What a line says of its person; None once it was erased."""
    person = row["person"]
    text = vault.open_reference(connection, keys, person) if isinstance(person, dict) else None
    return None if text is None else Line(**orjson.loads(text))


def _fetch_own(connection: Connection, actor: Actor, task_id: str) -> RowMapping:
    """The express task of the actor's enterprise, still drafted. Raises NotFound, ListClosed."""
    try:
        row = states.fetch_task(connection, task_id)
    except LookupError as error:
        raise NotFound("express_task", task_id) from error
    if row["enterprise_id"] != actor.party_id:
        raise NotFound("express_task", task_id)
    if not row["is_drafted"]:
        raise ListClosed(task_id)
    return row


def _write_piece(
    unit: UnitOfWork, keys: KeyRing, actor: Actor, task_id: str, list_id: str, piece: Sequence[tuple[int, Line]]
) -> None:
    _fetch_own(unit.connection, actor, task_id)
    numbers = [number for number, _ in piece]
    written = select(express_line.c.number).where(express_line.c.list_id == list_id, express_line.c.number.in_(numbers))
    known = set(unit.connection.execute(written).scalars())
    rows = []
    for number, line in piece:
        if number in known:
            continue
        line_id = f"{list_id[:24]}{number:08x}"  # in the order of the list
        values = {"id": line_id, "task_id": task_id, "list_id": list_id, "number": number, "state": "listed"}
        rows.append(
            {**values, "version": 1, "listed_at": unit.now, **describe_line(unit.connection, keys, line_id, line)}
        )
    if rows:
        unit.connection.execute(insert(express_line), rows)


def describe_line(connection: Connection, keys: KeyRing, line_id: str, line: Line) -> dict[str, object]:
    """The columns of what a line says."""
    return {
        "person": vault.put(connection, keys, line_id, orjson.dumps(line.as_plain()).decode()),
        "id_index": vault.blind_index(keys, compact_number(line.id_no)),
        "phone_index": vault.blind_index(keys, compact_number(line.phone)),
        "pay_fen": read_pay(line.pay) or 0,
        "faults": find_faults(line),
    }


def _erase_list(engine: Engine, list_id: str) -> None:
    """What a list that holds no more said of people is gone for good; its rows name nobody."""
    with engine.database.read() as connection:
        query = select(express_line.c.id).where(express_line.c.list_id == list_id).order_by(express_line.c.number)
        ids = list(connection.execute(query).scalars())
    for start in range(0, len(ids), PIECE_LINES):
        engine.database.transact(partial(_erase_lines, line_ids=ids[start : start + PIECE_LINES]))


def _erase_lines(unit: UnitOfWork, line_ids: Sequence[str]) -> None:
    for line_id in line_ids:
        vault.erase_subject(unit.connection, line_id)
