"""Whether history is what the checkpoints say: those of the database, and those that were shipped."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, cast

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import Connection, and_, bindparam, or_, select

from engine.runtime.engine import Engine
from engine.services.checkpoints.shipping import measure_shipped, read_shipped
from engine.services.checkpoints.statements import (
    Checkpoint,
    Head,
    hash_heads,
    hash_statement,
    is_signed,
    public_key_of,
)
from engine.services.verification.findings import Finding
from engine.services.verification.raw_rows import read_rows
from engine.storage.clock import format_instant
from engine.storage.prepared import Prepared
from engine.storage.proving import checkpoint, checkpoint_head
from engine.storage.tables import history

_FIND = Prepared(
    select(history.c.mac).where(history.c.stream == bindparam("stream"), history.c.seq == bindparam("seq"))
)


def verify_checkpoints(engine: Engine, connection: Connection, instance_id: str | None) -> Iterator[Finding]:
    """Each checkpoint is signed and follows the one before, and every row it covers is there.

    One that was touched is named itself, and proves nothing of history.
    """
    touched = set[str]()
    if instance_id is None:
        for finding in _check_statements(engine, connection):
            touched.add(finding.row)
            yield finding
    of_case = () if instance_id is None else (checkpoint_head.c.stream == instance_id,)
    is_same_row = and_(history.c.stream == checkpoint_head.c.stream, history.c.seq == checkpoint_head.c.seq)
    uncovered = (
        select(checkpoint_head.c.stream, checkpoint_head.c.seq, checkpoint_head.c.number)
        .outerjoin(history, is_same_row)
        .where(or_(history.c.mac.is_(None), history.c.mac != checkpoint_head.c.mac), *of_case)
        .order_by(checkpoint_head.c.stream, checkpoint_head.c.seq)
    )
    for row in connection.execute(uncovered):
        if str(row.number) not in touched:
            yield _miss(row.stream, row.seq, row.number)


def _check_statements(engine: Engine, connection: Connection) -> Iterator[Finding]:
    public_key, previous, expected = public_key_of(engine.keys), "", 1
    for row in read_rows(connection, checkpoint, order_by=(checkpoint.c.number,)):
        bad = partial(Finding, "checkpoint", str(row["number"]))
        said = _read_statement(row["statement"])
        if row["number"] != expected:
            yield Finding("checkpoint", str(expected), f"Expected it before checkpoint {row['number']}, but it is gone")
        elif said.get("previous") != hash_statement(previous):
            yield bad("Expected to follow the checkpoint before, but it does not")
        if not is_signed(public_key, str(row["statement"]), row["signature"]):
            yield bad("Expected the statement that was signed, but it is another")
        elif (said.get("number"), said.get("at")) != (row["number"], _format(row["at"])):
            yield bad("Expected number and instant of its statement, but they are others")
        elif said.get("heads") != hash_heads(_read_heads(connection, row["number"])):
            yield bad("Expected the heads that were signed, but they are others")
        previous = str(row["statement"])
        expected = row["number"] + 1 if isinstance(row["number"], int) else expected
    is_known = select(checkpoint.c.number).where(checkpoint.c.number == checkpoint_head.c.number).exists()
    for number in connection.execute(select(checkpoint_head.c.number).where(~is_known).distinct()).scalars():
        yield Finding("checkpoint", str(number), "Expected the checkpoint of some heads, but it is gone")


class ShippedCheck:
    """Whether the database holds what the checkpoints in a file cover, whatever it says itself.

    `numbers`: the checkpoints it was compared with, once it has run.
    """

    def __init__(self, engine: Engine, path: Path) -> None:
        self.engine, self.path = engine, path
        self.numbers: set[int] = set()

    def run(self) -> Iterator[Finding]:
        """Everything that is wrong. Raises OSError."""
        size = measure_shipped(self.path)  # first: what is shipped while this runs the snapshot below need not hold
        if not size:
            yield Finding("shipped", self.path.name, "Expected checkpoints, but the file is empty")
        public_key = public_key_of(self.engine.keys)
        with self.engine.database.read() as connection:
            kept = dict(connection.execute(select(checkpoint.c.number, checkpoint.c.statement)).all())
            for line, document in read_shipped(self.path, size):
                shipped = _read_document(public_key, document)
                if shipped is None:
                    signed = "Expected a checkpoint signed with the key of this installation, but it is none"
                    yield Finding("shipped", f"{self.path.name}:{line}", signed)
                else:
                    yield from self._compare(connection, kept, shipped)
        yield from self._find_gaps()

    def __str__(self) -> str:
        """With how many, and which."""
        numbers = self.numbers
        named = f", numbers {min(numbers)}–{max(numbers)}" if numbers else ""
        return f"Compared with {len(numbers)} checkpoint{'' if len(numbers) == 1 else 's'}{named}"

    def _compare(self, connection: Connection, kept: dict[int, str], shipped: Checkpoint) -> Iterator[Finding]:
        number = _read_statement(shipped.statement)["number"]
        self.numbers.add(number)
        if kept.get(number) != shipped.statement:
            yield Finding(
                "checkpoint", str(number), "Expected the checkpoint that was shipped, but it is gone or another"
            )
        for stream, seq, mac in shipped.heads:
            if _FIND.scalar(connection, {"stream": stream, "seq": seq}) != bytes.fromhex(mac):
                yield _miss(stream, seq, number)

    def _find_gaps(self) -> Iterator[Finding]:
        for before, after in pairwise(sorted(self.numbers)):
            if after > before + 1:
                gone = f"{before + 1}" if after == before + 2 else f"{before + 1}–{after - 1}"
                message = f"Expected it in {self.path.name} between {before} and {after}, but it is missing there"
                yield Finding("checkpoint", gone, message)


def _read_document(public_key: Ed25519PublicKey, document: object) -> Checkpoint | None:
    """The checkpoint in a shipped document, if it was signed with the key and its heads belong to it."""
    try:
        content = cast(dict[str, Any], document)
        statement, signature = str(content["statement"]), bytes.fromhex(content["signature"])
        heads = [cast(Head, tuple(head)) for head in content["heads"]]
    except (KeyError, TypeError, ValueError):
        return None
    is_whole = is_signed(public_key, statement, signature) and _read_statement(statement).get("heads") == hash_heads(
        heads
    )
    return Checkpoint(statement, signature, heads) if is_whole else None


def _read_statement(text: object) -> dict[str, Any]:
    """What it says; nothing if it is no statement."""
    try:
        said = orjson.loads(str(text))
    except orjson.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _read_heads(connection: Connection, number: int) -> list[Head]:
    rows = read_rows(connection, checkpoint_head, checkpoint_head.c.number == number)
    return sorted(((str(row["stream"]), row["seq"], str(row["mac"])) for row in rows), key=itemgetter(0))


def _format(at: Any) -> Any:
    return format_instant(at) if isinstance(at, datetime) else at


def _miss(stream: str, seq: int, number: object) -> Finding:
    bad = f"Expected the row that checkpoint {number} covers, but it is gone or another"
    return Finding("history", f"{stream}/{seq}", bad)
