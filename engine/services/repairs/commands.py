"""What people do with repair orders beside their tasks."""

import hashlib
from collections.abc import Callable

from sqlalchemy import Connection, insert, select, update

from engine.commands.instances import start_instance
from engine.commands.messages import correlate_message, publish_message
from engine.commands.tasks import complete_task
from engine.definitions.forms.fields import Typed
from engine.records.history import event
from engine.records.submissions import SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.errors import Forbidden, NobodyWaits
from engine.runtime.step import Command, Step, run_step
from engine.services.repairs.access import Access, Act, fetch_info, look
from engine.services.repairs.errors import RepairNotPossible
from engine.services.repairs.people import list_technicians
from engine.services.repairs.states import ASSISTANT, LEFT_OUT, WAITING, change_turn, fetch_turn, list_turns
from engine.services.repairs.tables import repair_info, repair_line, repair_member, repair_turn
from engine.services.repairs.topics.working import add_info
from engine.storage.actor import PLATFORM, Actor
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import task

PROCESS = "repair_collaboration"
REQUESTED, CANCELLED, INFO_CLOSED = "repair.requested", "order.cancelled", "repair.info_closed"
MAX_TITLE, MAX_TEXT = 100, 2000


def request_repair(engine: Engine, actor: Actor, token: str, title: str, description: str) -> None:
    """A customer asks for a repair; a dispatcher makes the order of it. A repeated token changes nothing.

    Raises RepairNotPossible for staff of the platform and for a request that says nothing.
    """
    title, description = title.strip()[:MAX_TITLE], description.strip()[:MAX_TEXT]
    if actor.party_id == PLATFORM or not title:
        raise RepairNotPossible("request")
    payload: PlainDict = {"customer": actor.party_id, "title": title, "description": description}
    payload |= {"source": "customer", "source_ref": ""}
    message_id = hashlib.sha256(f"repair:{actor.user_id}:{token}".encode()).hexdigest()[:32]
    publish_message(engine, actor, REQUESTED, "", payload, message_id=message_id)


def open_order(engine: Engine, actor: Actor, token: str) -> str:
    """A dispatcher begins an order himself; gives its case. The order to fill in is his task."""
    values: PlainDict = dict.fromkeys(("customer", "title", "description", "source_ref"), "")
    return start_instance(engine, actor, PROCESS, {**values, "source": "manual"}, token)


def submit_report(engine: Engine, actor: Actor, order_id: str, token: str) -> None:
    """The complete report goes to the server. Raises NotFound; Forbidden for all but the leader and the deputy he
    appointed, which is written into the history; RepairNotPossible before there is anything to submit.
    """
    _authorise(engine, actor, order_id, Act.SUBMIT)
    with engine.database.read() as connection:
        query = select(task.c.id).where(task.c.instance_id == order_id, task.c.element == "submit_report")
        task_id = connection.execute(query).scalar_one_or_none()
    if task_id is None:
        raise RepairNotPossible("submit")
    complete_task(engine, actor, task_id, token, Typed({"is_complete": ["true"]}))


def close_without(engine: Engine, actor: Actor, order_id: str, turn_id: str, token: str, reason: str) -> None:
    """The leader goes on without the information of a late assistant. Raises NotFound, Forbidden, RepairNotPossible."""
    _authorise(engine, actor, order_id, Act.CLOSE)
    if not reason.strip():
        raise RepairNotPossible("reason")

    def record(step: Step) -> Plain:
        turn = fetch_turn(step.connection, turn_id)
        if turn["order_id"] != order_id or turn["info_state"] != WAITING:
            raise RepairNotPossible("close")
        change_turn(step.connection, turn_id, info_state=LEFT_OUT, close_reason=reason.strip()[:500])
        step.note(event("repair_closed_without", member=turn["member_id"], reason=reason.strip()[:500]))
        return {}

    key = SubmissionKey.of(f"close:{turn_id}", token, {"reason": reason})
    try:
        correlate_message(engine, actor, INFO_CLOSED, turn_id, {}, key=key, before=record)
    except NobodyWaits as error:
        raise RepairNotPossible("close") from error


def add_addendum(engine: Engine, actor: Actor, order_id: str, token: str, line: str, text: str) -> None:
    """A member who was left out, or has more to say, adds it beside the report. Raises NotFound, Forbidden,
    RepairNotPossible while his information can still be part of the report.
    """
    access = _authorise(engine, actor, order_id, Act.ADD)
    member = access.member
    assert member is not None

    def record(step: Step) -> Plain:
        turns = list_turns(step.connection, order_id, access.order["round"])
        turn = next((one for one in turns if one["member_id"] == member["id"]), None)
        lines = select(repair_line.c.key).where(repair_line.c.order_id == order_id)
        is_known = line in step.connection.execute(lines).scalars().all()
        if turn is None or turn["info_state"] == WAITING or not text.strip() or not is_known:
            raise RepairNotPossible("addendum")
        content: list[Plain] = [{"line": line, "finding": text.strip()[:MAX_TEXT], "result": "open"}]
        add_info(step, turn, content, is_addendum=True)
        step.note(event("repair_addendum", member=member["id"]))
        return {}

    _run(engine, actor, order_id, "addendum", token, {"line": line, "text": text}, record)


def open_info(engine: Engine, actor: Actor, order_id: str, info_id: str, token: str) -> None:
    """The leader lets the team read what one member sent. Raises NotFound, Forbidden."""
    _authorise(engine, actor, order_id, Act.OPEN_INFO)

    def record(step: Step) -> Plain:
        fetch_info(step.connection, order_id, info_id)
        step.connection.execute(update(repair_info).where(repair_info.c.id == info_id).values(is_opened=1))
        step.note(event("repair_info_opened", info=info_id))
        return {}

    _run(engine, actor, order_id, "open_info", token, {"info": info_id}, record)


def appoint_deputy(engine: Engine, actor: Actor, order_id: str, member_id: str, token: str) -> None:
    """From now on an assistant may merge and submit for the leader. Raises NotFound, Forbidden, RepairNotPossible."""
    _authorise(engine, actor, order_id, Act.APPOINT)

    def record(step: Step) -> Plain:
        is_this = (repair_member.c.id == member_id) & (repair_member.c.order_id == order_id)
        is_this &= (repair_member.c.role == ASSISTANT) & repair_member.c.left_at.is_(None)
        values = {"is_deputy": 1, "appointed_at": step.now}
        if step.connection.execute(update(repair_member).where(is_this).values(**values)).rowcount != 1:
            raise RepairNotPossible("appoint")
        step.note(event("repair_deputy_appointed", deputy=member_id))
        step.offer_again()
        return {}

    _run(engine, actor, order_id, "appoint", token, {"member": member_id}, record)


def replace_member(
    engine: Engine, actor: Actor, order_id: str, member_id: str, user_id: str, token: str, reason: str
) -> None:
    """Somebody else takes a member's place: what he sent stays his, what is open is the other's from now on.

    Raises NotFound, Forbidden, RepairNotPossible.
    """
    _authorise(engine, actor, order_id, Act.REPLACE)

    def record(step: Step) -> Plain:
        _replace(step, order_id, member_id, user_id, reason.strip()[:500])
        step.offer_again()
        return {}

    content: PlainDict = {"member": member_id, "user": user_id, "reason": reason}
    _run(engine, actor, order_id, "replace", token, content, record)


def _replace(step: Step, order_id: str, member_id: str, user_id: str, reason: str) -> None:
    connection = step.connection
    query = select(repair_member).where(repair_member.c.order_id == order_id, repair_member.c.left_at.is_(None))
    members = {row["id"]: row for row in connection.execute(query).mappings()}
    known = {str(one["id"]) for one in list_technicians(connection)}
    is_new = user_id in known and all(one["user_id"] != user_id for one in members.values())
    if member_id not in members or not is_new or not reason:
        raise RepairNotPossible("replace")
    old, fresh = members[member_id], new_id()
    kept = {name: old[name] for name in ("order_id", "role", "is_deputy", "appointed_at")}
    connection.execute(insert(repair_member).values(**kept, id=fresh, user_id=user_id, joined_at=step.now))
    left = {"left_at": step.now, "left_reason": reason, "successor_id": fresh}
    connection.execute(update(repair_member).where(repair_member.c.id == member_id).values(**left))
    connection.execute(update(repair_turn).where(repair_turn.c.member_id == member_id).values(member_id=fresh))
    lines = select(repair_line).where(repair_line.c.order_id == order_id)
    for line in connection.execute(lines).mappings().all():
        owners = [fresh if one == member_id else one for one in line["owners"]]
        is_this = (repair_line.c.order_id == order_id) & (repair_line.c.key == line["key"])
        connection.execute(update(repair_line).where(is_this).values(owners=owners))
    step.note(event("repair_member_replaced", member=old["user_id"], successor=user_id, reason=reason))


def cancel_order(engine: Engine, actor: Actor, order_id: str, token: str, reason: str) -> None:
    """Calls an order off while its team is at it; what was handed in stays.

    Raises NotFound, Forbidden, RepairNotPossible.
    """
    _authorise(engine, actor, order_id, Act.CANCEL)
    if not reason.strip():
        raise RepairNotPossible("reason")

    def record(step: Step) -> Plain:
        step.note(event("repair_called_off", reason=reason.strip()[:500]))
        return {}

    key = SubmissionKey.of(f"cancel:{order_id}", token, {"reason": reason})
    try:
        correlate_message(engine, actor, CANCELLED, order_id, {}, key=key, before=record)
    except NobodyWaits as error:
        raise RepairNotPossible("cancel") from error


def _authorise(engine: Engine, actor: Actor, order_id: str, act: Act) -> Access:
    """Raises NotFound for a stranger, and Forbidden, written into the history of the case, for who may not."""
    with engine.database.read() as connection:
        access = look(connection, actor, order_id)
    if access.may(act):
        return access
    if access.order["closed_at"] is None:

        def refuse(step: Step) -> Plain:
            step.note(event("repair_refused", act=act.value, by=actor.user_id))
            return {}

        run_step(engine, order_id, Command("refused", actor, refuse))
    raise Forbidden(f"Expected somebody who may {act} this order", order_id=order_id)


def _run(
    engine: Engine,
    actor: Actor,
    order_id: str,
    kind: str,
    token: str,
    content: PlainDict,
    act: Callable[[Step], Plain],
) -> None:
    def authorise(connection: Connection) -> None:
        look(connection, actor, order_id)

    key = SubmissionKey.of(f"{kind}:{order_id}", token, content)
    run_step(engine, order_id, Command(kind, actor, act, authorise, key, content=content))
