"""What the forms of a case show: its parties and money, what both said, and what was collected."""

from collections.abc import Iterator, Mapping

from sqlalchemy import RowMapping, select

from engine.definitions.registry import ViewCall, view
from engine.services.cases.entries import list_entries
from engine.services.cases.states import fetch_case_row
from engine.services.cases.words import COLLECTED, INSTANTS, RULINGS, name_account, name_kind
from engine.storage import vault
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party


@view("case_facts", needs=["case_ref"])
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


@view("case_timeline", needs=["case_ref"])
def case_timeline(call: ViewCall) -> Plain:
    """What both parties and the platform said so far, oldest first."""
    row = _case(call)
    names = _names(call, row)
    return [fact for entry in list_entries(call.connection, row["ref"]) for fact in _said(call, entry, names)]


def _said(call: ViewCall, entry: RowMapping, names: dict[str, str]) -> Iterator[Plain]:
    """Who did what and when; what he said; the amounts he named; what he showed."""
    who = names.get(entry["party_id"])
    zh, en = name_kind(entry["kind"])
    yield _fact(f"{who or '平台'} · {zh}", f"{who or 'Platform'} · {en}", "said_at", format_instant(entry["at"]))
    text = vault.open_reference(call.connection, call.keys, entry["text"]) if entry["text"] else None
    if text:
        yield _fact("陈述", "Statement", "text", text)
    if entry["pay_fen"] is not None:
        yield from _amounts(entry)
    if entry["files"]:
        yield _fact("证据", "Evidence", "files", entry["files"])


@view("case_terms", needs=["case_ref"])
def case_terms(call: ViewCall) -> Plain:
    """The offer or proposal on the table."""
    named = [entry for entry in list_entries(call.connection, _case(call)["ref"]) if entry["pay_fen"] is not None]
    return _amounts(named[-1]) if named else []


@view("case_draft")
def case_draft(call: ViewCall) -> Plain:
    """The decision of the first arbiter, as process data hold it, before it is confirmed."""
    ruling = RULINGS.get(str(call.data.get("ruling")), ("", ""))
    split = call.data.get("split")
    found: list[Plain] = [_fact("裁决方式", "Ruling", "ruling", ruling[0 if call.language == "zh" else 1])]
    return [*found, *(_amounts(split) if isinstance(split, dict) else [])]


@view("case_decision", needs=["case_ref"])
def case_decision(call: ViewCall) -> Plain:
    """The decision, and why it was made."""
    row = _case(call)
    reasons = vault.open_reference(call.connection, call.keys, row["reasons"]) if row["reasons"] else None
    facts = [_fact("裁决理由", "Reasons", "reasons", reasons)]
    return [*_amounts(row), *facts]


@view("case_bundle", needs=["case_ref"])
def case_bundle(call: ViewCall) -> Plain:
    """The collected facts: the subject as it stood, what was delivered, and the entries of the ledger."""
    context = _case(call)["context"] or {}
    facts: list[Plain] = [_fact("汇集时间", "Collected", "collected_at", context.get("collected_at"))]
    for part in (context.get("subject") or {}).values():
        rows = part if isinstance(part, list) else [part]
        facts += [fact for row in rows if isinstance(row, dict) for fact in _shown(row)]
    for entry in context.get("ledger") or []:
        facts.append(_fact(f"记账 {entry['rule']}", f"Ledger {entry['rule']}", "booked_at", entry["at"]))
        for account, amount_fen in entry["lines"]:
            zh, en = name_account(account)
            side = ("借", "debit") if amount_fen > 0 else ("贷", "credit")
            facts.append(_fact(f"{zh}（{side[0]}）", f"{en} ({side[1]})", "moved_fen", abs(amount_fen)))
    return facts


def _shown(row: PlainDict) -> Iterator[Plain]:
    """What of a collected row says something to a person, in the order of the words."""
    for name, (zh, en) in COLLECTED.items():
        if row.get(name):
            yield _fact(zh, en, INSTANTS.get(name, name), row[name])


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
