"""What connects the two sides of an errand ends: nobody is followed, no call is put through, no offer is open."""

from engine.definitions.registry import TopicCall, topic
from engine.services.chat.phones.topics import release_phones
from engine.services.chat.topics import close_chat, leave_chat
from engine.services.dispatch.offers import close_offer
from engine.services.tracking.topics import close_tracking
from engine.storage.plain import PlainDict

NOW = "PT0S"


@topic("close_tracking_and_number")
def close_tracking_and_number(call: TopicCall, *, outcome: str) -> PlainDict:
    """Nobody sees any more where the courier is, and the number between the two sides ends a while later; what was
    written can be read, and the errand no longer counts among those the courier holds.

    Returns: nothing.
    """
    close_tracking(call, outcome=outcome)
    release_phones(call)
    close_chat(call)
    close_offer(call)
    return {}


def part_with_courier(call: TopicCall) -> None:
    """The courier of now is not the one to go on: he is not followed, not called and not written to any more. The next
    one takes his side in the room."""
    close_tracking(call, outcome="released")
    leave_chat(call, side="courier")
    release_phones(call, after=NOW)
