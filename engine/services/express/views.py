"""What forms of express tasks show."""

from sqlalchemy import select

from engine.definitions.registry import ViewCall, view
from engine.services.express import states
from engine.services.express.facts import line_facts, list_facts, task_facts
from engine.services.ledger.fees import compute_settlement, read_terms
from engine.services.onboarding.persons import read_certified_name
from engine.services.payments.methods import describe_method
from engine.services.work_tasks.facts import fact
from engine.storage import vault
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

PROBLEMS = {
    "amount": ("报酬金额不对", "The pay is wrong"),
    "dates": ("日期不对", "The dates are wrong"),
    "content": ("工作内容不对", "What was done is wrong"),
    "refused": ("不同意签署承诺书", "Does not sign the letter"),
    "other": ("其它", "Something else"),
}
"""What a person may say is wrong with his line."""


@view("express_facts", needs=["task_id"])
def express_facts(call: ViewCall) -> Plain:
    """The express task as the enterprise stated it, with what its list comes to."""
    task = states.fetch_task(call.connection, str(call.data["task_id"]))
    return [*task_facts(task), *list_facts(call, task)]


@view("express_list", needs=["task_id"])
def express_list(call: ViewCall) -> Plain:
    """What the list comes to so far."""
    return list_facts(call, states.fetch_task(call.connection, str(call.data["task_id"])))


@view("express_line_facts", needs=["line_id"])
def express_line_facts(call: ViewCall) -> Plain:
    """What somebody is asked to confirm: for whom the work was, what it was, and what his line says."""
    row = states.fetch_line(call.connection, str(call.data["line_id"]))
    task = states.fetch_task(call.connection, row["task_id"])
    name = party.c.name_zh if call.language == "zh" else party.c.name_en
    enterprise = call.connection.execute(select(name).where(party.c.id == task["enterprise_id"])).scalar_one()
    return [fact("企业", "Enterprise", "enterprise", enterprise), *task_facts(task), *line_facts(call, row)]


@view("express_settlement", needs=["line_id"])
def express_settlement(call: ViewCall) -> Plain:
    """What the person of a line will be paid."""
    row = states.fetch_line(call.connection, str(call.data["line_id"]))
    task = states.fetch_task(call.connection, row["task_id"])
    terms = read_terms(task["fee"])
    split = compute_settlement(row["pay_fen"], terms, fee_bearer=task["fee_bearer"])
    shown: PlainDict = {
        "gross_fen": split.gross_fen,
        "platform_fee_bps": terms.rate_bps,
        "platform_fee_fen": split.fee_fen,
        "vat_fen": split.vat_fen,
        "tax_fen": split.tax_fen,
        "net_fen": split.net_fen,
        "fee_bearer": task["fee_bearer"],
        "effects": [],
    }
    return shown


@view("express_account", needs=["worker"])
def express_account(call: ViewCall) -> Plain:
    """Where the person's pay goes: the end of his account, by which he knows it."""
    method = describe_method(call.connection, call.keys, str(call.data["worker"]))
    end = f"**** {method.account_end}" if method else "—"
    return [fact("收款账户", "Account", "account", end)]


@view("express_payout_holder", needs=["worker"])
def express_payout_holder(call: ViewCall) -> Plain:
    """The holder of the account: the name the person was certified under, no other."""
    name = read_certified_name(call.connection, call.keys, str(call.data["worker"]))
    return [fact("户名（认证姓名）", "Account holder (certified name)", "holder", name or "—")]


@view("express_problem", needs=["line_id"])
def express_problem(call: ViewCall) -> Plain:
    """What the person of a line said is wrong with it."""
    row = states.fetch_line(call.connection, str(call.data["line_id"]))
    said = row["problem"] or {}
    zh, en = PROBLEMS.get(str(said.get("type")), PROBLEMS["other"])
    text = said.get("text")
    told = vault.open_reference(call.connection, call.keys, text) if vault.is_reference(text) else None
    rows = [fact("问题类型", "What is wrong", "problem_type", {"zh": zh, "en": en})]
    return [*rows, fact("说明", "In his words", "problem_text", told)] if told else rows
