"""What a verification found, in words, and where it can be looked at."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from flask import url_for
from sqlalchemy import Column, Connection, select, tuple_

from engine.runtime.engine import Engine
from engine.services.ledger import accounts
from engine.services.ledger.checks import EVERYTHING
from engine.services.ledger.tables import journal, posting
from engine.services.verification import Finding
from engine.services.verification.raw_rows import read_snapshot
from engine.storage.tables import file, history, instance, submission
from web.auditor.ledger import account_url
from web.navigation import may_open
from web.texts import text

LEDGER = "ledger"  # the books as a whole, which is no table
IN_STREAMS = ("history", "keyframe")  # their rows are named by stream and number


@dataclass(frozen=True)
class Broken:
    """A finding for readers: what kind of record, which one if it is one, what is wrong, and its page if it has one."""

    kind: str
    row: str
    words: str
    detail: str
    url: str | None


def tell_findings(engine: Engine, found: Iterable[Finding]) -> list[Broken]:
    """Each finding in words, with a link to its case, entry or account."""
    findings = [replace(one, row=str(one.row)) for one in found]  # whatever was put there
    if not findings:
        return []
    with engine.database.reader.connect() as fresh, read_snapshot(fresh) as connection:
        urls = _find_cases(connection, findings) | _find_books(connection, findings)
    return [
        Broken(
            text(f"verify.table.{LEDGER if one.row == EVERYTHING else one.table}"),
            "" if one.row == EVERYTHING else one.row,
            _say_wrong(one),
            one.message,
            urls.get((one.table, one.row)),
        )
        for one in findings
    ]


def _say_wrong(finding: Finding) -> str:
    if finding.invariant is None:
        return text(f"verify.wrong.{finding.table}")
    return text(f"verify.wrong.{LEDGER}", name=finding.invariant, rule=text(f"invariant.{finding.invariant}"))


def _find_cases(connection: Connection, findings: Iterable[Finding]) -> dict[tuple[str, str], str]:
    """By table and row the page of the case they belong to, at their record where it is there."""
    cases = {(one.table, one.row): one.row for one in findings if one.table == "instance"}
    for one in findings:
        if one.table in IN_STREAMS:
            cases[one.table, one.row] = one.row.rpartition("/")[0]
    cases |= _find_owners(connection, findings)
    known = _find_known(connection, instance.c.id, cases.values())
    in_known = select(history.c.stream, history.c.seq).where(history.c.stream.in_(sorted(known)))
    records = {f"{stream}/{seq}": seq for stream, seq in connection.execute(in_known)}
    return {
        (table, row): url_for("auditor.case", instance_id=case, at=records.get(row))
        for (table, row), case in cases.items()
        if case in known
    }


def _find_owners(connection: Connection, findings: Iterable[Finding]) -> dict[tuple[str, str], str]:
    """By submission or file the case it was given in."""
    files = {one.row for one in findings if one.table == "file"}
    given = {tuple(one.row.rsplit("/", 1)) for one in findings if one.table == "submission" and "/" in one.row}
    key = tuple_(submission.c.scope, submission.c.token)
    in_files = select(file.c.id, file.c.instance_id).where(file.c.id.in_(sorted(files)))
    in_forms = select(submission.c.scope, submission.c.token, submission.c.instance_id).where(key.in_(sorted(given)))
    return {("file", row.id): str(row.instance_id) for row in connection.execute(in_files)} | {
        ("submission", f"{row.scope}/{row.token}"): str(row.instance_id) for row in connection.execute(in_forms)
    }


def _find_books(connection: Connection, findings: Iterable[Finding]) -> dict[tuple[str, str], str]:
    """By table and row the page of an entry or of an account with entries, of the rows that can be read at all."""
    readable = [one for one in findings if one.invariant is not None and one.row != EVERYTHING]
    entries = [one for one in readable if one.table != "account"] if may_open("auditor.entry") else []
    codes = [one for one in readable if one.table == "account"] if may_open("auditor.account") else []
    known = _find_known(connection, journal.c.id, (one.row for one in entries))
    held = _find_known(connection, posting.c.account, (one.row for one in codes if accounts.is_known(one.row)))
    return {(one.table, one.row): url_for("auditor.entry", entry_id=one.row) for one in entries if one.row in known} | {
        (one.table, one.row): account_url(one.row) for one in codes if one.row in held
    }


def _find_known(connection: Connection, column: Column[str], names: Iterable[str]) -> set[str]:
    return set(connection.execute(select(column).where(column.in_(sorted(set(names))))).scalars())
