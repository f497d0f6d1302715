"""What the arbiter's form shows of a case: parties, money, what was collected."""

from sqlalchemy import select

from engine.definitions.registry import ViewCall, view
from engine.services.cases.states import fetch_case_row
from engine.storage.clock import format_instant
from engine.storage.plain import Plain
from engine.storage.tables import party


@view("case_facts")
def case_facts(call: ViewCall) -> Plain:
    """The case in a few lines: who claims against whom, since when, about how much, resting on which bundle."""
    row = fetch_case_row(call.connection, str(call.data["case_ref"]))
    ids = {row["party_a"], row["party_b"]}
    found = call.connection.execute(select(party).where(party.c.id.in_(ids))).mappings().all()
    names = {one["id"]: one["name_zh" if call.language == "zh" else "name_en"] for one in found}
    return [
        _fact("服务单编号", "Case", "case_ref", row["ref"]),
        _fact("主张方", "Party A (claims)", "party_a", names.get(row["party_a"])),
        _fact("对方", "Party B", "party_b", names.get(row["party_b"])),
        _fact("付款方", "Payer", "payer", names.get(row["payer"])),
        _fact("收款方", "Payee", "payee", names.get(row["payee"])),
        _fact("开立时间", "Opened", "opened_at", format_instant(row["opened_at"])),
        _fact("争议金额", "Disputed amount", "disputed_fen", row["disputed_fen"]),
        _fact("材料摘要（SHA-256）", "Hash of the collected facts", "context_sha256", row["context_sha256"]),
    ]


def _fact(zh: str, en: str, name: str, value: Plain) -> Plain:
    return {"zh": zh, "en": en, "name": name, "value": value}
