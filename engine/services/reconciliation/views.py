"""What the forms about a difference show."""

from engine.definitions.registry import ViewCall, view
from engine.services.reconciliation.words import KINDS, LINES, RESOLUTIONS
from engine.services.treasury.views import row
from engine.services.treasury.words import WHY_NOT, name_person
from engine.storage.plain import Plain


@view("difference", needs=["day", "difference_kind", "line_kind", "our_fen", "reference", "suspended_fen", "their_fen"])
def show_difference(call: ViewCall) -> Plain:
    """The two sides of a difference, and why the last resolution could not be carried out, if it could not."""
    data, language = call.data, call.language
    rows: list[Plain] = []
    if problem := str(data.get("problem") or ""):
        rows.append(row("为什么没能处理", "Why it could not be done", "problem", WHY_NOT[problem][language]))
    rows += [
        row("差异", "Difference", "difference_kind", KINDS[str(data["difference_kind"])][language]),
        row("业务", "What it is", "line_kind", LINES[str(data["line_kind"])][language]),
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


@view(
    "resolution",
    needs=[
        "day",
        "difference_kind",
        "line_kind",
        "member_id",
        "our_fen",
        "reference",
        "resolution",
        "suspended_fen",
        "their_fen",
    ],
)
def show_resolution(call: ViewCall) -> Plain:
    """A difference with what was decided about it, for the second person."""
    rows = show_difference(call)
    assert isinstance(rows, list)
    resolution = str(call.data["resolution"])
    rows.append(row("处理方式", "Resolution", "resolution", RESOLUTIONS[resolution][call.language]))
    if resolution == "credit":
        name = name_person(call.connection, str(call.data["member_id"]), call.language)
        rows.append(row("入账给", "Credited to", "credited_to", name))
    return rows
