"""What an item says, as one plain dict: made from a form or a request, compared field by field, shown in words."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import cast

from dateutil.rrule import rrulestr

from engine.language.errors import ValueUnfit
from engine.language.specs.durations import WORKING, parse_duration, parse_working_time
from engine.storage.clock import parse_instant
from engine.storage.plain import Plain, PlainDict

FIELDS: Mapping[str, tuple[str, str]] = {
    "title": ("标题", "Title"),
    "body": ("事项内容", "The item itself"),
    "item_class": ("事项类别", "Class"),
    "priority": ("优先级", "Priority"),
    "active_from": ("生效时间", "Active from"),
    "due_at": ("截止时间", "Due"),
    "due_rule": ("截止规则", "Due rule"),
    "recurrence": ("重复规则", "Recurrence"),
    "handlers": ("处理人员", "Handlers"),
    "assignment": ("分派方式", "Assignment"),
    "allowed": ("允许的操作", "Allowed actions"),
    "needs_check": ("结果需要核查", "Result is checked"),
    "reminder_rule": ("提醒规则", "Reminder rule"),
    "event_types": ("事件类型", "Event types"),
    "business_link": ("业务链接", "Business link"),
    "attachments": ("附件", "Attachments"),
    "callback_url": ("状态回传地址", "Status call-back"),
}
"""Every field, in the order of the page, with its name in both languages."""
ASSIGNMENTS = ("one", "each", "any")
COMPLETE, TRANSFER, EXCEPTION = "complete", "transfer", "exception"
ACTIONS = (COMPLETE, TRANSFER, EXCEPTION)
CLASSES = ("routine", "finance", "customer", "safety")
RULES = ("usual", "urgent", "calm")
MAX_OCCURRENCES = 1000
_USUAL: PlainDict = {
    **dict.fromkeys(FIELDS, ""),
    "item_class": "routine",
    "priority": 3,
    "handlers": [],
    "assignment": "one",
    "allowed": [*ACTIONS],
    "needs_check": False,
    "reminder_rule": "usual",
    "event_types": [],
    "attachments": [],
}


def make_content(values: Mapping[str, Plain], before: Mapping[str, Plain] | None = None) -> PlainDict:
    """The content an item has with some fields filled in; what is left out is as before, else as usual."""
    content = {**_USUAL, **(before or {})}
    for name in FIELDS:
        if name in values and values[name] is not None:
            content[name] = values[name]
    content["priority"] = int(str(content["priority"]))
    content["needs_check"] = bool(content["needs_check"])
    content["handlers"] = [_id_of(one) for one in cast(list[Plain], content["handlers"] or [])]
    return {name: content[name] for name in FIELDS}


def _id_of(chosen: Plain) -> str:
    """A handler as a form gives it (`{"id", "note"}`), or his id."""
    return str(chosen["id"]) if isinstance(chosen, dict) else str(chosen)


def find_problems(content: PlainDict, active_handlers: Collection[str], now: datetime) -> list[str]:
    """Why an item cannot be as it is: codes, each of which has a text."""
    problems = []
    if not 2 <= len(str(content["title"])) <= 100 or not 1 <= len(str(content["body"])) <= 5000:
        problems.append("text")
    if not content["handlers"]:
        problems.append("no_handler")
    elif set(cast(list[str], content["handlers"])) - set(active_handlers):
        problems.append("handler_inactive")
    if content["due_at"] and parse_instant(str(content["due_at"])) <= now:
        problems.append("due_past")
    if content["due_at"] and content["active_from"] and str(content["due_at"]) <= str(content["active_from"]):
        problems.append("due_before_active")
    if content["due_rule"] and not _is_duration(str(content["due_rule"])):
        problems.append("due_rule")
    if content["recurrence"] and (content["due_at"] or not _is_bounded(str(content["recurrence"]), now)):
        problems.append("recurrence")
    problems += [
        name
        for name, known in (("item_class", CLASSES), ("assignment", ASSIGNMENTS), ("reminder_rule", RULES))
        if content[name] not in known
    ]
    if not 1 <= cast(int, content["priority"]) <= 4 or not set(cast(list[str], content["allowed"])) <= {*ACTIONS}:
        problems.append("choices")
    return problems


def _is_duration(text: str) -> bool:
    try:
        parse_working_time(text) if text.startswith(WORKING) else parse_duration(text)
    except ValueUnfit:
        return False
    return True


def _is_bounded(text: str, now: datetime) -> bool:
    """Whether a recurrence can be read and ends: by COUNT or UNTIL, after at most MAX_OCCURRENCES."""
    if "COUNT=" not in text.upper() and "UNTIL=" not in text.upper():
        return False
    try:
        rule = rrulestr(text, dtstart=now.replace(tzinfo=None), forceset=True, ignoretz=True)
        return 0 < sum(1 for _, _ in zip(rule, range(MAX_OCCURRENCES + 1), strict=False)) <= MAX_OCCURRENCES
    except (ValueError, TypeError, AttributeError):
        return False


def differences(before: Mapping[str, Plain], after: Mapping[str, Plain]) -> list[tuple[str, Plain, Plain]]:
    """(field, before, after) of every field that differs."""
    return [(name, before.get(name), after[name]) for name in FIELDS if before.get(name) != after[name]]
