"""Tables whose rows prove themselves by a seal or a hash: files, definitions, personal data, the ledger, papers."""

import hashlib
from collections.abc import Generator, Iterable, Iterator
from functools import partial
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidTag
from sqlalchemy import ColumnElement, Connection, select

from engine.commands.deployments import STREAM as DEPLOYMENTS
from engine.runtime.engine import Engine
from engine.services.agreements.tables import signature
from engine.services.documents.issuing import as_bytes
from engine.services.documents.tables import document, document_consent
from engine.services.ledger.checks import check_books, check_seals
from engine.services.ledger.tables import account, journal, posting
from engine.services.verification.findings import Finding, list_dicts, read_events, sha256
from engine.services.verification.raw_rows import find_unreadable, read_rows
from engine.storage import vault
from engine.storage.plain import Plain, PlainDict
from engine.storage.seal import is_sealed
from engine.storage.tables import definition, deployment, file, instance, pin_set, vault_item


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


def verify_definitions(engine: Engine, connection: Connection) -> Iterator[Finding]:
    """Each definition is the file that was deployed, and each that was deployed, or that cases pin, is there."""
    deployed: dict[str, str] = {}
    remembered: dict[str, object] = {}
    for row, fact in read_events(connection, DEPLOYMENTS):
        remembered[str(fact.get("deployment"))] = (row["actor_id"], fact.get("note"), row["at"])
        if fact.get("kind") == "deployed":
            deployed |= {str(one.get("id")): str(one.get("sha256")) for one in list_dicts(fact.get("definitions"))}
    pinned = yield from _check_pins(connection, connection.execute(select(instance.c.pin_set_id).distinct()).scalars())
    named = set[str]()
    for row in read_rows(connection, definition):
        bad = partial(Finding, "definition", row["id"])
        pinned.discard(row["id"])
        named.add(row["deployment_id"])
        expected = deployed.pop(row["id"], None)
        if not is_sealed(engine.keys.mac, "definition", row):
            yield bad("Expected the row as it was deployed, but its seal does not fit")
        elif expected != row["sha256"] or sha256(row["content"]) != expected:
            yield bad("Expected the file of its deployment, but it is another")
    for missing in deployed:
        yield Finding("definition", missing, "Expected the definition history names, but it is gone")
    for missing in sorted(pinned - deployed.keys()):
        yield Finding("definition", missing, "Expected the definition that cases pin, but it is gone")
    yield from _check_deployments(connection, remembered, named)


def verify_pinned(engine: Engine, connection: Connection, instance_id: str) -> Iterator[Finding]:
    """The versions one case was ever on are those it pinned, and each definition among them is as it was deployed."""
    pin_sets = {str(event["pins"]) for _, event in read_events(connection, instance_id) if "pins" in event}
    pin_sets |= set(connection.execute(select(instance.c.pin_set_id).where(instance.c.id == instance_id)).scalars())
    pinned = yield from _check_pins(connection, pin_sets, pin_set.c.id.in_(sorted(pin_sets)))
    for row in read_rows(connection, definition, definition.c.id.in_(sorted(pinned))):
        pinned.discard(row["id"])
        if not is_sealed(engine.keys.mac, "definition", row) or sha256(row["content"]) != row["sha256"]:
            yield Finding("definition", row["id"], "Expected the file of its deployment, but it is another")
    for missing in sorted(pinned):
        yield Finding("definition", missing, "Expected the definition that cases pin, but it is gone")


def _check_deployments(connection: Connection, remembered: dict[str, object], named: set[str]) -> Iterator[Finding]:
    """`remembered` by history, `named` by definitions: who destroys one record of a deployment leaves the other."""
    for row in read_rows(connection, deployment):
        named.discard(row["id"])
        if remembered.pop(row["id"], None) != (row["actor_id"], row["note"], row["deployed_at"]):
            yield Finding("deployment", row["id"], "Expected the deployment history tells of, but it is another")
    for gone in remembered:
        yield Finding("deployment", gone, "Expected the deployment history tells of, but it is gone")
    for gone in sorted(named - remembered.keys()):
        yield Finding("deployment", gone, "Expected the deployment its definitions name, but it is gone")


def _list_pinned(pins: Plain) -> Iterator[str]:
    """The ids of a set of pins."""
    for by_key in pins.values() if isinstance(pins, dict) else ():
        yield from (str(one) for one in by_key.values()) if isinstance(by_key, dict) else ()


def _check_pins(
    connection: Connection, wanted: Iterable[str], *conditions: ColumnElement[bool]
) -> Generator[Finding, None, set[str]]:
    """Sets of pins; gives the definitions they name. One that was changed and names little that is there names what
    nobody ever pinned; else it tells what is gone all the same, should somebody have destroyed both.
    """
    missing, pinned = set(wanted), set[str]()
    there = set(connection.execute(select(definition.c.id)).scalars())
    for row in read_rows(connection, pin_set, *conditions):
        missing.discard(row["id"])
        named = set(_list_pinned(row["pins"]))
        is_changed = sha256(orjson.dumps(row["pins"], option=orjson.OPT_SORT_KEYS)) != row["sha256"]
        if is_changed:
            yield Finding("pin_set", row["id"], "Expected the versions that were pinned, but they are others")
        if not is_changed or len(named & there) > len(named) / 2:
            pinned |= named
    for gone in sorted(missing):
        yield Finding("pin_set", gone, "Expected the versions a case pinned, but they are gone")
    return pinned


def verify_vault(engine: Engine, connection: Connection) -> Iterator[Finding]:
    """Every text of a person who was not erased opens in its own place, and is found under its own index."""
    for row in read_rows(connection, vault_item):
        reference: PlainDict = {"$vault": row["id"], "sha256": sha256(row["ciphertext"])}
        try:
            text = vault.open_reference(connection, engine.keys, reference)
        except (InvalidTag, TypeError, ValueError):
            yield Finding("vault_item", row["id"], "Expected a text kept in this place, but it does not open")
            continue
        if text is not None and vault.blind_index(engine.keys, text) != row["blind_index"]:
            yield Finding("vault_item", row["id"], "Expected the index of this text, but it is another's")


def verify_ledger(engine: Engine, connection: Connection) -> Iterator[Finding]:
    """The books balance, every invariant holds, every entry is as it was sealed."""
    damaged = [
        (table, row, name) for table in (account, journal, posting) for row, name in find_unreadable(connection, table)
    ]
    for table, row, name in damaged:
        key = "/".join(str(row[column.name]) for column in table.primary_key.columns)
        yield Finding(table.name, key, f"Expected a value that can be read in {name}, but it cannot")
    if damaged:
        return
    for finding in [*check_books(connection), *check_seals(connection, engine.keys)]:
        message = f"{finding.invariant}: {finding.message}"
        yield Finding(finding.table, finding.subject, message, finding.invariant)


def verify_documents(engine: Engine, connection: Connection) -> Iterator[Finding]:
    """Each document is as it was issued, and has the hash by which others check it."""
    for row in read_rows(connection, document):
        if not is_sealed(engine.keys.mac, "document", row) or sha256(as_bytes(row["content"])) != row["sha256"]:
            yield Finding("document", row["number"], "Expected the document as it was issued, but it is another")
    for row in read_rows(connection, document_consent):
        if not is_sealed(engine.keys.mac, "document_consent", row):
            bad = "Expected the consent as it was given, but its seal does not fit"
            yield Finding("document_consent", row["document_id"], bad)


def verify_signatures(engine: Engine, connection: Connection) -> Iterator[Finding]:
    """Each signature is as it was given."""
    for row in read_rows(connection, signature):
        if not is_sealed(engine.keys.mac, "signature", row):
            yield Finding("signature", row["id"], "Expected the signature as it was given, but its seal does not fit")


def _hash_file(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
