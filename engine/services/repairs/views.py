"""What the forms of a repair show beside process data."""

from typing import Any, cast

from sqlalchemy import select

from engine.definitions.registry import ViewCall, view
from engine.services.repairs.inputs import list_gaps, read_draft, read_infos, read_order, read_report
from engine.services.repairs.merging.plain import describe_sources
from engine.services.repairs.people import list_technicians
from engine.services.repairs.states import (
    ASSISTANT,
    DONE,
    LEADER,
    RETURNED,
    fetch_order,
    fetch_turn,
    list_lines,
    list_members,
    list_turns,
)
from engine.services.repairs.tables import repair_info, repair_verdict
from engine.services.repairs.words import GAPS, PRIORITIES, TRADES
from engine.storage import vault
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

_CUSTOMERS = 300


def _fact(zh: str, en: str, name: str, value: Plain) -> PlainDict:
    return {"zh": zh, "en": en, "name": name, "value": value}


def _in(call: ViewCall, words: tuple[str, str]) -> str:
    return words[0 if call.language == "zh" else 1]


@view("repair_order")
def show_order(call: ViewCall) -> Plain:
    """The order with its lines."""
    order, content = _fetch(call)
    contact = content["contact"]
    shown = vault.open_reference(call.connection, call.keys, contact) if contact else None
    rows = [
        _fact("编号", "Number", "number", order["number"]),
        _fact("标题", "Title", "title", order["title"]),
        _fact("情况", "What is wrong", "description", content["description"]),
        _fact("地点", "Site", "site", content["site"]),
        _fact("联系人", "Contact", "contact", shown),
        _fact("安全要求", "Safety", "safety", content["safety"]),
        _fact("预计备件", "Parts expected", "parts_expected", content["parts_expected"]),
        _fact("完成期限", "Due", "due_at", format_instant(order["due_at"])),
    ]
    for line in list_lines(call.connection, order["id"]):
        said = f"{line['system']} {line['equipment']}".strip() + f": {line['symptom']}"
        rows.append(_fact(f"第 {line['key']} 项", f"Line {line['key']}", "line", said))
    return [row for row in rows if row["value"]]


def _fetch(call: ViewCall) -> tuple[Any, dict[str, Any]]:
    order = fetch_order(call.connection, call.instance_id)
    return order, cast(dict[str, Any], order["content"])


@view("repair_request")
def show_request(call: ViewCall) -> Plain:
    """Who asked for the repair; nothing where a dispatcher begins it himself."""
    name = _name_people(call, [str(call.data.get("customer") or "")])
    return [_fact("报修方", "Requested by", "customer", next(iter(name.values())))] if name else []


@view("repair_customers")
def list_customers(call: ViewCall) -> Plain:
    """Whom a repair may be for: certified parties, or who asked for it alone."""
    customer = call.data.get("customer")
    fit = party.c.id == customer if customer else (party.c.is_certified == 1) & (party.c.is_suspended == 0)
    query = select(party.c.id, party.c.name_zh, party.c.name_en).where(fit)
    rows = call.connection.execute(query.order_by(party.c.kind, party.c.name_en).limit(_CUSTOMERS))
    return [{"id": row.id, "name": _in(call, (row.name_zh, row.name_en))} for row in rows]


@view("repair_technicians")
def show_technicians(call: ViewCall) -> Plain:
    """Whom a team may be made of, the best suited first: with trades, and how much they have to do."""
    load = ("在手 {load} 单", "{load} open")
    rows: list[Plain] = []
    for one in list_technicians(call.connection):
        trades = [_in(call, TRADES[str(trade)]) for trade in cast(list[Plain], one["trades"]) if str(trade) in TRADES]
        name = _in(call, (str(one["name_zh"]), str(one["name_en"])))
        told = " · ".join([name, *trades, _in(call, load).format(load=one["load"])])
        rows.append({"id": one["id"], "name": told})
    return rows


@view("repair_lines")
def show_lines(call: ViewCall) -> Plain:
    """The lines of the order to choose from."""
    return [
        {"id": line["key"], "name": f"{line['key']} · {line['system']} {line['equipment']}".rstrip()}
        for line in list_lines(call.connection, call.instance_id)
    ]


@view("repair_split")
def show_split(call: ViewCall) -> Plain:
    """Lines and members, to give the ones to the others."""
    members = list_members(call.connection, call.instance_id)
    users = {one["id"]: one["user_id"] for one in members}
    names = _name_people(call, [*users.values()])
    lines: list[Plain] = [
        {
            "id": line["key"],
            "name": f"{line['system']} {line['equipment']}".strip(),
            "symptom": line["symptom"],
            "priority": _in(call, PRIORITIES[line["priority"]]),
            "owners": [users[one] for one in line["owners"] if one in users],
        }
        for line in list_lines(call.connection, call.instance_id)
    ]
    people: list[Plain] = [{"id": one["user_id"], "name": names[one["user_id"]]} for one in members]
    return {"lines": lines, "members": people}


def _name_people(call: ViewCall, ids: list[str]) -> dict[str, str]:
    query = select(party.c.id, party.c.name_zh, party.c.name_en).where(party.c.id.in_(ids))
    return {row.id: _in(call, (row.name_zh, row.name_en)) for row in call.connection.execute(query)}


@view("repair_assigned", needs=["turn"])
def show_assigned(call: ViewCall) -> Plain:
    """What the leader gave the reader to do, and his question where he returned the information."""
    turn = fetch_turn(call.connection, str(call.data["turn"])) if "turn" in call.data else None
    member = turn["member_id"] if turn else None
    rows: list[Plain] = [
        _fact(f"第 {line['key']} 项", f"Line {line['key']}", "line", f"{line['system']}: {line['symptom']}")
        for line in list_lines(call.connection, call.instance_id)
        if member in line["owners"]
    ]
    if turn and turn["question"]:
        rows.insert(0, _fact("组长的问题", "The leader asks", "question", turn["question"]))
    return rows


@view("repair_own_info", needs=["turn"])
def show_own_info(call: ViewCall) -> Plain:
    """What the reader sent last, version by version."""
    query = select(repair_info).where(repair_info.c.turn_id == str(call.data["turn"]))
    rows: list[Plain] = []
    for info in call.connection.execute(query.order_by(repair_info.c.version)):
        for said in info.content:
            label = f"{said.get('line')} · v{info.version}"
            rows.append(_fact(label, label, "finding", str(said.get("finding"))))
    return rows


@view("repair_sources")
def show_sources(call: ViewCall) -> Plain:
    """What everybody sent, for the leader to merge, and whom he may ask for more."""
    order = fetch_order(call.connection, call.instance_id)
    members = {one["id"]: one["role"] for one in list_members(call.connection, call.instance_id)}
    returnable = [
        turn["member_id"]
        for turn in list_turns(call.connection, call.instance_id, order["round"])
        if members.get(turn["member_id"]) == ASSISTANT and turn["info_state"] in (DONE, RETURNED)
    ]
    infos = read_infos(call.connection, call.instance_id)
    return describe_sources(read_order(call.connection, call.instance_id), infos, returnable)


@view("repair_merged")
def show_merged(call: ViewCall) -> Plain:
    """The merged text, each statement with its sources."""
    draft = read_draft(call.connection, call.instance_id)
    leader = {LEADER: _in(call, ("组长", "leader"))}
    return [
        _fact(
            *(f"第 {one.line} 项", f"Line {one.line}", "statement"),
            " ".join(
                f"{said.text} [{', '.join(leader.get(mark, mark) for mark in said.sources)}]" for said in one.sentences
            ),
        )
        for one in draft.statements
    ]


@view("repair_report")
def show_report(call: ViewCall) -> Plain:
    """The report in figures: statements in and out, photos, conflicts, gaps."""
    report = read_report(call.connection, call.instance_id)
    draft, gaps = report.draft, list_gaps(call.connection, call.instance_id)
    return [
        _fact("输入陈述", "Statements sent", "statements_in", draft.statements_in),
        _fact("合并为", "Merged into", "statements", len(draft.statements)),
        _fact("冲突", "Conflicts", "conflicts", len(draft.conflicts)),
        _fact("照片", "Photos", "photos", len(report.photos)),
        _fact("缺项", "Gaps", "gaps", len(gaps)),
        _fact("分析", "Analysis", "analysis", report.analysis or "–"),
    ]


@view("repair_gaps")
def show_gaps(call: ViewCall) -> Plain:
    """What is missing, one row each."""
    report = read_report(call.connection, call.instance_id)
    texts = {one.id: " ".join(said.text for said in one.sentences) for one in report.draft.statements}
    texts |= {one.sha256: one.uploads[0].name for one in report.photos}
    return [
        _fact(*GAPS[gap.kind], "gap", texts.get(gap.about, gap.about))
        for gap in list_gaps(call.connection, call.instance_id)
    ]


@view("repair_verdicts")
def show_verdicts(call: ViewCall) -> Plain:
    """Why the report came back."""
    query = select(repair_verdict).where(
        repair_verdict.c.order_id == call.instance_id, repair_verdict.c.verdict == "returned"
    )
    rows = call.connection.execute(query.order_by(repair_verdict.c.at.desc())).all()
    return [_fact("退回说明", "Why it came back", "note", row.note) for row in rows]
