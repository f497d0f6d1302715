"""Values of an item in words, both languages at once."""

from typing import cast

from sqlalchemy import Connection

from engine.services.todos.events import EVENTS
from engine.services.todos.people import name_people
from engine.storage.plain import Plain

WORDS: dict[str, tuple[str, str]] = {
    "routine": ("日常", "Routine"),
    "finance": ("财务", "Finance"),
    "customer": ("客户", "Customer"),
    "safety": ("安全", "Safety"),
    "one": ("一人（轮流）", "One person, in turn"),
    "each": ("每人各办", "Each of them"),
    "any": ("任一人", "Any of them"),
    "complete": ("完成", "Complete"),
    "transfer": ("流转", "Transfer"),
    "exception": ("备案", "File exception"),
    "usual": ("常规", "Usual"),
    "urgent": ("紧急", "Urgent"),
    "calm": ("从容", "Calm"),
    "True": ("是", "Yes"),
    "False": ("否", "No"),
    **EVENTS,
}

NOTES: dict[str, tuple[str, str]] = {
    "text": ("标题需 2 至 100 字，内容需 1 至 5000 字。", "The title needs 2 to 100 characters, the item 1 to 5000."),
    "no_handler": ("请至少选择一位处理人员。", "Choose at least one handler."),
    "handler_inactive": ("所选处理人员中有人已停用。", "One of the handlers is no longer active."),
    "due_past": ("截止时间已过。", "The due time has passed."),
    "due_before_active": ("截止时间早于生效时间。", "It would be due before it begins."),
    "due_rule": ("截止规则应如 WT:P2D 或 PT4H。", "A due rule is a time such as WT:P2D or PT4H."),
    "recurrence": (
        "重复规则须以 COUNT 或 UNTIL 结束；请用截止规则代替截止时间。",
        "A recurrence ends by COUNT or UNTIL, and has a due rule instead of a due time.",
    ),
    "self": ("不能流转给当前处理人。", "It cannot go to whoever has it."),
    "inactive": ("此人已不是处理人员。", "This person is no longer a handler."),
    "returned": ("此人已两次经手，不能再流转回去。", "This person had it twice already."),
    "chain": ("流转次数已达上限。", "It was transferred as often as the policy allows."),
}
"""What a form says of a refused transfer, or of a change that cannot be as it is."""


def show_value(connection: Connection, name: str, value: Plain) -> Plain:
    """A text, or one in each language; instants stay as they are."""
    if value in ("", None, []):
        return "–"
    if name == "handlers":
        names = name_people(connection, cast(list[str], value))
        known = [names[one] for one in cast(list[str], value) if one in names]
        return {"zh": "、".join(zh for zh, _ in known), "en": ", ".join(en for _, en in known)}
    if name == "attachments":
        return ", ".join(str(one.get("name")) for one in cast(list[Plain], value) if isinstance(one, dict))
    if isinstance(value, list):
        found = [WORDS.get(str(one), (str(one), str(one))) for one in value]
        return {"zh": "、".join(zh for zh, _ in found), "en": ", ".join(en for _, en in found)}
    if str(value) in WORDS and name not in ("title", "body"):
        zh, en = WORDS[str(value)]
        return {"zh": zh, "en": en}
    return value
