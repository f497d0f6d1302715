"""How the states of an order look, what its two sides may ask for in them, and when something is due."""

from datetime import datetime

from engine.services.orders.commands import CANCEL, DISPUTE, RELEASE
from engine.services.orders.queries import OrderCard, OrderView

# state: tone of the badge, icon
LOOKS: dict[str, tuple[str, str]] = {
    "draft": ("", "pencil"),
    "funding": ("warn", "hourglass"),
    "in_review": ("", "file-search"),
    "open": ("accent", "store"),
    "expired": ("warn", "alarm-clock"),
    "locked": ("accent", "hand"),
    "started": ("accent", "play"),
    "handed_over": ("accent", "package-check"),
    "auditing": ("accent", "file-search"),
    "disputed": ("bad", "scale"),
    "not_funded": ("", "circle-x"),
    "content_rejected": ("bad", "ban"),
    "cancelled": ("", "circle-x"),
    "paid": ("ok", "circle-check"),
    "paid_partially": ("ok", "split"),
    "refunded": ("", "undo-2"),
}
SECURED = frozenset({"in_review", "open", "expired", "locked", "started", "handed_over", "auditing", "disputed"})
UNPAID = frozenset({"not_funded", "content_rejected", "cancelled", "refunded"})
"""The ends of an order after which its reward was nobody's."""
# what is asked before a request is sent: side, state, form; where there is none it is not offered
_ALWAYS = {"locked": "dispute", "started": "dispute", "handed_over": "dispute", "auditing": "dispute"}
_CANCELLED_WITH_WORK = {"locked": "cancel_locked", "started": "cancel_started"}
_QUESTIONS: dict[tuple[str, str], dict[str, str]] = {
    (RELEASE, "taker"): {"locked": "release", "started": "release"},
    (CANCEL, "taker"): _CANCELLED_WITH_WORK,
    (CANCEL, "publisher"): {"open": "cancel_open", **_CANCELLED_WITH_WORK},
    (DISPUTE, "taker"): _ALWAYS,
    (DISPUTE, "publisher"): _ALWAYS,
}
QUESTIONS_OF = {
    kind: {form for (of, _), forms in _QUESTIONS.items() if of == kind for form in forms.values()}
    for kind in (RELEASE, CANCEL, DISPUTE)
}


def find_question(kind: str, order: OrderView) -> str | None:
    """The form that asks what a request needs to say; None where the request makes no sense now."""
    return _QUESTIONS.get((kind, order.side), {}).get(order.card.state)


def list_offers(order: OrderView) -> list[str]:
    """The requests the reader's side may send now."""
    return [kind for kind in (RELEASE, CANCEL, DISPUTE) if find_question(kind, order)]


def next_due(order: OrderView) -> datetime | None:
    """By when something must happen in the present state, as far as the order itself says."""
    card = order.card
    return {"open": card.expires_at, "locked": order.start_by, "started": order.handover_due}.get(card.state)


# the way of an order that goes well, and at which of its steps each state stands
STEPS = ("list", "take", "work", "check", "pay")
_STEP_OF = {
    **dict.fromkeys(("draft", "funding", "in_review"), 1),
    **dict.fromkeys(("open", "expired"), 2),
    **dict.fromkeys(("locked", "started"), 3),
    **dict.fromkeys(("handed_over", "auditing", "disputed"), 4),
    "paid": len(STEPS) + 1,
}
# who has to do the next thing; publisher and taker are the sides of an order
_TURN_OF = {
    **dict.fromkeys(("draft", "funding", "expired"), "publisher"),
    **dict.fromkeys(("locked", "started"), "taker"),
    **dict.fromkeys(("in_review", "handed_over", "auditing", "disputed"), "platform"),
    "open": "market",
}


def step_of(card: OrderCard) -> int | None:
    """At which step an order stands, 1 to 5; 6 when all are behind it, None for one that ended on another way."""
    return _STEP_OF.get(card.state)


def turn_of(card: OrderCard, side: str, has_task: bool) -> str:
    """Whose turn it is as one side sees it: you, other, platform, market; empty when the order is closed."""
    turn = _TURN_OF.get(card.state, "")
    if has_task or turn == side:
        return "you"
    return "other" if turn in ("publisher", "taker") else turn
