"""What the forms of a case show: its parties and money, what both said, and what was collected."""

from collections.abc import Mapping

from sqlalchemy import RowMapping, select

from engine.definitions.registry import ViewCall, view
from engine.services.cases.entries import list_entries
from engine.services.cases.states import fetch_case_row
from engine.services.cases.words import name_kind
from engine.storage import vault
from engine.storage.clock import format_instant
from engine.storage.plain import Plain
from engine.storage.tables import party


@view("case_facts")
def case_facts(call: ViewCall) -> Plain:
    """The case in a few lines: who claims how much against whom, since when, resting on which bundle."""
    row = _case(call)
    names = _names(call, row)
    return [
        _fact("服务单编号", "Case", "number", row["number"] or row["ref"]),
        _fact("主张方", "Party A (claims)", "party_a", names.get(row["party_a"])),
        _fact("对方", "Party B", "party_b", names.get(row["party_b"])),
        _fact("付款方", "Payer", "payer", names.get(row["payer"])),
        _fact("收款方", "Payee", "payee", names.get(row["payee"])),
        _fact("开立时间", "Opened", "opened_at", format_instant(row["opened_at"])),
        _fact("争议金额", "Disputed amount", "disputed_fen", row["disputed_fen"]),
        _fact("主张：付给收款方", "Claim: to the payee", "claim_fen", row["claim_fen"]),
        _fact("材料摘要（SHA-256）", "Hash of the collected facts", "context_sha256", row["context_sha256"]),
    ]


@view("case_timeline")
def case_timeline(call: ViewCall) -> Plain:
    """What both parties and the platform said so far, oldest first."""
    row = _case(call)
    names = _names(call, row)
    found: list[Plain] = []
    for entry in list_entries(call.connection, row["ref"]):
        who_zh = names.get(entry["party_id"]) or ("平台" if call.language == "zh" else "Platform")
        what_zh, what_en = name_kind(entry["kind"])
        found.append(_fact(f"{who_zh} · {what_zh}", f"{who_zh} · {what_en}", "said", _said(call, entry)))
        if entry["files"]:
            found.append(_fact("证据", "Evidence", "files", entry["files"]))
    return found


def _said(call: ViewCall, entry: RowMapping) -> str:
    at = format_instant(entry["at"])[:16].replace("T", " ")
    text = vault.open_reference(call.connection, call.keys, entry["text"]) if entry["text"] else ""
    amounts = ""
    if entry["pay_fen"] is not None:
        words = ("付给收款方", "退回付款方") if call.language == "zh" else ("to the payee", "back to the payer")
        amounts = f" [{words[0]} ¥{entry['pay_fen'] / 100:.2f}, {words[1]} ¥{entry['refund_fen'] / 100:.2f}]"
    return f"{at} UTC{amounts} {text or ''}".strip()


@view("case_terms")
def case_terms(call: ViewCall) -> Plain:
    """The offer or proposal on the table."""
    named = [entry for entry in list_entries(call.connection, _case(call)["ref"]) if entry["pay_fen"] is not None]
    return _amounts(named[-1]) if named else []


@view("case_draft")
def case_draft(call: ViewCall) -> Plain:
    """The decision of the first arbiter, as process data hold it, before it is confirmed."""
    split = call.data.get("split")
    found: list[Plain] = [_fact("裁决方式", "Ruling", "ruling", call.data.get("ruling"))]
    return [*found, *_amounts(split if isinstance(split, dict) else {})]


@view("case_decision")
def case_decision(call: ViewCall) -> Plain:
    """The decision, and why it was made."""
    row = _case(call)
    reasons = vault.open_reference(call.connection, call.keys, row["reasons"]) if row["reasons"] else None
    facts = [_fact("裁决理由", "Reasons", "reasons", reasons)]
    return [*_amounts(row), *facts]


@view("case_bundle")
def case_bundle(call: ViewCall) -> Plain:
    """The collected facts, one line each: the subject as it stood, and the entries of the ledger."""
    context = _case(call)["context"] or {}
    lines: list[Plain] = [_fact("汇集时间", "Collected", "collected_at", context.get("collected_at"))]
    subject = context.get("subject") or {}
    for part, value in sorted(subject.items()):
        for number, row in enumerate(value if isinstance(value, list) else [value], 1):
            label = f"{part} {number}" if isinstance(value, list) else part
            lines.append(_fact(label, label, part, _shown(row)))
    for entry in context.get("ledger") or []:
        moved = ", ".join(f"{account} {fen / 100:+.2f}" for account, fen in entry["lines"])
        lines.append(_fact(f"记账 {entry['rule']}", f"Ledger {entry['rule']}", "entry", moved))
    return lines


def _shown(row: Plain) -> str:
    """A row in words a person can go through: the short values only, ids and references left out."""
    if not isinstance(row, dict):
        return str(row)
    short = {name: value for name, value in row.items() if _is_short(name, value)}
    return "; ".join(f"{name} {value}" for name, value in short.items())


def _is_short(name: str, value: Plain) -> bool:
    if name.endswith("id") or isinstance(value, (dict, list)) or value in (None, "", 0):
        return False
    return len(str(value)) <= 200


def _case(call: ViewCall) -> RowMapping:
    return fetch_case_row(call.connection, str(call.data["case_ref"]))


def _names(call: ViewCall, row: RowMapping) -> dict[str, str]:
    query = select(party).where(party.c.id.in_({row["party_a"], row["party_b"]}))
    column = "name_zh" if call.language == "zh" else "name_en"
    return {one["id"]: one[column] for one in call.connection.execute(query).mappings()}


def _amounts(row: Mapping[str, object] | RowMapping) -> list[Plain]:
    pay, refund = row.get("pay_fen"), row.get("refund_fen")
    assert pay is None or isinstance(pay, int)
    assert refund is None or isinstance(refund, int)
    return [
        _fact("付给收款方", "To the payee", "pay_fen", pay),
        _fact("退回付款方", "Back to the payer", "refund_fen", refund),
    ]


def _fact(zh: str, en: str, name: str, value: Plain) -> Plain:
    return {"zh": zh, "en": en, "name": name, "value": value}
