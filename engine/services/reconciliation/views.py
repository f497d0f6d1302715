"""What the forms about a difference show."""

from engine.definitions.registry import ViewCall, view
from engine.services.treasury.views import row
from engine.services.treasury.words import WHY_NOT, name_person
from engine.storage.plain import Plain

_KINDS = {
    "missing_here": {"zh": "对方有，我方没有", "en": "They have it, we do not"},
    "missing_there": {"zh": "我方有，对方没有", "en": "We have it, they do not"},
    "different_amount": {"zh": "金额不同", "en": "Different amounts"},
    "duplicate": {"zh": "对方重复", "en": "They have it twice"},
}
_LINES = {
    "payment": {"zh": "充值", "en": "Top-up"},
    "payout": {"zh": "打款", "en": "Payout"},
    "refund": {"zh": "原路退款", "en": "Refund"},
    "charge_back": {"zh": "拒付", "en": "Charge-back"},
}
_RESOLUTIONS = {
    "credit": {"zh": "入账给会员", "en": "Credit it to a member"},
    "send_back": {"zh": "退回支付机构", "en": "Send it back to the provider"},
    "correct": {"zh": "按支付机构的金额更正", "en": "Correct to the provider's amount"},
    "explain": {"zh": "无需记账", "en": "Nothing to post"},
}


@view("difference")
def show_difference(call: ViewCall) -> Plain:
    """The two sides of a difference, and why the last resolution could not be carried out, if it could not."""
    data, language = call.data, call.language
    rows: list[Plain] = []
    if problem := str(data.get("problem") or ""):
        rows.append(row("为什么没能处理", "Why it could not be done", "problem", WHY_NOT[problem][language]))
    rows += [
        row("差异", "Difference", "difference_kind", _KINDS[str(data["difference_kind"])][language]),
        row("业务", "What it is", "line_kind", _LINES[str(data["line_kind"])][language]),
        row("对账日", "Day", "day", data["day"]),
        row("单号", "Reference", "reference", data["reference"]),
        row("支付机构金额", "By the provider", "their_fen", data["their_fen"]),
        row("我方金额", "By our books", "our_fen", data["our_fen"]),
        row("暂记待查", "In suspense", "suspended_fen", data["suspended_fen"]),
    ]
    if party := str(data.get("party") or ""):
        rows.append(
            row("我方记录的会员", "Member by our books", "member", name_person(call.connection, party, language))
        )
    return rows


@view("resolution")
def show_resolution(call: ViewCall) -> Plain:
    """A difference with what was decided about it, for the second person."""
    rows = show_difference(call)
    assert isinstance(rows, list)
    resolution = str(call.data["resolution"])
    rows.append(row("处理方式", "Resolution", "resolution", _RESOLUTIONS[resolution][call.language]))
    if resolution == "credit":
        name = name_person(call.connection, str(call.data["member_id"]), call.language)
        rows.append(row("入账给", "Credited to", "credited_to", name))
    return rows
