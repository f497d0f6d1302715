"""Proof that what is remembered is what happened: every chain, seal and hash of the database, recomputed.

Each finding names the table and the row. Nothing here writes.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, Table, func, select

from engine.commands.deployments import STREAM as DEPLOYMENTS
from engine.records.history import check_stream, decode_events
from engine.runtime.engine import Engine
from engine.runtime.step import state_digest
from engine.services.ledger.checks import check_books, check_seals
from engine.storage.plain import Plain, PlainDict
from engine.storage.seal import is_sealed
from engine.storage.tables import definition, file, history, instance, pin_set, submission, vault_item

CHUNK_ROWS = 500


@dataclass(frozen=True)
class Finding:
    """A row that is not what was written."""

    table: str
    row: str
    message: str


def verify(engine: Engine, instance_id: str | None = None) -> Iterator[Finding]:
    """Everything that is wrong with the database, or with one case and what belongs to it."""
    with engine.database.read() as connection:
        checks: list[Callable[[Engine, Connection, str | None], Iterator[Finding]]] = [
            verify_history,
            verify_instances,
            verify_submissions,
            verify_files,
            verify_references,
        ]
        if instance_id is None:
            checks += [verify_definitions, verify_ledger]
        for check in checks:
            yield from check(engine, connection, instance_id)


def count_rows(connection: Connection) -> dict[str, int]:
    """How many rows a full verification covers, by table."""
    tables: tuple[Table, ...] = (history, instance, submission, definition, file)
    return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def verify_history(engine: Engine, connection: Connection, instance_id: str | None) -> Iterator[Finding]:
    """Each stream is one unbroken chain."""
    query = select(history).order_by(history.c.stream, history.c.seq)
    if instance_id is not None:
        query = query.where(history.c.stream == instance_id)
    for stream, rows in groupby(_rows(connection, query), key=lambda row: row["stream"]):
        for seq, message in check_stream(rows, engine.keys):
            yield Finding("history", f"{stream}/{seq}", message)


def verify_instances(engine: Engine, connection: Connection, instance_id: str | None) -> Iterator[Finding]:
    """Each instance is the one its last history row speaks of."""
    query = select(instance).order_by(instance.c.id)
    if instance_id is not None:
        query = query.where(instance.c.id == instance_id)
    for row in _rows(connection, query):
        if not is_sealed(engine.keys.mac, "instance", dict(row)):
            yield Finding("instance", row["id"], "Expected the row as it was saved, but its seal does not fit")
            continue
        last = _last_history(connection, row["id"])
        if last is None or last["seq"] != row["history_seq"] or last["mac"] != row["history_mac"]:
            yield Finding("instance", row["id"], "Expected history to end where the instance says, but it does not")
        elif not _speaks_of(last, row):
            yield Finding("instance", row["id"], "Expected the state its last history row wrote, but it is another")


def verify_submissions(engine: Engine, connection: Connection, instance_id: str | None) -> Iterator[Finding]:
    """Each submission is as it was sealed, and none that history names is missing."""
    query = select(submission)
    if instance_id is not None:
        query = query.where(submission.c.instance_id == instance_id)
    found = set()
    for row in _rows(connection, query):
        found.add(row["seal"].hex() if isinstance(row["seal"], bytes) else "")
        if not is_sealed(engine.keys.mac, "submission", dict(row)):
            yield Finding("submission", _name(row), "Expected the row as it was saved, but its seal does not fit")
    for event in _events(connection, instance_id, "submitted"):
        if event["seal"] not in found:
            name = f"{event['scope']}/{event['token']}"
            yield Finding("submission", name, "Expected the submission history names, but it is gone or another")


def verify_definitions(engine: Engine, connection: Connection, _instance_id: str | None) -> Iterator[Finding]:
    """Each definition is the file that was deployed, and each that was deployed is there."""
    deployed: dict[str, str] = {}
    for fact in _events(connection, DEPLOYMENTS, "deployed"):
        deployed |= {str(one["id"]): str(one["sha256"]) for one in _dicts(fact.get("definitions"))}
    for row in _rows(connection, select(definition)):
        if not is_sealed(engine.keys.mac, "definition", dict(row)):
            yield Finding("definition", row["id"], "Expected the row as it was deployed, but its seal does not fit")
        elif (
            hashlib.sha256(row["content"]).hexdigest() != row["sha256"] or deployed.pop(row["id"], "") != row["sha256"]
        ):
            yield Finding("definition", row["id"], "Expected the file of its deployment, but it is another")
    for missing in deployed:
        yield Finding("definition", missing, "Expected the definition history names, but it is gone or another")
    for row in _rows(connection, select(pin_set)):
        if hashlib.sha256(orjson.dumps(row["pins"], option=orjson.OPT_SORT_KEYS)).hexdigest() != row["sha256"]:
            yield Finding("pin_set", row["id"], "Expected the versions that were pinned, but they are others")


def verify_files(engine: Engine, connection: Connection, instance_id: str | None) -> Iterator[Finding]:
    """Each file row is as it was sealed, and its content on disk has the hash of its name."""
    query = select(file)
    if instance_id is not None:
        query = query.where(file.c.instance_id == instance_id)
    for row in _rows(connection, query):
        if not is_sealed(engine.keys.mac, "file", dict(row)):
            yield Finding("file", row["id"], "Expected the row as it was saved, but its seal does not fit")
            continue
        path = engine.files.path(row["sha256"])
        if not path.exists() or _hash_file(path) != row["sha256"]:
            yield Finding("file", row["id"], "Expected the content that was uploaded, but it is gone or another")


def verify_references(engine: Engine, connection: Connection, instance_id: str | None) -> Iterator[Finding]:
    """The ciphertext of personal data is the one the submission committed to."""
    query = select(submission.c.scope, submission.c.token, submission.c.content)
    if instance_id is not None:
        query = query.where(submission.c.instance_id == instance_id)
    hashes = {
        row.id: hashlib.sha256(row.ciphertext).hexdigest()
        for row in connection.execute(select(vault_item.c.id, vault_item.c.ciphertext))
    }
    for row in _rows(connection, query):
        for reference in _references(row["content"]):
            item = str(reference["$vault"])
            if hashes.get(item) != reference["sha256"]:
                yield Finding("vault_item", item, f"Expected the text given with {_name(row)}, but it is another")


def verify_ledger(engine: Engine, connection: Connection, _instance_id: str | None) -> Iterator[Finding]:
    """The books balance, every invariant holds, and every entry is as it was sealed."""
    for finding in [*check_books(connection), *check_seals(connection, engine.keys)]:
        yield Finding("ledger", finding.subject, f"{finding.invariant}: {finding.message}")


def _rows(connection: Connection, query: Any) -> Iterator[RowMapping]:
    return iter(connection.execution_options(yield_per=CHUNK_ROWS).execute(query).mappings())


def _last_history(connection: Connection, stream: str) -> RowMapping | None:
    query = select(history).where(history.c.stream == stream).order_by(history.c.seq.desc()).limit(1)
    return connection.execute(query).mappings().one_or_none()


def _speaks_of(last: RowMapping, row: RowMapping) -> bool:
    states = [event for event in decode_events(last["events"]) if event["kind"] == "state"]
    return bool(states) and states[-1]["version"] == row["version"] and states[-1]["sha256"] == state_digest(dict(row))


def _events(connection: Connection, stream: str | None, kind: str) -> Iterator[PlainDict]:
    """Events of a kind; a row that cannot be read is named by `verify_history` already."""
    query = select(history.c.events)
    if stream is not None:
        query = query.where(history.c.stream == stream)
    for row in _rows(connection, query):
        yield from (event for event in decode_events(row["events"]) if event["kind"] == kind)


def _name(row: RowMapping) -> str:
    return f"{row['scope']}/{row['token']}"


def _dicts(value: Plain) -> list[PlainDict]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _references(value: Plain) -> Iterator[PlainDict]:
    """Every vault reference in a value."""
    if isinstance(value, dict):
        if "$vault" in value:
            yield value
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _hash_file(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
