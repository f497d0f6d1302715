"""Topics of the hire order: the demand, its listing, the lock and the fulfilment. What is unusual is in `claims`."""

from datetime import datetime

from sqlalchemy import func, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.ledger.fees import compute_settlement, read_terms
from engine.services.ledger.topics.funds import release_funds
from engine.services.orders import states
from engine.services.orders.milestones import price_milestones, save_milestones, what_is_due
from engine.services.orders.notes import later, note_state, set_deadlines
from engine.services.orders.search import search_text_of
from engine.services.orders.tables import hire_order, order_handover
from engine.storage.clock import format_instant, parse_instant
from engine.storage.plain import Plain, PlainDict


@topic("save_demand", reads=["describe_demand"])
def save_demand(call: TopicCall, *, publisher: str) -> PlainDict:
    """Makes the electronic task order from the demand as submitted.

    Reads the form of describe_demand. Returns: order_id, order_number, expires_at.
    """
    demand = call.values_of("describe_demand")
    order_id, number = call.instance_id, call.business_key or call.instance_id
    reward_fen, expires_at = demand["reward_fen"], _listing_end(call, demand.get("list_until"))
    assert isinstance(reward_fen, int)
    row = _published(demand) | {
        "id": order_id,
        "number": number,
        "state": "draft",
        "publisher_id": publisher,
        "created_at": call.now,
        "reward_fen": reward_fen,
        "expires_at": expires_at,
        "lock_limit": call.policy["open_locks_per_taker"],
        "lock_version": 0,
        "release_count": 0,
        "rework_count": 0,
        "case_count": 0,
    }
    call.connection.execute(insert(hire_order).values(row))
    save_milestones(call.connection, order_id, reward_fen, demand.get("milestones"))
    title = str(demand["title"])
    call.describe(title, title, reward_fen)
    call.add_party(publisher, "publisher")
    note_state(call, order_id, "funding")
    return {"order_id": order_id, "order_number": number, "expires_at": format_instant(expires_at)}


def _published(demand: PlainDict) -> dict[str, object]:
    """The columns of a demand. The earlier of the two service times is the beginning, whichever was typed first."""
    texts = {
        name: str(demand.get(name) or "")
        for name in (
            *("category", "title", "content", "environment", "safety_notes", "result_spec", "qualification_reqs"),
            *("place_mode", "district", "taker_kinds"),
        )
    }
    begin, end = sorted(parse_instant(str(demand[name])) for name in ("service_from", "service_to"))
    references = {name: demand.get(name) or None for name in ("address", "contact_name", "contact_phone")}
    return {
        **texts,
        **references,
        "service_from": begin,
        "service_to": end,
        "attachments": demand.get("attachments") or [],
        "search_text": search_text_of(texts),
    }


def _listing_end(call: TopicCall, wanted: Plain) -> datetime:
    """When a listing ends: as wanted if that lies ahead, else the default; at most the longest of the policy."""
    at = parse_instant(str(wanted)) if wanted else later(call, "hire_listing_period")
    if at <= call.now:
        at = later(call, "hire_listing_period")
    return min(at, later(call, "hire_listing_max"))


@topic("mark_order")
def mark_order(call: TopicCall, *, order_id: str, state: str) -> PlainDict:
    """Brings the order into a state of its life. A final state is refused while money is left in its escrow.

    Returns: state.
    """
    stamps: dict[str, object] = {"started_at": call.now} if state == "started" else {}
    note_state(call, order_id, state, **stamps)
    return {"state": state}


@topic("refund_order")
def refund_order(call: TopicCall, *, order_id: str, state: str) -> PlainDict:
    """Releases all that is left in the order's escrow to its publisher and closes the order in that state.

    Returns: released_fen.
    """
    publisher = states.fetch_row(call.connection, order_id)["publisher_id"]
    released = release_funds(call, escrow_ref=order_id, payer=publisher, order_ref=order_id)
    note_state(call, order_id, state)
    return {"released_fen": released["released_fen"]}


@topic("list_order")
def list_order(call: TopicCall, *, order_id: str, fee: PlainDict) -> PlainDict:
    """Puts the order on the market, with the fee and the net pay that will hold for whoever takes it.

    Returns: expires_at.
    """
    row = states.fetch_row(call.connection, order_id)
    expires_at = max(row["expires_at"], later(call, "hire_listing_rest"))
    note_state(
        call,
        order_id,
        "open",
        listed_at=call.now,
        expires_at=expires_at,
        **_price(call, order_id, row["reward_fen"], fee),
    )
    return {"expires_at": format_instant(expires_at)}


def _price(call: TopicCall, order_id: str, reward_fen: int, fee: PlainDict) -> dict[str, object]:
    """What the taker of a reward will receive (HO-22), by the row of the fee table fixed at publication; and with each
    of its milestones.
    """
    split = compute_settlement(reward_fen, read_terms(fee))
    price_milestones(call.connection, order_id, split)
    return {"fee_fen": split.fee_fen, "vat_fen": split.vat_fen, "net_fen": split.net_fen}


@topic("extend_listing")
def extend_listing(call: TopicCall, *, order_id: str, until: str) -> PlainDict:
    """Puts an expired order back on the market until an instant, at most the longest listing from now.

    Returns: expires_at.
    """
    expires_at = _listing_end(call, until)
    note_state(call, order_id, "open", expires_at=expires_at)
    return {"expires_at": format_instant(expires_at)}


@topic("raise_reward")
def raise_reward(call: TopicCall, *, order_id: str, added_fen: int, fee: PlainDict, until: str) -> PlainDict:
    """Puts an expired order back on the market with a higher reward, after the increase was frozen.

    Returns: reward_fen, expires_at.
    """
    row = states.fetch_row(call.connection, order_id)
    reward_fen, expires_at = row["reward_fen"] + added_fen, _listing_end(call, until)
    note_state(
        call, order_id, "open", reward_fen=reward_fen, expires_at=expires_at, **_price(call, order_id, reward_fen, fee)
    )
    call.describe(row["title"], row["title"], reward_fen)
    return {"reward_fen": reward_fen, "expires_at": format_instant(expires_at)}


@topic("record_lock")
def record_lock(call: TopicCall, *, order_id: str, taker: str, lock_version: int) -> PlainDict:
    """Sets the deadlines of the one who took the order. The lock itself was won in the same step.

    Returns: stage, start_by, handover_due, overdue_at. A lock that is not the order's is an incident.
    """
    row = states.fetch_row(call.connection, order_id)
    if (row["state"], row["taker_id"], row["lock_version"]) != ("locked", taker, lock_version):
        raise ValueError(f"Expected order {order_id} to be locked by {taker} as lock {lock_version}, but it is not")
    call.add_party(taker, "taker")
    start_by = later(call, "hire_start_deadline")
    return {"stage": "locked", **set_deadlines(call, order_id, start_by, max(row["service_to"], start_by))}


@topic("extend_deadline")
def extend_deadline(call: TopicCall, *, order_id: str, stage: str, until: str) -> PlainDict:
    """Gives the taker more time: to start while the order is locked, to hand over once it was started.

    A time that has passed counts as the deadline for answering from now. Returns: deadline.
    """
    deadline = max(parse_instant(until), later(call, "hire_no_start_decision"))
    names = {"locked": ("start_by",), "started": ("handover_due", "overdue_at")}[stage]
    call.connection.execute(
        update(hire_order).where(hire_order.c.id == order_id).values(dict.fromkeys(names, deadline))
    )
    call.note("deadline_extended", order_id=order_id, stage=stage, deadline=format_instant(deadline))
    return {"deadline": format_instant(deadline)}


@topic("record_handover", reads=["hand_over"])
def record_handover(call: TopicCall, *, order_id: str) -> PlainDict:
    """Keeps what was handed over as a round of its own.

    Reads the form of hand_over. Returns: objection_until, rework_left; due: what it is paid with if it is accepted
    (milestone, gross_fen, fee_fen, vat_fen).
    """
    handover, row = call.values_of("hand_over"), states.fetch_row(call.connection, order_id)
    due = what_is_due(call.connection, row)
    rounds = select(func.count()).where(order_handover.c.order_id == order_id)
    values = {
        "order_id": order_id,
        "round": call.connection.execute(rounds).scalar_one() + 1,
        "milestone": due["milestone"] or None,
        "taker_id": row["taker_id"],
        "summary": handover["summary"],
        "receiver": handover["receiver"],
        "files": handover["files"],
        "handed_over_at": parse_instant(str(handover["handed_over_at"])),
        "submitted_at": call.now,
    }
    call.connection.execute(insert(order_handover).values(values))
    note_state(call, order_id, "handed_over")
    limit = call.policy["hire_rework_limit"]
    assert isinstance(limit, int)
    return {
        "objection_until": format_instant(later(call, "hire_objection_window")),
        "rework_left": max(limit - row["rework_count"], 0),
        "due": due,
    }


@topic("order_rework")
def order_rework(call: TopicCall, *, order_id: str) -> PlainDict:
    """Gives the work back to the taker for another round, with a deadline of its own.

    Returns: rework_count, start_by, handover_due, overdue_at.
    """
    row = states.fetch_row(call.connection, order_id)
    rework_count = row["rework_count"] + 1
    note_state(call, order_id, "started", rework_count=rework_count)
    deadlines = set_deadlines(call, order_id, row["start_by"], later(call, "hire_rework_deadline"))
    return {"rework_count": rework_count, **deadlines}
