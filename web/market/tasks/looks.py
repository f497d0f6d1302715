"""How the states of work tasks and engagements look, and at which step of its way each stands."""

from engine.services.work_tasks.dossiers import EngagementCard
from engine.services.work_tasks.queries import TaskCard

# state: tone of the badge, icon
TASK_LOOKS: dict[str, tuple[str, str]] = {
    "draft": ("", "pencil"),
    "in_review": ("", "file-search"),
    "funding": ("warn", "hourglass"),
    "recruiting": ("accent", "store"),
    "awarding": ("accent", "users"),
    "running": ("accent", "play"),
    "no_match": ("warn", "alarm-clock"),
    "closing": ("accent", "package-check"),
    "completed": ("ok", "circle-check"),
    "content_rejected": ("bad", "ban"),
    "not_funded": ("", "circle-x"),
    "no_match_closed": ("", "circle-x"),
    "cancelled": ("", "circle-x"),
}
ENGAGEMENT_LOOKS: dict[str, tuple[str, str]] = {
    "offered": ("warn", "hourglass"),
    "confirmed": ("accent", "hand"),
    "working": ("accent", "play"),
    "delivered": ("accent", "upload"),
    "in_review": ("accent", "file-search"),
    "awaiting_acceptance": ("accent", "package-check"),
    "rework": ("warn", "undo-2"),
    "settling": ("accent", "hourglass"),
    "disputed": ("bad", "scale"),
    "settled": ("ok", "circle-check"),
    "settled_partially": ("ok", "split"),
    "disputed_paid": ("ok", "circle-check"),
    "disputed_refunded": ("", "undo-2"),
    **dict.fromkeys(("undertaker_rejected", "declined", "lapsed", "no_show"), ("", "circle-x")),
    **dict.fromkeys(("cancelled_by_worker", "cancelled_by_enterprise"), ("", "circle-x")),
}
SIGN_UP_LOOKS: dict[str, tuple[str, str]] = {
    "applied": ("accent", "send"),
    "waiting": ("warn", "hourglass"),
    "awarded": ("ok", "circle-check"),
    "closed": ("", "circle-x"),
}
TASK_STEPS = ("review", "recruit", "award", "work", "settle")
ENGAGEMENT_STEPS = ("offer", "work", "check", "accept", "pay")
_TASK_AT = {
    **dict.fromkeys(("draft", "in_review", "funding"), 1),
    **dict.fromkeys(("recruiting", "no_match"), 2),
    "awarding": 3,
    "running": 4,
    "closing": 5,
    "completed": len(TASK_STEPS) + 1,
}
_ENGAGEMENT_AT = {
    "offered": 1,
    "confirmed": 2,
    "working": 2,
    "rework": 2,
    "delivered": 3,
    "in_review": 3,
    "awaiting_acceptance": 4,
    "disputed": 4,
    "settling": 5,
    **dict.fromkeys(("settled", "settled_partially", "disputed_paid"), len(ENGAGEMENT_STEPS) + 1),
}
CANCELLABLE_TASK = frozenset({"in_review", "funding", "recruiting", "awarding", "running"})
CANCELLABLE = frozenset({"confirmed", "working"})
DISPUTABLE = frozenset({"confirmed", "working", "delivered", "in_review", "awaiting_acceptance", "rework"})


def is_improvable(card: TaskCard) -> bool:
    """Whether the enterprise may better its terms: while people sign up for it."""
    return card.state == "recruiting"


def task_step(card: TaskCard) -> int | None:
    """At which step a work task stands, 1 to 5; 6 when all are behind it, None for one that ended on another way."""
    return _TASK_AT.get(card.state)


def engagement_step(card: EngagementCard) -> int | None:
    """The same of an engagement."""
    return _ENGAGEMENT_AT.get(card.state)
