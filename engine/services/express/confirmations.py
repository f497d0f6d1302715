"""What a person is asked to confirm, for himself: all of it as a list, one of it, and what a link shows a stranger."""

from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, literal, select, tuple_

from engine.queries.page import Page
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.express import states
from engine.services.express.links import open_link
from engine.services.express.tables import express_line, express_task
from engine.services.ledger.fees import Settlement, compute_settlement, read_terms
from engine.storage.actor import Actor
from engine.storage.clock import format_instant, parse_instant
from engine.storage.tables import party


@dataclass(frozen=True)
class Confirmation:
    """A line with the task it is of. `split`: what its pay consists of."""

    line: RowMapping
    task: RowMapping
    enterprise_zh: str
    enterprise_en: str
    split: Settlement

    @property
    def is_open(self) -> bool:
        """Whether its person can still do something about it."""
        return self.line["state"] in states.SENT and self.line["state"] != "requested"


def list_confirmations(engine: Engine, actor: Actor, after: str | None, limit: int) -> Page[Confirmation]:
    """Those of a person, the newest first. Raises ValueError for a mark of no page."""
    newest = (express_line.c.listed_at, express_line.c.id)
    query = select(express_line).where(express_line.c.worker_id == actor.party_id, express_line.c.case_id.is_not(None))
    if after:
        at, _, line_id = after.partition("~")
        query = query.where(tuple_(*newest) < tuple_(literal(parse_instant(at), newest[0].type), literal(line_id)))
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(*(one.desc() for one in newest)).limit(limit + 1)).mappings().all()
        shown = [_describe(connection, row) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(shown, f"{format_instant(last['listed_at'])}~{last['id']}" if last is not None else None)


def fetch_confirmation(engine: Engine, actor: Actor, line_id: str) -> Confirmation:
    """One of a person. Raises NotFound."""
    with engine.database.read() as connection:
        mine = (express_line.c.id == line_id, express_line.c.worker_id == actor.party_id)
        row = connection.execute(select(express_line).where(*mine)).mappings().one_or_none()
        if row is None or row["case_id"] is None:
            raise NotFound("express_line", line_id)
        return _describe(connection, row)


def look_at_link(engine: Engine, line_id: str, proof: str) -> Confirmation:
    """What a link is about. Raises NotFound for one that does not hold."""
    with engine.database.read() as connection:
        return _describe(connection, open_link(connection, engine.keys, line_id, proof))


def _describe(connection: Connection, line: RowMapping) -> Confirmation:
    task = connection.execute(select(express_task).where(express_task.c.id == line["task_id"])).mappings().one()
    names = select(party.c.name_zh, party.c.name_en).where(party.c.id == task["enterprise_id"])
    firm = connection.execute(names).one()
    split = compute_settlement(line["pay_fen"], read_terms(task["fee"]), fee_bearer=task["fee_bearer"])
    return Confirmation(line, task, firm.name_zh, firm.name_en, split)
