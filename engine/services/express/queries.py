"""What pages show of express tasks to an enterprise: how each stands, where its money is, and its list line by line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, literal, or_, select, tuple_

from engine.definitions.forms.texts import compact_number
from engine.queries.page import Page
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.express import states
from engine.services.express.importing import open_line
from engine.services.express.links import make_path
from engine.services.express.reading import Line
from engine.services.express.tables import express_line, express_task
from engine.services.ledger import accounts
from engine.services.ledger.tables import account, journal, posting
from engine.services.onboarding.showing import mask
from engine.services.work_tasks.eligibility import PUBLISHERS
from engine.services.work_tasks.oversight import Money
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.clock import format_instant, parse_instant

FAULTY = "faulty"
_CONFIRMED = ("confirmed", "committed", "rechecked", "requested")
GROUPS: dict[str, tuple[str, ...]] = {
    "open": ("listed", "awarded", "awaiting_confirmation"),
    "problem": ("problem",),
    "confirmed": _CONFIRMED,
    **{state: (state,) for state in ("paid", "refunded", "denied", "expired")},
}
"""How the states of lines are counted for people."""
_FAULTLESS = express_line.c.faults == []


@dataclass(frozen=True)
class TaskCard:
    """An express task in a list: how many lines without faults it has, how many of them are paid."""

    row: RowMapping
    line_count: int
    paid_count: int
    pay_fen: int


@dataclass(frozen=True)
class TaskView:
    """An express task for its enterprise. `counts`: lines without faults by the groups of GROUPS; `pay_fen`: theirs."""

    row: RowMapping
    counts: dict[str, int]
    good_count: int
    fault_count: int
    pay_fen: int
    money: Money
    may_edit: bool  # its list may still change, and the actor may change it
    may_cancel: bool


@dataclass(frozen=True)
class ListedLine:
    """A line as a page shows it: number and phone masked. `link` is what its person is to be given while nobody knows
    who he is on the platform; `said` is None once the line was erased.
    """

    row: RowMapping
    name: str
    id_no: str
    phone: str
    link: str
    said: Line | None


def list_express_tasks(engine: Engine, actor: Actor, after: str | None, limit: int) -> Page[TaskCard]:
    """Those of the actor's enterprise, the newest first. Raises ValueError for a mark of no page."""
    newest = (express_task.c.created_at, express_task.c.id)
    query = select(express_task).where(express_task.c.enterprise_id == actor.party_id)
    if after:
        at, _, task_id = after.partition("~")
        query = query.where(tuple_(*newest) < tuple_(literal(parse_instant(at), newest[0].type), literal(task_id)))
    with engine.database.read() as connection:
        rows = connection.execute(query.order_by(*(one.desc() for one in newest)).limit(limit + 1)).mappings().all()
        cards = [_card(connection, row) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(cards, f"{format_instant(last['created_at'])}~{last['id']}" if last is not None else None)


def fetch_express_task(engine: Engine, actor: Actor, task_id: str) -> TaskView:
    """One for its enterprise. Raises NotFound."""
    with engine.database.read() as connection:
        row = fetch_own(connection, actor, task_id)
        by_state = _count_states(connection, row)
        of_list = express_line.c.list_id == row["list_id"]
        total = connection.execute(select(func.count()).where(of_list)).scalar_one()
        pay = select(func.coalesce(func.sum(express_line.c.pay_fen), 0)).where(of_list, _FAULTLESS)
        pay_fen = int(connection.execute(pay).scalar_one())
        money = _read_money(connection, row)
    good, may_act = sum(by_state.values()), actor.role in PUBLISHERS
    return TaskView(
        row=row,
        counts={name: sum(by_state.get(state, 0) for state in among) for name, among in GROUPS.items()},
        good_count=good,
        fault_count=total - good,
        pay_fen=pay_fen,
        money=money,
        may_edit=may_act and row["is_drafted"] == 1 and row["state"] == "draft",
        may_cancel=may_act
        and row["state"] not in states.FINAL_TASK
        and not any(by_state.get(state) for state in states.SETTLED),
    )


def list_lines(
    engine: Engine, actor: Actor, task_id: str, group: str, search: str, after: int, limit: int
) -> Page[ListedLine]:
    """The list of an express task from behind a number on. `search` is the number of a line, an ID number or a phone:
    each of them is found whole, because nobody can read the others. Raises NotFound.
    """
    with engine.database.read() as connection:
        task = fetch_own(connection, actor, task_id)
        query = select(express_line).where(express_line.c.list_id == task["list_id"], express_line.c.number > after)
        query = _narrow(engine, query, group, search)
        rows = connection.execute(query.order_by(express_line.c.number).limit(limit + 1)).mappings().all()
        shown = [_show(engine, connection, row, actor.role in PUBLISHERS) for row in rows[:limit]]
    return Page(shown, str(rows[limit - 1]["number"]) if len(rows) > limit else None)


def fetch_listed(engine: Engine, actor: Actor, task_id: str, line_id: str) -> ListedLine:
    """One line of the list that holds. Raises NotFound."""
    with engine.database.read() as connection:
        task = fetch_own(connection, actor, task_id)
        query = select(express_line).where(express_line.c.id == line_id, express_line.c.list_id == task["list_id"])
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotFound("express_line", line_id)
        return _show(engine, connection, row, actor.role in PUBLISHERS)


def count_arriving(engine: Engine, actor: Actor, task_id: str) -> int:
    """How many lines of an import that is under way are written so far. Raises NotFound."""
    with engine.database.read() as connection:
        task = fetch_own(connection, actor, task_id)
        latest = (
            select(express_line.c.list_id, func.count().label("lines"))
            .where(express_line.c.task_id == task_id, express_line.c.list_id != (task["list_id"] or ""))
            .group_by(express_line.c.list_id)
            .order_by(func.max(express_line.c.listed_at).desc())
        )
        row = connection.execute(latest.limit(1)).one_or_none()
        return int(row.lines) if row is not None else 0


def fetch_own(connection: Connection, actor: Actor, task_id: str) -> RowMapping:
    """The express task of the actor's enterprise. Raises NotFound."""
    mine = (express_task.c.id == task_id, express_task.c.enterprise_id == actor.party_id)
    row = connection.execute(select(express_task).where(*mine)).mappings().one_or_none()
    if row is None:
        raise NotFound("express_task", task_id)
    return row


def _card(connection: Connection, row: RowMapping) -> TaskCard:
    good = (express_line.c.list_id == row["list_id"], _FAULTLESS)
    total = connection.execute(select(func.sum(express_line.c.pay_fen)).where(*good)).scalar()
    counts = _count_states(connection, row)
    return TaskCard(row, sum(counts.values()), counts.get("paid", 0), int(total or 0))


def _count_states(connection: Connection, task: RowMapping) -> dict[str, int]:
    good = (express_line.c.list_id == task["list_id"], _FAULTLESS)
    query = select(express_line.c.state, func.count().label("lines")).where(*good).group_by(express_line.c.state)
    return {row.state: int(row.lines) for row in connection.execute(query)}


def _narrow(engine: Engine, query: Select[Any], group: str, search: str) -> Select[Any]:
    if group == FAULTY:
        query = query.where(express_line.c.faults != [])
    elif group in GROUPS:
        query = query.where(express_line.c.state.in_(GROUPS[group]), _FAULTLESS)
    if not search:
        return query
    index = vault.blind_index(engine.keys, compact_number(search))
    found = [express_line.c.id_index == index, express_line.c.phone_index == index]
    if search.isascii() and search.isdigit() and len(search) <= len("10000"):
        found.append(express_line.c.number == int(search))
    return query.where(or_(*found))


def _show(engine: Engine, connection: Connection, row: RowMapping, may_act: bool) -> ListedLine:
    said = open_line(connection, engine.keys, row)
    is_unknown = row["worker_id"] is None and row["state"] == "awaiting_confirmation"
    return ListedLine(
        row=row,
        name=said.name if said else "—",
        id_no=mask(said.id_no, 4, 2) if said else "—",
        phone=mask(said.phone, 3, 4) if said else "—",
        link=make_path(engine.keys, row["id"], row["version"]) if is_unknown and may_act else "",
        said=said,
    )


def _read_money(connection: Connection, task: Mapping[Any, Any]) -> Money:
    of_list = express_line.c.list_id == task["list_id"]
    refs = select(express_line.c.id).where(of_list, _FAULTLESS)
    escrows = select(literal("escrow:") + express_line.c.id).where(of_list, _FAULTLESS)
    held = or_(account.c.code == accounts.escrow(task["id"]), account.c.code.in_(escrows))
    frozen = select(func.coalesce(func.sum(account.c.balance_fen), 0)).where(held)
    sums = (func.coalesce(func.sum(express_line.c.pay_fen), 0), func.coalesce(func.sum(express_line.c.net_fen), 0))
    paid = connection.execute(select(*sums).where(of_list, express_line.c.state == "paid")).one()
    back = (
        select(func.coalesce(func.sum(-posting.c.amount_fen), 0))
        .join(journal, journal.c.id == posting.c.journal_id)
        .where(
            posting.c.account == accounts.wallet(task["enterprise_id"]),
            posting.c.amount_fen < 0,
            or_(journal.c.order_ref == task["id"], journal.c.order_ref.in_(refs)),
        )
    )
    frozen_fen, returned_fen = (int(connection.execute(query).scalar_one()) for query in (frozen, back))
    return Money(frozen_fen, int(paid[0]), int(paid[1]), returned_fen)
