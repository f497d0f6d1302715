"""Topics of the report: merged by the leader, merged by the server, verified, signed, put out."""

from typing import Any, cast

from sqlalchemy import insert, update

from engine.definitions.registry import TopicCall, topic
from engine.services.repairs import states
from engine.services.repairs.inputs import fetch_decision, list_gaps
from engine.services.repairs.people import find_leader, find_member, find_submitters
from engine.services.repairs.pictures import examine_later, keep_photos
from engine.services.repairs.reports import DAILY, FINAL, MERGED, SUBMITTED, keep_decision, keep_report, list_reports
from engine.services.repairs.states import change_turn, fetch_order, list_members, list_turns
from engine.services.repairs.tables import repair_order, repair_turn, repair_verdict
from engine.services.repairs.telling import answer_source, tell
from engine.services.repairs.topics.working import add_info
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

VERIFY, SIGN_OFF = "verify", "sign_off"
ACCEPTED, RETURNED, SILENT = "accepted", "returned", "silent"


@topic("draft_repair_merge")
def draft_merge(call: TopicCall) -> PlainDict:
    """All information is in: the leader merges it. Duplicates are folded and conflicts found when he looks at it.

    Returns: nothing.
    """
    states.move(call.connection, call.instance_id, states.MERGING)
    return {}


@topic("record_repair_merge", reads=["merge_and_analyse"])
def record_merge(call: TopicCall) -> PlainDict:
    """Keeps what the leader decided, and returns members with a question.

    Reads the form of merge_and_analyse. Returns: returned_turns, work_left.
    """
    form = call.values_of("merge_and_analyse")
    _keep_word(call, form)
    order = fetch_order(call.connection, call.instance_id)
    turns = {one["member_id"]: one["id"] for one in list_turns(call.connection, call.instance_id, order["round"])}
    returned: list[Plain] = []
    for one in cast(dict[str, Any], form["merged"])["returned"]:
        turn_id = turns[str(one["member"])]
        change_turn(call.connection, turn_id, info_state=states.RETURNED, question=str(one["question"]))
        returned.append(turn_id)
    return {"returned_turns": returned, "work_left": bool(form.get("work_left"))}


def _keep_word(call: TopicCall, form: PlainDict) -> None:
    """What the leader decided in a form with `merged` and `analysis`; the gaps he explained stay explained."""
    merged = cast(PlainDict, form["merged"])
    content: PlainDict = {name: merged[name] for name in ("pairs", "choices", "texts")}
    explained = fetch_decision(call.connection, call.instance_id).get("explained", {})
    keep_decision(call, {**content, "explained": explained, "analysis": form["analysis"]})


@topic("submit_repair_report")
def submit_report(call: TopicCall) -> PlainDict:
    """The complete report as the leader or his deputy hands it in. Who said nothing to it agreed.

    Returns: nothing.
    """
    order = fetch_order(call.connection, call.instance_id)
    leader = find_leader(call.connection, call.instance_id)["id"]
    silent = (repair_turn.c.order_id == call.instance_id) & (repair_turn.c.round == order["round"])
    silent &= repair_turn.c.answer.is_(None) & (repair_turn.c.member_id != leader)
    call.connection.execute(update(repair_turn).where(silent).values(answer=SILENT))
    keep_report(call, SUBMITTED)
    states.move(call.connection, call.instance_id, states.SUBMITTED)
    return {}


@topic("merge_repair")
def merge_repair(call: TopicCall) -> PlainDict:
    """The server merges the complete report with all photos, and looks for what is missing.

    Returns: gap_count.
    """
    keep_report(call, MERGED)
    states.move(call.connection, call.instance_id, states.MERGED)
    gaps = list_gaps(call.connection, call.instance_id)
    call.note("repair_gaps", gaps=[gap.kind for gap in gaps])
    return {"gap_count": len(gaps)}


@topic("fill_repair_gaps", reads=["fix_gaps"])
def fill_gaps(call: TopicCall) -> PlainDict:
    """Adds findings and photos of who fills the gaps in, and explains those that stay.

    Reads the form of fix_gaps. Returns: examination (the key of the message that says that photos are examined).
    """
    form = call.values_of("fix_gaps")
    order = fetch_order(call.connection, call.instance_id)
    member = find_member(call.connection, call.instance_id, call.actor.user_id)
    is_leading = call.actor.user_id in find_submitters(list_members(call.connection, call.instance_id))
    turns = list_turns(call.connection, call.instance_id, order["round"])
    turn = next((one for one in turns if member and one["member_id"] == member["id"]), None)
    if turn is not None and form.get("findings"):
        add_info(call, turn, cast(list[Plain], form["findings"]), is_addendum=False)
    photos = keep_photos(call, str(turn["id"]), form.get("photos")) if turn is not None else []
    if (reason := form.get("explanation")) and is_leading:
        decided = fetch_decision(call.connection, call.instance_id)
        gaps: PlainDict = {gap.id: reason for gap in list_gaps(call.connection, call.instance_id)}
        keep_decision(call, {**decided, "explained": {**cast(PlainDict, decided.get("explained", {})), **gaps}})
    return {"examination": examine_later(call, photos)}


@topic("publish_daily_repair")
def publish_daily(call: TopicCall) -> PlainDict:
    """The merged report of a day; the customer is told.

    Returns: nothing.
    """
    order = fetch_order(call.connection, call.instance_id)
    keep_report(call, DAILY)
    if order["customer_id"]:
        tell(call, call.calendar, call.instance_id, "repair_daily", [order["customer_id"]], call.task_id)
    return {}


@topic("record_repair_verification", reads=["verify"])
def record_verification(call: TopicCall) -> PlainDict:
    """Keeps what the verifier found; a returned report goes back to the leader.

    Reads the form of verify. Returns: nothing.
    """
    form = call.values_of("verify")
    is_accepted = form["verdict"] == "accept"
    note = str(form.get("verify_note") or "")
    _keep_verdict(call, VERIFY, ACCEPTED if is_accepted else RETURNED, note)
    if not is_accepted:
        leader = find_leader(call.connection, call.instance_id)["user_id"]
        tell(call, call.calendar, call.instance_id, "repair_returned", [leader], call.task_id, reason=note)
    return {}


@topic("revise_repair_report", reads=["revise_report"])
def revise_report(call: TopicCall) -> PlainDict:
    """Keeps what the leader changes of the report after its return, and hands it in again.

    Reads the form of revise_report. Returns: nothing.
    """
    _keep_word(call, call.values_of("revise_report"))
    keep_report(call, SUBMITTED)
    return {}


@topic("record_repair_sign_off", reads=["customer_sign_off"])
def record_sign_off(call: TopicCall) -> PlainDict:
    """Keeps the customer's signature, or that he asks for rework.

    Reads the form of customer_sign_off. Returns: nothing.
    """
    form = call.values_of("customer_sign_off")
    is_signed = form["sign_off"] == "sign"
    verdict = ACCEPTED if is_signed else RETURNED
    _keep_verdict(call, SIGN_OFF, verdict, str(form.get("rework_note") or ""), form.get("signature"))
    return {}


@topic("record_repair_silence")
def record_silence(call: TopicCall) -> PlainDict:
    """The customer said nothing in time: that counts as signed.

    Returns: nothing.
    """
    _keep_verdict(call, SIGN_OFF, SILENT, "")
    return {}


@topic("rework_repair", reads=["customer_sign_off"])
def rework_repair(call: TopicCall) -> PlainDict:
    """The customer is not content: another round, as warranty.

    Returns: nothing.
    """
    is_this = repair_order.c.id == call.instance_id
    call.connection.execute(update(repair_order).where(is_this).values(is_warranty=1))
    note = str(call.values_of("customer_sign_off").get("rework_note") or "")
    leader = find_leader(call.connection, call.instance_id)["user_id"]
    tell(call, call.calendar, call.instance_id, "repair_rework", [leader], call.task_id, reason=note)
    return {}


@topic("output_repair_report")
def output_report(call: TopicCall) -> PlainDict:
    """The final report, from now on what everybody concerned reads as page, PDF and data.

    Returns: nothing.
    """
    version = keep_report(call, FINAL)
    order = fetch_order(call.connection, call.instance_id)
    states.move(call.connection, call.instance_id, states.COMPLETED, closed_at=call.now)
    team = [one["user_id"] for one in list_members(call.connection, call.instance_id)]
    people = [*team, *([order["customer_id"]] if order["customer_id"] else [])]
    tell(call, call.calendar, call.instance_id, "repair_completed", people, f"v{version}")
    answer_source(call, order["source"], order["source_ref"], is_repaired=True)
    return {}


def _keep_verdict(call: TopicCall, kind: str, verdict: str, note: str, signature: Plain = None) -> None:
    row = {
        "id": new_id(),
        "order_id": call.instance_id,
        "version": list_reports(call.connection, call.instance_id)[0]["version"],
        "kind": kind,
        "verdict": verdict,
        "note": note,
        "signature": signature,
        "by_id": None if verdict == SILENT else call.actor.user_id,
        "at": call.now,
    }
    call.connection.execute(insert(repair_verdict).values(row))
    call.note("repair_verdict", of=kind, verdict=verdict, version=row["version"])
