"""What the forms of platform finance show of the books."""

from engine.definitions.registry import ViewCall, view
from engine.services.ledger.custody import prove_custody
from engine.services.treasury.words import WHY_NOT, name_account, name_person
from engine.storage.plain import Plain, PlainDict


@view("custody")
def show_custody(call: ViewCall) -> Plain:
    """What lies in custody, whose it is, and what may be taken out now."""
    proof = prove_custody(call.connection)
    return [
        row("托管银行余额", "At the custody bank", "bank_fen", proof.bank_fen),
        row("属于会员的款项", "Of members", "customers_fen", sum(proof.customers.values())),
        row("平台收入，现在可提取", "Income that may be taken out now", "sweepable_fen", proof.sweepable_fen),
        row("应交增值税", "VAT owed", "vat_fen", proof.vat_fen),
        row("代扣个人所得税", "Income tax withheld", "tax_fen", proof.tax_fen),
    ]


@view("manual_posting")
def show_posting(call: ViewCall) -> Plain:
    """A manual posting as it was proposed, and why it could not be made, if it could not."""
    data, language = call.data, call.language
    rows: list[Plain] = []
    if problem := str(data.get("problem") or ""):
        rows.append(row("为什么不能记账", "Why it cannot be posted", "problem", WHY_NOT[problem][language]))
    for zh, en, side in (("借方", "Debit", "debit"), ("贷方", "Credit", "credit")):
        if code := str(data.get(side) or ""):
            rows.append(row(zh, en, side, name_account(call.connection, code, language)))
    rows += [
        row("金额", "Amount", "amount_fen", data.get("amount_fen")),
        row("原因", "Reason", "reason", data.get("reason")),
        row("提出人", "Proposed by", "maker", name_person(call.connection, str(data.get("maker")), language)),
    ]
    files = data.get("attachments")
    if isinstance(files, list):
        names = "、" if language == "zh" else ", "
        told = names.join(str(one.get("name")) for one in files if isinstance(one, dict))
        rows.append(row("附件", "Attachments", "attachment_names", told))
    return rows


def row(zh: str, en: str, name: str, value: Plain) -> PlainDict:
    """A fact as the component `baton:facts` shows it; the end of `name` says how."""
    return {"zh": zh, "en": en, "name": name, "value": value}
