"""The topic by which any diagram tells people something (S05)."""

from engine.definitions.registry import TopicCall, topic
from engine.services.notifications.channels.port import CHANNELS
from engine.services.notifications.recipients import find_people
from engine.services.notifications.telling import Notice, tell
from engine.storage.plain import PlainDict

URGENT = "high"


@topic("notify")
def notify(
    call: TopicCall,
    *,
    template: str,
    recipients: list[str],
    groups: list[str] | None = None,
    data: dict[str, object] | None = None,
    channels: list[str] | None = None,
    urgency: str = "normal",
    fallback: str = "",
) -> PlainDict:
    """Tells people something, in the browser and on the channels they have chosen.

    `recipients` are parties as process data name them, `groups` roles of the platform; `data` are the facts that the
    template names. `urgency` high goes out in quiet hours as well; `fallback` is the channel to take when no other
    brought it within half an hour. Returns: told_count.
    """
    people = find_people(call.connection, recipients, groups or ())
    facts: PlainDict = {**(data or {})}  # type: ignore[dict-item]  # process data are plain
    notice = Notice(
        key=call.key,
        template=template,
        facts=facts,
        subject=f"case:{call.instance_id}",
        path=f"/cases/{call.instance_id}/open",
        recipients=people,
        channels=CHANNELS if channels is None else channels,
        is_urgent=urgency == URGENT,
        fallback=fallback or None,
    )
    told = tell(call, call.calendar.zone, [notice])
    call.note("told", template=template, people=[*people])
    return {"told_count": told}
