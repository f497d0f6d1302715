"""The quarterly report of workers' identity and income, as the law asks for it. Every export is recorded."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Connection, select

from engine.language.errors import EngineError
from engine.records.history import append_system
from engine.runtime.engine import Engine
from engine.services.documents.settled import Settled, list_settled
from engine.services.onboarding.person_tables import person_certification
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.database import UnitOfWork
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

STREAM = "system:disclosures"
IDENTITY = ("name", "id_type", "id_no")
AMOUNTS = ("settlements", "gross_fen", "fee_fen", "tax_fen", "net_fen")
COLUMNS = ("worker_id", *IDENTITY, *AMOUNTS, "first_at", "last_at")
PERSON = "person"
SHOWN_START, SHOWN_END = 1, 4
MIN_REASON = 5
QUARTER_MONTHS = 3


class ReasonMissing(EngineError):
    """Identities are shown in full only to who says why."""

    def __init__(self) -> None:
        super().__init__(f"Expected a reason of at least {MIN_REASON} characters", least=MIN_REASON)


@dataclass(frozen=True)
class Quarter:
    """A calendar quarter, such as 2026-Q4."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Quarter":
        """The quarter of a day."""
        return cls(day.year, (day.month - 1) // QUARTER_MONTHS + 1)

    @classmethod
    def read(cls, text: str) -> "Quarter":
        """The quarter of a text. Raises ValueError."""
        year, mark, number = text.partition("-Q")
        if not mark or number not in ("1", "2", "3", "4") or not year.isdecimal() or len(year) != len("2026"):
            raise ValueError(f"Expected a quarter such as 2026-Q4, but got {text!r}")
        return cls(int(year), int(number))

    def before(self) -> "Quarter":
        """The quarter before."""
        return Quarter(self.year, self.number - 1) if self.number > 1 else Quarter(self.year - 1, 4)

    def span(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """From when to before when."""
        first = date(self.year, QUARTER_MONTHS * (self.number - 1) + 1, 1)
        after = date(self.year + self.number // 4, QUARTER_MONTHS * (self.number % 4) + 1, 1)
        begin, end = (datetime.combine(day, datetime.min.time(), zone) for day in (first, after))
        return begin, end

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"


@dataclass(frozen=True)
class Export:
    """A report: what was asked for, and its rows, the columns in their order."""

    quarter: Quarter
    columns: tuple[str, ...]
    rows: tuple[PlainDict, ...]


def export_income(
    engine: Engine, actor: Actor, quarter: Quarter, columns: Iterable[str], *, is_unmasked: bool, reason: str
) -> Export:
    """Who was paid what in a quarter, by person. Names and numbers are masked unless it is asked for, with a reason.

    Written to `system:disclosures`: who, what, why, how many persons, and the hash of the rows. Raises ReasonMissing.
    """
    wanted = tuple(one for one in COLUMNS if one in set(columns))
    if is_unmasked and len(reason.strip()) < MIN_REASON:
        raise ReasonMissing

    def work(unit: UnitOfWork) -> Export:
        rows = tuple(_write(unit.connection, engine, quarter, wanted, is_unmasked))
        facts: PlainDict = {
            "report": "income",
            "quarter": str(quarter),
            "columns": [*wanted],
            "is_unmasked": is_unmasked and bool(set(wanted) & set(IDENTITY)),
            "reason": reason.strip(),
            "persons": len(rows),
            "sha256": hashlib.sha256(orjson.dumps(rows, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        }
        append_system(unit, engine.keys, STREAM, actor, "exported", facts)
        return Export(quarter, wanted, rows)

    return engine.database.transact(work)


def _write(
    connection: Connection, engine: Engine, quarter: Quarter, wanted: Sequence[str], is_unmasked: bool
) -> Iterable[PlainDict]:
    persons = set(connection.execute(select(party.c.id).where(party.c.kind == PERSON)).scalars())
    paid: dict[str, list[Settled]] = {}
    for one in list_settled(connection, *quarter.span(engine.zone)):
        if one.payee_id in persons:
            paid.setdefault(one.payee_id, []).append(one)
    for worker_id, found in sorted(paid.items()):
        row: PlainDict = {"worker_id": worker_id, **_sum(found)}
        if set(wanted) & set(IDENTITY):
            row |= _identify(connection, engine.keys, worker_id, is_unmasked)
        yield {name: row[name] for name in wanted}


def _sum(found: list[Settled]) -> PlainDict:
    amounts: dict[str, Plain] = {name: sum(getattr(one, name) for one in found) for name in AMOUNTS[1:]}
    times = sorted(one.at for one in found)
    return {
        "settlements": len(found),
        **amounts,
        "first_at": format_instant(times[0]),
        "last_at": format_instant(times[-1]),
    }


def _identify(connection: Connection, keys: KeyRing, worker_id: str, is_unmasked: bool) -> PlainDict:
    """As he was certified last. Of who never was, or was erased, nothing is known."""
    query = select(person_certification).where(
        person_certification.c.party_id == worker_id, person_certification.c.certified_at.is_not(None)
    )
    newest = query.order_by(person_certification.c.certified_at.desc()).limit(1)
    certified = connection.execute(newest).one_or_none()
    told: PlainDict = {"id_type": certified.id_type if certified else None}
    for name in ("name", "id_no"):
        reference = getattr(certified, name, None)
        text = vault.open_reference(connection, keys, reference) if vault.is_reference(reference) else None
        told[name] = text if is_unmasked or text is None else mask(text)
    return told


def mask(text: str) -> str:
    """A name or a number of which only the ends show: 王**, 3***************1234."""
    end = SHOWN_END if len(text) > 2 * SHOWN_END else 0
    return text[:SHOWN_START] + "*" * max(1, len(text) - SHOWN_START - end) + (text[-end:] if end else "")
