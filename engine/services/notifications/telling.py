"""Telling people: rows of one transaction, so that nothing is told that did not happen. Channels follow by jobs."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, insert, select, update

from engine.definitions.registry import Outbox
from engine.services.notifications.channels.port import CHANNELS, PUSH
from engine.services.notifications.hours import Hours
from engine.services.notifications.preferences import read_hours
from engine.services.notifications.tables import delivery, notification, notification_address
from engine.services.notifications.templates import check_facts
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

DELIVER, FALLBACK = "notification.deliver", "notification.fallback"
QUEUED, SENT, DELIVERED, FAILED, WITHDRAWN = "queued", "sent", "delivered", "failed", "withdrawn"
FALLBACK_AFTER = timedelta(minutes=30)
_INSERT, _INSERT_DELIVERY = insert(notification), insert(delivery)
_KNOWN = select(notification.c.key).where(notification.c.key.in_(bindparam("keys", expanding=True)))
_ADDRESSES = select(notification_address).where(notification_address.c.user_id.in_(bindparam("users", expanding=True)))


def _no_actions(_user_id: str) -> list[Plain]:
    return []


@dataclass(frozen=True)
class Notice:
    """What is told. `key` names the occasion: each recipient is told once of it.

    `channels` besides the browser (and push, which wakes it), those a person has an address for; all of them unless
    said otherwise. `fallback` is the channel to take when no other brought it within half an hour; `actions` gives
    what one may do from the message.
    """

    key: str
    template: str
    facts: PlainDict
    subject: str
    path: str
    recipients: Collection[str]  # user ids
    channels: Collection[str] = CHANNELS
    is_urgent: bool = False
    fallback: str | None = None
    actions: Callable[[str], list[Plain]] = field(default=_no_actions)


def tell(outbox: Outbox, zone: ZoneInfo, notices: Iterable[Notice]) -> int:
    """Writes down what is told and queues what leaves the machine; how many were told who did not know yet.

    Raises TemplateUnfit.
    """
    connection, now = outbox.connection, outbox.now
    told = [(notice, user_id, f"{notice.key}:{user_id}") for notice in notices for user_id in notice.recipients]
    for template, facts in {(notice.template, id(notice)): notice.facts for notice, _, _ in told}.items():
        check_facts(template[0], facts)
    known = {*connection.execute(_KNOWN, {"keys": [key for _, _, key in told]}).scalars()} if told else set()
    fresh = {key: (notice, user_id) for notice, user_id, key in told if key not in known}
    rows = [_describe(notice, user_id, key, now) for key, (notice, user_id) in fresh.items()]
    if not rows:
        return 0
    connection.execute(_INSERT, rows)
    _queue(outbox, zone, [(row, fresh[row["key"]][0]) for row in rows])
    for due_at in {row["fallback_at"] for row in rows} - {None}:
        plan_job(outbox, FALLBACK, {}, due_at)
    return len(rows)


def _describe(notice: Notice, user_id: str, key: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "key": key,
        "user_id": user_id,
        "template": notice.template,
        "facts": notice.facts,
        "actions": notice.actions(user_id),
        "subject": notice.subject,
        "path": notice.path,
        "is_urgent": int(notice.is_urgent),
        "created_at": now,
        "fallback": notice.fallback,
        "fallback_at": to_minute(now + FALLBACK_AFTER) if notice.fallback else None,
    }


def _queue(outbox: Outbox, zone: ZoneInfo, told: list[tuple[dict[str, Any], Notice]]) -> None:
    users = sorted({row["user_id"] for row, _ in told})
    addresses: dict[str, list[Any]] = {}
    for one in outbox.connection.execute(_ADDRESSES, {"users": users}):
        addresses.setdefault(one.user_id, []).append(one)
    hours = read_hours(outbox.connection, addresses.keys())
    rows = [
        describe_delivery(row, one, hours.get(one.user_id, Hours()), outbox.now, zone)
        for row, notice in told
        for one in addresses.get(row["user_id"], ())
        if one.channel == PUSH or one.channel in notice.channels
    ]
    if rows:
        outbox.connection.execute(_INSERT_DELIVERY, rows)
    for channel, due_at in {(row["channel"], row["due_at"]) for row in rows}:
        plan_job(outbox, DELIVER, {"channel": channel}, due_at)


def describe_delivery(row: Any, address: Any, hours: Hours, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """A notification on its way to one address, at the time its person wants it."""
    is_digest = bool(address.is_digest) and not row["is_urgent"]
    due_at = now if row["is_urgent"] else hours.find_time(now, zone)
    return {
        "id": new_id(),
        "notification_id": row["id"],
        "channel": address.channel,
        "state": QUEUED,
        "is_digest": int(is_digest),
        "due_at": hours.find_digest(now, zone) if is_digest else due_at,
        "attempts": 0,
    }


def plan_job(outbox: Outbox, kind: str, payload: PlainDict, due_at: datetime) -> None:
    """A job that does whatever is due then; many things that are due together share it."""
    name = ":".join([kind, *map(str, payload.values()), due_at.isoformat()])
    outbox.enqueue(kind, payload, due_at, key=name)


def to_minute(at: datetime) -> datetime:
    """The instant, or the next whole minute: what is due within one minute is done together."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(minutes=1)


def withdraw(connection: Connection, now: datetime, subject: str, template: str | None = None) -> list[str]:
    """Takes what was told of a subject back everywhere: it leaves the lists, and what is queued is not sent.

    Gives those to whom a channel has brought it already.
    """
    is_meant = notification.c.subject == subject
    if template:
        is_meant &= notification.c.template == template
    ids = select(notification.c.id).where(is_meant)
    reached = (
        select(notification.c.user_id)
        .join(delivery, delivery.c.notification_id == notification.c.id)
        .where(is_meant, notification.c.withdrawn_at.is_(None), delivery.c.state.in_((SENT, DELIVERED)))
    )
    found = sorted({*connection.execute(reached).scalars()})
    connection.execute(
        update(delivery).where(delivery.c.notification_id.in_(ids), delivery.c.state == QUEUED).values(state=WITHDRAWN)
    )
    connection.execute(
        update(notification).where(is_meant, notification.c.withdrawn_at.is_(None)).values(withdrawn_at=now)
    )
    return found
