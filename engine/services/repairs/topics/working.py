"""Topics of a round: lines are split, members send information and photos, each for himself."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import RowMapping, func, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.repairs import states
from engine.services.repairs.people import find_leader, find_member
from engine.services.repairs.pictures import examine_later, keep_photos
from engine.services.repairs.states import LEADER, change_turn, fetch_order, fetch_turn, list_members, list_turns
from engine.services.repairs.tables import (
    repair_dissent,
    repair_info,
    repair_line,
    repair_member,
    repair_turn,
)
from engine.services.repairs.telling import tell
from engine.storage.clock import format_instant
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

AGREE, DISSENT = "agree", "dissent"
STOOD_IN = "由副组长代行 / the deputy stood in"


@topic("open_repair_round")
def open_round(call: TopicCall) -> PlainDict:
    """Opens a round: everybody on the team has information and photos to hand in until it is due.

    Returns: turns, assistant_turns, info_due, info_reminder.
    """
    order = fetch_order(call.connection, call.instance_id)
    round_ = order["round"] + 1
    members = list_members(call.connection, call.instance_id)
    ids = {one["id"]: new_id() for one in members}
    for one in members:
        row = {"id": ids[one["id"]], "order_id": call.instance_id, "member_id": one["id"], "round": round_}
        row |= {"info_state": states.WAITING, "photos_state": states.WAITING}
        call.connection.execute(insert(repair_turn).values(row))
    states.move(call.connection, call.instance_id, states.ACCEPTED, round=round_)
    least = timedelta(hours=float(cast(float, call.policy["repair_least_hours"])))
    due_at = max(order["due_at"], call.now + least)
    if order["is_daily"]:
        due_at = min(due_at, call.calendar.working_time(str(call.policy["repair_day"]), call.now))
    reminder = due_at - timedelta(hours=float(cast(float, call.policy["repair_remind_hours"])))
    return {
        "turns": [*ids.values()],
        "assistant_turns": [ids[one["id"]] for one in members if one["role"] != LEADER],
        "info_due": format_instant(due_at),
        "info_reminder": format_instant(reminder),
    }


@topic("split_repair_lines", reads=["brief_team"])
def split_lines(call: TopicCall) -> PlainDict:
    """Gives each line of the order to the members of the form brief_team; they are told.

    Returns: nothing.
    """
    split = cast(dict[str, list[str]], call.values_of("brief_team")["owners"])
    places = {one["user_id"]: one["id"] for one in list_members(call.connection, call.instance_id)}
    for key, owners in split.items():
        is_this = (repair_line.c.order_id == call.instance_id) & (repair_line.c.key == key)
        ids = [places[one] for one in owners if one in places]
        call.connection.execute(update(repair_line).where(is_this).values(owners=ids))
    states.move(call.connection, call.instance_id, states.WORKING)
    tell(call, call.calendar, call.instance_id, "repair_briefed", [*places], call.task_id)
    return {}


@topic("remind_repair_turn")
def remind_turn(call: TopicCall, *, turn: str, part: str) -> PlainDict:
    """Reminds a member of the information or the photos he has not handed in; once it is overdue the leader is told
    too, who may go on without the information.

    Returns: nothing.
    """
    row = fetch_turn(call.connection, turn)
    member = select(repair_member.c.user_id).where(repair_member.c.id == row["member_id"])
    people = [str(call.connection.execute(member).scalar_one())]
    if call.now >= fetch_order(call.connection, call.instance_id)["due_at"] and part == "info":
        people.append(find_leader(call.connection, call.instance_id)["user_id"])
    template = "repair_info_wanted" if part == "info" else "repair_photos_wanted"
    tell(call, call.calendar, call.instance_id, template, people, call.task_id)
    call.note("reminded", of=call.element, addressees=[f"party:{one}" for one in people])
    return {}


@topic("record_repair_info", reads=["submit_info", "supplement_info"])
def record_info(call: TopicCall, *, turn: str) -> PlainDict:
    """Hands a member's information to the leader; a supplement is a new version beside the old one.

    Reads the form of submit_info or supplement_info, whichever was sent in this step. Returns: nothing.
    """
    element = "supplement_info" if call.element == "record_supplement" else "submit_info"
    _keep_info(call, turn, call.values_of(element))
    leader = find_leader(call.connection, call.instance_id)["user_id"]
    tell(call, call.calendar, call.instance_id, "repair_info_sent", [leader], call.task_id)
    return {}


@topic("record_own_repair_info", reads=["own_info"])
def record_own_info(call: TopicCall) -> PlainDict:
    """Keeps what the leader found himself, of the form own_info. What a deputy who stands in for him sends stays the
    deputy's, and the report says that the leader sent nothing.

    Returns: nothing.
    """
    order = fetch_order(call.connection, call.instance_id)
    leader = find_leader(call.connection, call.instance_id)["id"]
    member = find_member(call.connection, call.instance_id, call.actor.user_id)
    turns = {one["member_id"]: one for one in list_turns(call.connection, call.instance_id, order["round"])}
    author = str(member["id"]) if member else str(leader)
    content = cast(list[Plain], call.values_of("own_info").get("findings") or [])
    add_info(call, turns[author], content, is_addendum=False)
    stood_in = {} if author == leader else {"close_reason": STOOD_IN}
    state = states.DONE if author == leader else states.LEFT_OUT
    change_turn(call.connection, str(turns[leader]["id"]), info_state=state, **stood_in)
    return {}


def _keep_info(call: TopicCall, turn_id: str, form: Mapping[str, Plain]) -> None:
    turn = fetch_turn(call.connection, turn_id)
    add_info(call, turn, cast(list[Plain], form.get("findings") or []), is_addendum=False)
    change_turn(call.connection, turn_id, info_state=states.DONE)


def add_info(call: Any, turn: RowMapping, content: list[Plain], *, is_addendum: bool) -> None:
    """A version of a member's information. `call` is a topic's or a step's: connection and time are asked of it."""
    query = select(func.coalesce(func.max(repair_info.c.version), 0)).where(repair_info.c.turn_id == turn["id"])
    row = {
        "id": new_id(),
        "order_id": turn["order_id"],
        "turn_id": turn["id"],
        "member_id": turn["member_id"],
        "round": turn["round"],
        "version": int(call.connection.execute(query).scalar_one()) + 1,
        "content": content,
        "is_addendum": int(is_addendum),
        "is_opened": 0,
        "sent_at": call.now,
    }
    call.connection.execute(insert(repair_info).values(row))


@topic("record_repair_photos", reads=["upload_photos"])
def record_photos(call: TopicCall, *, turn: str) -> PlainDict:
    """Registers the photos a member hands in himself; from now on nobody changes them.

    Reads the form of upload_photos. Returns: examination (the key of the message that says that they are examined).
    """
    form = call.values_of("upload_photos")
    photos = keep_photos(call, turn, form.get("photos"))
    reason = None if photos else str(form.get("no_photo_reason") or "–")
    change_turn(call.connection, turn, photos_state=states.DONE, no_photo_reason=reason)
    return {"examination": examine_later(call, photos)}


@topic("record_repair_answer", reads=["ack_merge"])
def record_answer(call: TopicCall, *, turn: str) -> PlainDict:
    """Keeps what an assistant says of the merged text; a dissent stays beside it.

    Reads the form of ack_merge. Returns: nothing.
    """
    form = call.values_of("ack_merge")
    change_turn(call.connection, turn, answer=str(form["ack"]))
    if form["ack"] == DISSENT:
        row = fetch_turn(call.connection, turn)
        said = {"turn_id": turn, "order_id": call.instance_id, "member_id": row["member_id"]}
        said |= {"note": str(form["dissent_note"]), "at": call.now}
        call.connection.execute(insert(repair_dissent).values(said))
        leader = find_leader(call.connection, call.instance_id)["user_id"]
        tell(call, call.calendar, call.instance_id, "repair_dissent", [leader], call.task_id)
    return {}
