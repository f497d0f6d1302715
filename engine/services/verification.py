"""Proof that what is remembered is what happened: every chain, seal and hash of the database, recomputed.

Each finding names the table and the row. Nothing here writes, and a server may run beside it.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from sqlalchemy import Connection, Table, func, select

from engine.commands.deployments import STREAM as DEPLOYMENTS
from engine.records.history import check_stream
from engine.records.packing import unpack_events
from engine.runtime.engine import Engine
from engine.runtime.step import state_digest
from engine.services.agreements.tables import signature
from engine.services.documents.issuing import as_bytes
from engine.services.documents.tables import document, document_consent
from engine.services.ledger.checks import check_books, check_seals
from engine.services.ledger.tables import account, journal, posting
from engine.services.raw_rows import find_unreadable, read_rows, read_snapshot
from engine.storage import vault
from engine.storage.plain import Plain, PlainDict
from engine.storage.seal import is_sealed, seal_row
from engine.storage.tables import definition, deployment, file, history, instance, pin_set, submission, vault_item

SYSTEM_STREAM = "system:"


@dataclass(frozen=True)
class Finding:
    """A row that is not what was written."""

    table: str
    row: str
    message: str


Check = Callable[[Engine, Connection, str | None], Iterator[Finding]]


def verify(engine: Engine, instance_id: str | None = None) -> Iterator[Finding]:
    """Everything that is wrong with the database, or with one case and what belongs to it."""
    checks: list[Check] = [verify_history, verify_instances, verify_submissions, verify_files, verify_references]
    if instance_id is None:
        checks += [verify_definitions, verify_vault, verify_ledger, verify_documents, verify_signatures]
    with engine.database.read() as fresh, read_snapshot(fresh) as connection:
        for check in checks:
            yield from check(engine, connection, instance_id)


def count_rows(connection: Connection) -> dict[str, int]:
    """How many rows a full verification covers, by table."""
    tables: tuple[Table, ...] = (
        *(history, instance, submission, definition, file, vault_item),
        *(account, journal, posting, document, document_consent, signature),
    )
    return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def verify_history(engine: Engine, connection: Connection, instance_id: str | None) -> Iterator[Finding]:
    """Each stream is one unbroken chain."""
    of_case = () if instance_id is None else (history.c.stream == instance_id,)
    rows = read_rows(connection, history, *of_case, order_by=(history.c.stream, history.c.seq))
    for stream, chain in groupby(rows, key=lambda row: row["stream"]):
        whole = list(chain)
        for row in whole:
            if not isinstance(row["seq"], int):
                yield Finding("history", f"{stream}/{row['seq']}", "Expected a number, but it is none")
        numbered = [row for row in whole if isinstance(row["seq"], int)]
        for seq, message in check_stream(numbered, engine.keys):  # type: ignore[arg-type]  # reads them as mappings
            yield Finding("history", f"{stream}/{seq}", message)


def verify_instances(engine: Engine, connection: Connection, instance_id: str | None) -> Iterator[Finding]:
    """Each instance is the one its last history row speaks of, and no case with a history is missing."""
    of_case = () if instance_id is None else (instance.c.id == instance_id,)
    found = set()
    for row in read_rows(connection, instance, *of_case):
        bad = partial(Finding, "instance", row["id"])
        found.add(row["id"])
        last = _last_history(connection, row["id"])
        if not is_sealed(engine.keys.mac, "instance", row):
            yield bad("Expected the row as it was saved, but its seal does not fit")
        elif last is None or (isinstance(last["seq"], int) and last["seq"] < row["history_seq"]):
            gone = f"{row['id']}/{row['history_seq']}"
            yield Finding("history", gone, "Expected the last row of a case, but it is gone")
        elif (last["seq"], last["mac"]) != (row["history_seq"], row["history_mac"]):
            yield bad("Expected history to end where the instance says, but it does not")
        elif not _speaks_of(last, row):
            yield bad("Expected the state its last history row wrote, but it is another")
    streams = select(history.c.stream).distinct().where(~history.c.stream.startswith(SYSTEM_STREAM))
    remembered = set(connection.execute(streams).scalars()) if instance_id is None else {instance_id}
    for missing in sorted(remembered - found):
        yield Finding("instance", missing, "Expected the case history tells of, but it is gone")


def verify_submissions(engine: Engine, connection: Connection, instance_id: str | None) -> Iterator[Finding]:
    """Each submission is the one history names and sealed, and none that history names is missing."""
    of_case = () if instance_id is None else (submission.c.instance_id == instance_id,)
    events = _events(connection, instance_id, "submitted")
    seals = {(event.get("scope"), event.get("token")): event.get("seal") for event in events}
    for row in read_rows(connection, submission, *of_case):
        bad = partial(Finding, "submission", _name(row))
        seal = seals.pop((row["scope"], row["token"]), None)
        if seal is None:
            yield bad("Expected a submission that history names, but it names none")
        elif seal != seal_row(engine.keys.mac, "submission", row).hex():
            yield bad("Expected the row history sealed, but its seal does not fit")
    for scope, token in seals:
        yield Finding("submission", f"{scope}/{token}", "Expected the submission history names, but it is gone")


def verify_files(engine: Engine, connection: Connection, instance_id: str | None) -> Iterator[Finding]:
    """Each file row is as it was sealed, and its content on disk has the hash of its name."""
    of_case = () if instance_id is None else (file.c.instance_id == instance_id,)
    for row in read_rows(connection, file, *of_case):
        bad = partial(Finding, "file", row["id"])
        if not is_sealed(engine.keys.mac, "file", row):
            yield bad("Expected the row as it was saved, but its seal does not fit")
            continue
        path = engine.files.path(row["sha256"])
        if not path.exists() or _hash_file(path) != row["sha256"]:
            yield bad("Expected the content that was uploaded, but it is gone or another")


def verify_references(engine: Engine, connection: Connection, instance_id: str | None) -> Iterator[Finding]:
    """The personal data and the files that submissions speak of are there, and those they committed to."""
    of_case = () if instance_id is None else (submission.c.instance_id == instance_id,)
    texts = {row["id"]: _sha256(row["ciphertext"]) for row in read_rows(connection, vault_item)}
    files = {row["id"]: row["sha256"] for row in read_rows(connection, file)}
    for row in read_rows(connection, submission, *of_case):
        for reference in _references(row["content"]):
            kind, kept, key = ("vault_item", texts, "$vault") if "$vault" in reference else ("file", files, "file")
            name = str(reference[key])
            if kept.get(name) != reference.get("sha256"):
                yield Finding(kind, name, f"Expected what was given with {_name(row)}, but it is gone or another")


def verify_definitions(engine: Engine, connection: Connection, _instance_id: str | None) -> Iterator[Finding]:
    """Each definition is the file that was deployed, and each that was deployed is there."""
    deployed: dict[str, str] = {}
    for fact in _events(connection, DEPLOYMENTS, "deployed"):
        deployed |= {str(one.get("id")): str(one.get("sha256")) for one in _dicts(fact.get("definitions"))}
    for row in read_rows(connection, definition):
        bad = partial(Finding, "definition", row["id"])
        expected = deployed.pop(row["id"], None)
        if not is_sealed(engine.keys.mac, "definition", row):
            yield bad("Expected the row as it was deployed, but its seal does not fit")
        elif expected != row["sha256"] or _sha256(row["content"]) != expected:
            yield bad("Expected the file of its deployment, but it is another")
    for missing in deployed:
        yield Finding("definition", missing, "Expected the definition history names, but it is gone")
    yield from _verify_deployments(connection)
    pinned = set(connection.execute(select(instance.c.pin_set_id).distinct()).scalars())
    for row in read_rows(connection, pin_set):
        pinned.discard(row["id"])
        if _sha256(orjson.dumps(row["pins"], option=orjson.OPT_SORT_KEYS)) != row["sha256"]:
            yield Finding("pin_set", row["id"], "Expected the versions that were pinned, but they are others")
    for missing in pinned:
        yield Finding("pin_set", missing, "Expected the versions a case pinned, but they are gone")


def _verify_deployments(connection: Connection) -> Iterator[Finding]:
    remembered = {}
    for row in read_rows(connection, history, history.c.stream == DEPLOYMENTS):
        for event in _dicts(unpack_events(row["events"])):
            remembered[event.get("deployment")] = (row["actor_id"], event.get("note"), row["at"])
    for row in read_rows(connection, deployment):
        if remembered.pop(row["id"], None) != (row["actor_id"], row["note"], row["deployed_at"]):
            yield Finding("deployment", row["id"], "Expected the deployment history tells of, but it is another")
    for missing in remembered:
        yield Finding("deployment", str(missing), "Expected the deployment history tells of, but it is gone")


def verify_vault(engine: Engine, connection: Connection, _instance_id: str | None) -> Iterator[Finding]:
    """Every text of a person who was not erased opens in its own place, and is found under its own index."""
    for row in read_rows(connection, vault_item):
        reference: PlainDict = {"$vault": row["id"], "sha256": _sha256(row["ciphertext"])}
        try:
            text = vault.open_reference(connection, engine.keys, reference)
        except (InvalidTag, TypeError, ValueError):
            yield Finding("vault_item", row["id"], "Expected a text kept in this place, but it does not open")
            continue
        if text is not None and vault.blind_index(engine.keys, text) != row["blind_index"]:
            yield Finding("vault_item", row["id"], "Expected the index of this text, but it is another's")


def verify_ledger(engine: Engine, connection: Connection, _instance_id: str | None) -> Iterator[Finding]:
    """The books balance, every invariant holds, every entry is as it was sealed and those history names are there."""
    damaged = [
        (table, row, name) for table in (account, journal, posting) for row, name in find_unreadable(connection, table)
    ]
    for table, row, name in damaged:
        key = "/".join(str(row[column.name]) for column in table.primary_key.columns)
        yield Finding(table.name, key, f"Expected a value that can be read in {name}, but it cannot")
    if damaged:
        return
    for finding in [*check_books(connection), *check_seals(connection, engine.keys)]:
        yield Finding(finding.table, finding.subject, f"{finding.invariant}: {finding.message}")
    entries = set(connection.execute(select(journal.c.id)).scalars())
    for event in _events(connection, None, "service"):
        result = event.get("result")
        entry_id = result.get("journal_id") if isinstance(result, dict) else None
        if isinstance(entry_id, str) and entry_id not in entries:
            yield Finding("journal", entry_id, "Expected the entry history names, but it is gone")


def verify_documents(engine: Engine, connection: Connection, _instance_id: str | None) -> Iterator[Finding]:
    """Each document is as it was issued, and has the hash by which others check it."""
    for row in read_rows(connection, document):
        if not is_sealed(engine.keys.mac, "document", row) or _sha256(as_bytes(row["content"])) != row["sha256"]:
            yield Finding("document", row["number"], "Expected the document as it was issued, but it is another")
    for row in read_rows(connection, document_consent):
        if not is_sealed(engine.keys.mac, "document_consent", row):
            bad = "Expected the consent as it was given, but its seal does not fit"
            yield Finding("document_consent", row["document_id"], bad)


def verify_signatures(engine: Engine, connection: Connection, _instance_id: str | None) -> Iterator[Finding]:
    """Each signature is as it was given, and none that history names is missing."""
    given = {str(event.get("signature")) for event in _events(connection, None, "signed")}
    for row in read_rows(connection, signature):
        given.discard(row["id"])
        if not is_sealed(engine.keys.mac, "signature", row):
            yield Finding("signature", row["id"], "Expected the signature as it was given, but its seal does not fit")
    for missing in sorted(given):
        yield Finding("signature", missing, "Expected the signature history names, but it is gone")


def _last_history(connection: Connection, stream: str) -> dict[str, Any] | None:
    last = select(func.max(history.c.seq)).where(history.c.stream == stream).scalar_subquery()
    rows = [*read_rows(connection, history, history.c.stream == stream, history.c.seq == last)]
    return rows[0] if rows else None


def _speaks_of(last: dict[str, Any], row: dict[str, Any]) -> bool:
    states = [event for event in _dicts(unpack_events(last["events"])) if event.get("kind") == "state"]
    said = (states[-1].get("version"), states[-1].get("sha256")) if states else ()
    return said == (row["version"], state_digest(row))


def _events(connection: Connection, stream: str | None, kind: str) -> Iterator[PlainDict]:
    """Events of a kind; a row that cannot be read is named by `verify_history` already."""
    of_stream = () if stream is None else (history.c.stream == stream,)
    for row in read_rows(connection, history, *of_stream):
        yield from (event for event in _dicts(unpack_events(row["events"])) if event.get("kind") == kind)


def _name(row: dict[str, Any]) -> str:
    return f"{row['scope']}/{row['token']}"


def _dicts(value: "Plain | list[PlainDict]") -> list[PlainDict]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _references(value: Plain) -> Iterator[PlainDict]:
    """Every reference to the vault or to a file in a value."""
    if isinstance(value, dict):
        if "$vault" in value or ("file" in value and "sha256" in value):
            yield value
        for inner in value.values():
            yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hash_file(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
