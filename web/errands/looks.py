"""How errands look: their categories, states, and the way one of them goes, step by step."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

# category: key of its name, icon
CATEGORIES: dict[str, tuple[str, str]] = {
    "fetch_parcel": ("errand.fetch", "package"),
    "buy": ("errand.buy", "shopping-bag"),
    "deliver": ("errand.deliver", "truck"),
    "print": ("errand.print", "printer"),
    "answer": ("errand.answer", "message-circle-question-mark"),
    "other": ("errand.other", "shapes"),
}
# state: tone of the badge, icon
STATES: dict[str, tuple[str, str]] = {
    "draft": ("", "pencil"),
    "quoted": ("warn", "hourglass"),
    "unpaid": ("warn", "hourglass"),
    "offering": ("accent", "bell-ring"),
    "taken": ("accent", "hand"),
    "at_pickup": ("accent", "map-pin"),
    "picked_up": ("accent", "package"),
    "delivering": ("accent", "navigation"),
    "handed_over": ("accent", "package-check"),
    "delivered": ("ok", "circle-check"),
    "exception": ("bad", "triangle-alert"),
    "returning": ("warn", "undo-2"),
    "disputed": ("bad", "scale"),
    "closed": ("ok", "circle-check"),
    "returned": ("", "undo-2"),
    "decided": ("", "scale"),
    **dict.fromkeys(("no_courier", "cancelled", "cancelled_with_fee", "lapsed"), ("", "circle-x")),
}
DONE, NOW, NEXT = "done", "now", "next"
_ICONS = {
    "offer": "bell-ring",
    "take": "hand",
    "arrive": "map-pin",
    "buy": "receipt-text",
    "pick_up": "package",
    "travel": "navigation",
    "bring_back": "undo-2",
    "hand_over": "package-check",
    "answer": "message-circle",
    "accept": "thumbs-up",
}
_GOODS = ("offer", "take", "arrive", "pick_up", "travel", "hand_over")
_WAYS: dict[str, tuple[str, ...]] = {
    "answer": ("offer", "take", "answer", "accept"),
    "buy": ("offer", "take", "arrive", "buy", "pick_up", "travel", "hand_over"),
}
# what either side may ask for beside its tasks: icon
ACTS = {"report": "triangle-alert", "release": "undo-2", "cancel": "circle-x", "dispute": "scale"}


@dataclass(frozen=True)
class Step:
    """One step of an errand's way; `mark` is done, now or next."""

    key: str
    icon: str
    mark: str
    at: datetime | None


def list_steps(category: str, done: Mapping[str, datetime], *, is_running: bool, is_returning: bool) -> list[Step]:
    """The way of an errand: what is done, with its instant, where it stands, and what is still to come.

    One that has ended shows only what was done. Being on the way is told only as long as it lasts.
    """
    way = _WAYS.get(category, _GOODS)
    if is_returning or "bring_back" in done:
        way = (*(key for key in way if key in done and key != "bring_back"), "bring_back")
    over = {*done, "travel"} if "hand_over" in done else done.keys()
    ahead = [key for key in way if key not in over]
    steps = [Step(key, _ICONS[key], DONE, done[key]) for key in way if key in done]
    if is_running:
        steps += [Step(key, _ICONS[key], NOW if key == ahead[0] else NEXT, None) for key in ahead]
    return steps
