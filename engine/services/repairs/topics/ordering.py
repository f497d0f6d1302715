"""Topics of the order itself: made, sent to its team, accepted, overdue, called off."""

from typing import Any, cast

from sqlalchemy import insert, update

from engine.definitions.registry import TopicCall, topic
from engine.services.notifications.recipients import find_people
from engine.services.notifications.telling import Notice
from engine.services.notifications.telling import tell as tell_all
from engine.services.repairs import states
from engine.services.repairs.people import find_leader
from engine.services.repairs.reports import PARTIAL, keep_report
from engine.services.repairs.states import ASSISTANT, LEADER, fetch_order, list_members
from engine.services.repairs.tables import repair_line, repair_member, repair_order
from engine.services.repairs.telling import DISPATCHER, answer_source, tell
from engine.storage.clock import format_instant, parse_instant
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict

_TEXTS = ("description", "site", "safety", "parts_expected")


@topic("decline_repair_request", reads=["create_repair_order"])
def decline_request(call: TopicCall, *, customer: str, request_source: str, source_ref: str) -> PlainDict:
    """Tells who asked for a repair that it is not taken on, and why.

    Reads the form of create_repair_order. Returns: nothing.
    """
    form = call.values_of("create_repair_order")
    facts: PlainDict = {"title": str(form.get("title") or ""), "reason": str(form.get("decline_reason") or "")}
    notice = Notice(
        key=f"{call.key}:declined",
        template="repair_declined",
        facts=facts,
        subject=f"repair:{call.instance_id}",
        path="/repairs",
        recipients=find_people(call.connection, [customer] if customer else []),
    )
    tell_all(call, call.calendar.zone, [notice])
    answer_source(call, request_source, source_ref, is_repaired=False)
    return {}


@topic("make_repair_order", reads=["create_repair_order"])
def make_order(call: TopicCall, *, requester: str, request_source: str, source_ref: str) -> PlainDict:
    """Makes the repair order of the form create_repair_order. Who asked for it is its customer; else the dispatcher
    names one, or none for work of the company's own.

    Returns: order_id, customer_id (empty if there is none), is_daily, due_at.
    """
    form = call.values_of("create_repair_order")
    customer = requester or str(form.get("customer_party") or "")
    number = f"RO-{call.instance_id[-8:].upper()}"
    due_at = parse_instant(str(form["repair_due"]))
    content: PlainDict = {name: str(form.get(name) or "") for name in _TEXTS}
    latitude, longitude = form.get("latitude"), form.get("longitude")
    content["position"] = [latitude, longitude] if latitude is not None and longitude is not None else None
    content["contact"] = form.get("contact")  # a reference: it lies in the vault
    row = {
        "id": call.instance_id,
        "number": number,
        "state": states.CREATED,
        "source": request_source,
        "source_ref": source_ref,
        "customer_id": customer or None,
        "title": str(form["title"]),
        "content": content,
        "is_daily": int(bool(form.get("is_daily"))),
        "round": 0,
        "is_warranty": 0,
        "due_at": due_at,
        "created_by": call.actor.user_id,
        "created_at": call.now,
    }
    call.connection.execute(insert(repair_order).values(row))
    for place, line in enumerate(cast(list[dict[str, Any]], form["lines"]), 1):
        call.connection.execute(
            insert(repair_line).values(
                order_id=call.instance_id,
                key=f"{place:02d}",
                system=str(line["system"]),
                equipment=str(line.get("equipment") or ""),
                symptom=str(line["symptom"]),
                priority=str(line.get("priority") or "usual"),
                owners=[],
            )
        )
    call.describe(f"{number} {row['title']}", f"{number} {row['title']}", number=number)
    if customer:
        call.add_party(customer, "customer")
        tell(call, call.calendar, call.instance_id, "repair_created", [customer], "made")
    call.note("repair_order_made", number=number, lines=len(cast(list[Any], form["lines"])))
    return {
        "order_id": call.instance_id,
        "customer_id": customer,
        "is_daily": bool(row["is_daily"]),
        "due_at": format_instant(due_at),
    }


@topic("send_repair_order", reads=["choose_team"])
def send_order(call: TopicCall) -> PlainDict:
    """Sends the order to the team of the form choose_team: everybody on it is told.

    Returns: has_deputy.
    """
    form = call.values_of("choose_team")
    leader, deputy = str(form["leader"]), str(form.get("deputy") or "")
    chosen = [str(one) for one in cast(list[Any], form.get("assistants") or [])]
    assistants = [one for one in dict.fromkeys([*chosen, deputy]) if one and one != leader]
    left = {"left_at": call.now, "left_reason": "–"}
    of_order = (repair_member.c.order_id == call.instance_id) & repair_member.c.left_at.is_(None)
    call.connection.execute(update(repair_member).where(of_order).values(left))
    for user_id in (leader, *assistants):
        add_member(call, user_id, LEADER if user_id == leader else ASSISTANT, is_deputy=user_id == deputy)
    states.move(call.connection, call.instance_id, states.SENT)
    tell(call, call.calendar, call.instance_id, "repair_sent", [leader, *assistants], call.task_id)
    call.note("repair_order_sent", leader=leader, deputy=deputy, assistants=[*assistants])
    return {"has_deputy": bool(deputy) and deputy != leader}


def add_member(call: TopicCall, user_id: str, role: str, *, is_deputy: bool) -> str:
    """A place in the team; gives its id."""
    row = {
        "id": new_id(),
        "order_id": call.instance_id,
        "user_id": user_id,
        "role": role,
        "is_deputy": int(is_deputy),
        "joined_at": call.now,
    }
    call.connection.execute(insert(repair_member).values(row))
    return str(row["id"])


@topic("accept_repair_order")
def accept_order(call: TopicCall) -> PlainDict:
    """The order is accepted. A deputy who does so because the leader was silent stands in for him from then on.

    Returns: nothing.
    """
    order_id, by = call.instance_id, call.actor.user_id
    if find_leader(call.connection, order_id)["user_id"] != by:
        is_deputy = (repair_member.c.order_id == order_id) & (repair_member.c.user_id == by)
        is_deputy &= repair_member.c.left_at.is_(None)
        call.connection.execute(update(repair_member).where(is_deputy).values(appointed_at=call.now))
        call.note("repair_deputy_appointed", deputy=by)
    states.move(call.connection, order_id, states.ACCEPTED)
    return {}


@topic("give_back_repair", reads=["accept_order"])
def give_back(call: TopicCall) -> PlainDict:
    """Nobody of the team has accepted: the dispatchers choose anew.

    Returns: nothing.
    """
    reason = str(call.values_of("accept_order").get("decline_reason") or "–")
    states.move(call.connection, call.instance_id, states.CREATED)
    tell(
        *(call, call.calendar, call.instance_id, "repair_not_accepted", [], call.task_id),
        groups=[DISPATCHER],
        reason=reason,
    )
    call.note("repair_not_accepted", reason=reason)
    return {}


@topic("mark_repair")
def mark_order(call: TopicCall, *, state: str) -> PlainDict:
    """Gives a repair order another state.

    Returns: nothing.
    """
    states.move(call.connection, call.instance_id, state)
    return {}


@topic("tell_repair_late")
def tell_late(call: TopicCall) -> PlainDict:
    """Tells dispatchers and leader that an order is past the time agreed.

    Returns: nothing.
    """
    leader = find_leader(call.connection, call.instance_id)["user_id"]
    tell(call, call.calendar, call.instance_id, "repair_late", [leader], call.task_id, groups=[DISPATCHER])
    return {}


@topic("cancel_repair_order")
def cancel_order(call: TopicCall) -> PlainDict:
    """Ends an order before it is done. What was handed in stays, and becomes a partial report if there is any.

    Returns: nothing.
    """
    order = fetch_order(call.connection, call.instance_id)
    if order["round"]:
        keep_report(call, PARTIAL)
    states.move(call.connection, call.instance_id, states.CANCELLED, closed_at=call.now)
    team = [one["user_id"] for one in list_members(call.connection, call.instance_id)]
    people = [*team, *([order["customer_id"]] if order["customer_id"] else [])]
    tell(call, call.calendar, call.instance_id, "repair_cancelled", people, call.task_id)
    answer_source(call, order["source"], order["source_ref"], is_repaired=False)
    call.note("repair_cancelled", number=order["number"])
    return {}
