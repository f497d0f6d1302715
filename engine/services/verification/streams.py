"""The chains of history, and whatever their rows speak of: cases, submissions with what these refer to, signatures.

History is read once, some streams at a time, so that a million cases need no more memory than a hundred.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from engine.records.history import check_stream
from engine.records.packing import unpack_events
from engine.runtime.engine import Engine
from engine.runtime.step import state_digest
from engine.services.agreements.tables import signature
from engine.services.ledger.tables import journal
from engine.services.verification.findings import Finding, find_missing, list_dicts, sha256, take_chunks
from engine.services.verification.raw_rows import read_rows
from engine.storage.plain import Plain, PlainDict
from engine.storage.seal import is_sealed, seal_row
from engine.storage.tables import file, history, instance, submission, vault_item

SYSTEM_STREAM = "system:"
CHUNK_STREAMS = 200
NAMING = frozenset({"submitted", "service", "signed"})  # kinds of events that name rows of other tables
Key = tuple[Plain, Plain]  # of a submission


@dataclass
class Told:
    """What the rows of some streams tell of rows elsewhere. `lasts`: the last row of each stream, with its events."""

    lasts: dict[str, tuple[dict[str, Any], list[PlainDict]]] = field(default_factory=dict)
    seals: dict[Key, Plain] = field(default_factory=dict)
    entries: set[str] = field(default_factory=set)
    signatures: set[str] = field(default_factory=set)

    def note(self, event: PlainDict) -> None:
        """Takes an event into account that names other rows."""
        kind = event["kind"]
        if kind == "submitted":
            self.seals[event.get("scope"), event.get("token")] = event.get("seal")
        elif kind == "service":
            result = event.get("result")
            entry_id = result.get("journal_id") if isinstance(result, dict) else None
            if isinstance(entry_id, str):
                self.entries.add(entry_id)
        else:
            self.signatures.add(str(event.get("signature")))


class StreamCheck:
    """Each stream is one unbroken chain, and what it tells of is there as it was; one stream, or all of them."""

    def __init__(self, engine: Engine, connection: Connection, instance_id: str | None) -> None:
        self.keys = engine.keys
        self.connection = connection
        self.instance_id = instance_id
        self._seals: dict[Key, Plain] = {}  # of submissions that do not lie with the case that speaks of them
        self._strays: list[dict[str, Any]] = []  # submissions whose case does not speak of them

    def run(self) -> Iterator[Finding]:
        """Everything that is wrong."""
        of_case = () if self.instance_id is None else (history.c.stream == self.instance_id,)
        rows = read_rows(self.connection, history, *of_case, order_by=(history.c.stream, history.c.seq))
        streams = ((stream, list(chain)) for stream, chain in groupby(rows, key=lambda row: row["stream"]))
        for chunk in take_chunks(streams, CHUNK_STREAMS):
            told = Told()
            for stream, chain in chunk:
                yield from self._check_chain(stream, chain, told)
            yield from self._check_instances(told)
            yield from self._check_submissions(submission.c.instance_id.in_(list(told.lasts)), told.seals)
            yield from self._check_named(told)
        yield from self._check_rest()

    def _check_chain(self, stream: str, chain: list[dict[str, Any]], told: Told) -> Iterator[Finding]:
        numbered = [row for row in chain if isinstance(row["seq"], int)]
        if len(numbered) < len(chain):
            for row in chain:
                if not isinstance(row["seq"], int):
                    yield Finding("history", f"{stream}/{row['seq']}", "Expected a number, but it is none")
        for seq, message in check_stream(numbered, self.keys):
            yield Finding("history", f"{stream}/{seq}", message)
        events: list[PlainDict] = []
        for row in chain:
            events = list_dicts(unpack_events(row["events"]))
            for event in events:
                if event.get("kind") in NAMING:
                    told.note(event)
        if isinstance(stream, str):
            told.lasts[stream] = (chain[-1], events)

    def _check_instances(self, told: Told) -> Iterator[Finding]:
        """Each instance is the one its last history row speaks of, and no case with a history is missing."""
        cases = {stream for stream in told.lasts if not stream.startswith(SYSTEM_STREAM)}
        for row in read_rows(self.connection, instance, instance.c.id.in_(sorted(cases))):
            cases.discard(row["id"])
            yield from self._check_instance(row, *told.lasts[row["id"]])
        for missing in sorted(cases):
            yield Finding("instance", missing, "Expected the case history tells of, but it is gone")

    def _check_instance(
        self, row: dict[str, Any], last: dict[str, Any] | None, events: list[PlainDict]
    ) -> Iterator[Finding]:
        bad = partial(Finding, "instance", row["id"])
        if not is_sealed(self.keys.mac, "instance", row):
            yield bad("Expected the row as it was saved, but its seal does not fit")
        elif last is None or (isinstance(last["seq"], int) and last["seq"] < row["history_seq"]):
            gone = f"{row['id']}/{row['history_seq']}"
            yield Finding("history", gone, "Expected the last row of a case, but it is gone")
        elif (last["seq"], last["mac"]) != (row["history_seq"], row["history_mac"]):
            yield bad("Expected history to end where the instance says, but it does not")
        elif not _speaks_of(events, row):
            yield bad("Expected the state its last history row wrote, but it is another")

    def _check_submissions(self, condition: ColumnElement[bool], seals: dict[Key, Plain]) -> Iterator[Finding]:
        """Each submission is the one history names and sealed, and what it refers to is there."""
        references: list[tuple[PlainDict, str]] = []
        for row in read_rows(self.connection, submission, condition):
            references += [(found, _name(row)) for found in _find_references(row["content"])]
            if (row["scope"], row["token"]) in seals:
                yield from self._check_seal(row, seals.pop((row["scope"], row["token"])))
            else:
                self._strays.append(row)
        self._seals |= seals
        yield from self._check_references(references)

    def _check_seal(self, row: dict[str, Any], seal: Plain) -> Iterator[Finding]:
        if seal != seal_row(self.keys.mac, "submission", row).hex():
            yield Finding("submission", _name(row), "Expected the row history sealed, but its seal does not fit")

    def _check_references(self, references: list[tuple[PlainDict, str]]) -> Iterator[Finding]:
        """The personal data and the files that submissions speak of are there, and those they committed to."""
        texts = {str(one["$vault"]) for one, _ in references if "$vault" in one}
        files = {str(one["file"]) for one, _ in references if "$vault" not in one}
        kept = {
            ("vault_item", row["id"]): sha256(row["ciphertext"])
            for row in read_rows(self.connection, vault_item, vault_item.c.id.in_(sorted(texts)))
        } | {
            ("file", row["id"]): row["sha256"] for row in read_rows(self.connection, file, file.c.id.in_(sorted(files)))
        }
        for reference, given_with in references:
            kind, key = ("vault_item", "$vault") if "$vault" in reference else ("file", "file")
            name = str(reference[key])
            if kept.get((kind, name)) != reference.get("sha256"):
                yield Finding(kind, name, f"Expected what was given with {given_with}, but it is gone or another")

    def _check_named(self, told: Told) -> Iterator[Finding]:
        for missing in find_missing(self.connection, journal.c.id, told.entries):
            yield Finding("journal", missing, "Expected the entry history names, but it is gone")
        for missing in find_missing(self.connection, signature.c.id, told.signatures):
            yield Finding("signature", missing, "Expected the signature history names, but it is gone")

    def _check_rest(self) -> Iterator[Finding]:
        """What lies with no stream, or with another than the one that speaks of it."""
        of_case = () if self.instance_id is None else (instance.c.id == self.instance_id,)
        has_no_history = ~select(history.c.seq).where(history.c.stream == instance.c.id).exists()
        for row in read_rows(self.connection, instance, has_no_history, *of_case):
            yield from self._check_instance(row, None, [])
        lost = ~select(history.c.seq).where(history.c.stream == submission.c.instance_id).exists()
        if self.instance_id is None:
            yield from self._check_submissions(or_(submission.c.instance_id.is_(None), lost), {})
        else:
            yield from self._check_submissions(and_(submission.c.instance_id == self.instance_id, lost), {})
        for row in self._strays:
            key = (row["scope"], row["token"])
            if key in self._seals:
                yield from self._check_seal(row, self._seals.pop(key))
            else:
                yield Finding("submission", _name(row), "Expected a submission that history names, but it names none")
        for scope, token in self._seals:
            yield Finding("submission", f"{scope}/{token}", "Expected the submission history names, but it is gone")


def _speaks_of(events: list[PlainDict], row: dict[str, Any]) -> bool:
    states = [event for event in events if event.get("kind") == "state"]
    said = (states[-1].get("version"), states[-1].get("sha256")) if states else ()
    return said == (row["version"], state_digest(row))


def _name(row: dict[str, Any]) -> str:
    return f"{row['scope']}/{row['token']}"


def _find_references(content: Plain) -> list[PlainDict]:
    """Every reference to the vault or to a file in what was submitted."""
    found, rest = list[PlainDict](), [content]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            if "$vault" in value or ("file" in value and "sha256" in value):
                found.append(value)
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)
    return found
