"""What the topics of an errand have in common: instants of its policy, its state with a note of it, whom to tell."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from engine.definitions.registry import TopicCall
from engine.services.errands import states
from engine.services.notifications.recipients import find_people
from engine.services.notifications.telling import Notice, tell
from engine.services.orders.search import cut_text
from engine.services.policy import end_of
from engine.storage.plain import Plain

CATEGORIES: Mapping[str, tuple[str, str]] = {
    "fetch_parcel": ("帮拿快递", "Fetch a parcel"),
    "buy": ("帮买东西", "Buy something"),
    "deliver": ("帮忙送东西", "Deliver something"),
    "print": ("帮忙打印", "Print"),
    "answer": ("帮忙解答", "Answer a question"),
    "other": ("其它", "Other"),
}
ANSWER, BUY = "answer", "buy"
TITLE_CHARACTERS = 24


def later(call: TopicCall, policy_key: str, start: datetime | None = None) -> datetime:
    """The instant a duration of the pinned policy after `start` (now)."""
    return end_of(str(call.policy[policy_key]), start or call.now, call.calendar.zone)


def note_state(call: TopicCall, order_id: str, state: str, **values: object) -> None:
    """Moves an errand into a state and says so in the history."""
    states.move(call.connection, order_id, state, call.now, **values)
    call.note("errand_state", order_id=order_id, state=state)


def title_of(row: Mapping[Any, Any]) -> tuple[str, str]:
    """What lists call an errand, in Chinese and English."""
    zh, en = CATEGORIES[row["category"]]
    said = cut_text(" ".join(row["description"].split()), TITLE_CHARACTERS)
    return f"{zh}：{said}", f"{en}: {said}"


def tell_parties(call: TopicCall, order_id: str, template: str, parties: Collection[str], **more: Plain) -> None:
    """Tells parties of an errand, once for each execution of the service task."""
    row = states.fetch_row(call.connection, order_id)
    title_zh, title_en = title_of(row)
    notice = Notice(
        key=f"{call.key}:{template}",
        template=template,
        facts={"number": row["number"], "title_zh": title_zh, "title_en": title_en, **more},
        subject=f"case:{order_id}",
        path=f"/errands/{order_id}",
        recipients=find_people(call.connection, parties, ()),
    )
    tell(call, call.calendar.zone, [notice])
