"""The jobs that bring notifications out of the machine: claimed by lease, sent, and written down.

Whoever dies between sending and writing down sends again under the same id: at least once, and visible once.
"""

from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Row, bindparam, exists, insert, select, update

from engine.definitions.registry import JobDone, JobRun, Outbox, job_handler
from engine.records.jobs import retry_delay
from engine.runtime.engine import Engine
from engine.services.job_engine import engine_of
from engine.services.notifications.channels.chosen import channel_of
from engine.services.notifications.channels.port import Link, Message, Receipt
from engine.services.notifications.preferences import open_addresses
from engine.services.notifications.tables import delivery, notification, notification_address
from engine.services.notifications.telling import (
    DELIVER,
    DELIVERED,
    FAILED,
    FALLBACK,
    QUEUED,
    SENT,
    plan_job,
    to_minute,
)
from engine.services.notifications.templates import write_notification
from engine.services.notifications.words import say
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import user

BATCH = 200
LEASE = timedelta(seconds=50)  # shorter than that of the job: whoever takes the job over finds them due again
MAX_ATTEMPTS = 8
_DUE = (
    select(delivery.c.id)
    .where(
        delivery.c.state == QUEUED, delivery.c.channel == bindparam("channel_"), delivery.c.due_at <= bindparam("now")
    )
    .order_by(delivery.c.due_at, delivery.c.id)
    .limit(BATCH)
)
_CLAIMED = (
    select(delivery, notification.c.user_id, notification.c.template, notification.c.facts, notification.c.actions)
    .add_columns(notification.c.path, user.c.language, notification_address.c.address)
    .join(notification, notification.c.id == delivery.c.notification_id)
    .join(user, user.c.id == notification.c.user_id)
    .outerjoin(
        notification_address,
        (notification_address.c.user_id == notification.c.user_id)
        & (notification_address.c.channel == delivery.c.channel),
    )
    .where(delivery.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(delivery.c.id)
)


@job_handler(DELIVER)
def deliver(run: JobRun) -> Plain:
    """Sends what is due on one channel; gives a receipt of each: id, error, whether it is delivered."""
    engine, channel = engine_of(run), str(run.payload["channel"])
    rows = engine.database.transact(lambda unit: _claim(unit, channel))
    bundles, unsendable = _bundle(engine, list(rows))
    receipts = channel_of(engine, channel).send(list(bundles.values()))
    said = {receipt.id: receipt for receipt in receipts}
    results: list[Plain] = [
        {"id": row.id, "error": found.error, "is_delivered": found.is_delivered}
        for message_id, message_rows in _members(rows, bundles).items()
        if (found := said.get(message_id))
        for row in message_rows
    ]
    results += [{"id": one, "error": "no address", "is_delivered": False} for one in unsendable]
    known = {str(one["id"]) for one in results if isinstance(one, dict)}
    left: list[Plain] = [row.id for row in rows if row.id not in known]
    return {"results": results, "left": left, "is_full": len(rows) == BATCH}


def _claim(unit: UnitOfWork, channel: str) -> list[Row[Any]]:
    due = _DUE.with_for_update(skip_locked=True)
    ids = unit.connection.execute(due, {"channel_": channel, "now": unit.now}).scalars().all()
    if not ids:
        return []
    claimed = {"due_at": unit.now + LEASE, "attempts": delivery.c.attempts + 1}
    unit.connection.execute(update(delivery).where(delivery.c.id.in_(ids)).values(claimed))
    return list(unit.connection.execute(_CLAIMED, {"ids": list(ids)}))


def _bundle(engine: Engine, rows: list[Row[Any]]) -> tuple[dict[str, Message], list[str]]:
    """Messages by the id of the first delivery in them, and the deliveries that have no address any more."""
    messages, unsendable = dict[str, Message](), list[str]()
    with engine.database.read() as connection:
        opened = open_addresses(connection, engine.keys, [row for row in rows if row.address])
    for row in rows:
        address = opened.get((row.user_id, row.channel))
        if address is None:
            unsendable.append(row.id)
            continue
        title, body = write_notification(row.template, row.facts, row.language or "zh", engine.zone)
        key = _first_of(rows, row).id
        if row.is_digest:
            entry = f"— {title}\n{body}"
            body = f"{messages[key].body}\n\n{entry}" if key in messages else entry
            title = say("digest", row.language)
        links = () if row.is_digest else tuple(_make_link(engine, row, action) for action in row.actions)
        path = "/notices" if row.is_digest else f"/notices/{row.notification_id}/open"
        messages[key] = Message(key, row.user_id, address, title, body, links, path)
    return messages, unsendable


def _first_of(rows: list[Row[Any]], row: Row[Any]) -> Row[Any]:
    """Of a digest the first delivery to the same person, which names the message; else the delivery itself."""
    if not row.is_digest:
        return row
    return next(one for one in rows if one.is_digest and one.user_id == row.user_id)


def _members(rows: list[Row[Any]], bundles: dict[str, Message]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = {key: [] for key in bundles}
    for row in rows:
        key = _first_of(rows, row).id
        if key in found:
            found[key].append(row)
    return found


def _make_link(engine: Engine, row: Row[Any], action: PlainDict) -> Link:
    return Link(say(str(action["key"]), row.language), f"{engine.settings.public_url}{action['path']}")


@deliver.finish
def write_receipts(done: JobDone, result: Plain) -> None:
    """Writes down what came of each; what failed waits for its next attempt, what is left goes on at once."""
    assert isinstance(result, dict)
    channel = str(done.payload["channel"])
    receipts = [Receipt(str(one["id"]), str(one["error"]), bool(one["is_delivered"])) for one in _results(result)]
    for state, is_delivered in ((SENT, False), (DELIVERED, True)):
        _mark(done, [one.id for one in receipts if not one.error and one.is_delivered == is_delivered], state)
    for receipt in receipts:
        if receipt.error:
            _write_failure(done, channel, receipt)
    left = cast(list[str], result["left"])  # there was no time for them: nobody has to wait for their lease to end
    is_left = delivery.c.id.in_(left) & (delivery.c.state == QUEUED)
    done.connection.execute(update(delivery).where(is_left).values(due_at=done.now, attempts=delivery.c.attempts - 1))
    if left or result["is_full"]:
        plan_job(done, DELIVER, {"channel": channel}, done.now)


def _results(result: PlainDict) -> list[PlainDict]:
    return cast(list[PlainDict], result["results"])


def _mark(done: JobDone, ids: list[str], state: str) -> None:
    if ids:
        is_meant = delivery.c.id.in_(ids) & (delivery.c.state == QUEUED)
        done.connection.execute(update(delivery).where(is_meant).values(state=state, sent_at=done.now, error=None))


def _write_failure(done: JobDone, channel: str, receipt: Receipt) -> None:
    is_this = (delivery.c.id == receipt.id) & (delivery.c.state == QUEUED)
    attempts = done.connection.execute(select(delivery.c.attempts).where(is_this)).scalar_one_or_none()
    if attempts is None:  # withdrawn meanwhile
        return
    if attempts < MAX_ATTEMPTS:
        due_at = done.now + retry_delay(attempts)
        done.connection.execute(update(delivery).where(is_this).values(due_at=due_at, error=receipt.error))
        plan_job(done, DELIVER, {"channel": channel}, due_at)
        return
    done.connection.execute(update(delivery).where(is_this).values(state=FAILED, error=receipt.error))
    of_this = select(delivery.c.notification_id).where(delivery.c.id == receipt.id)
    at = to_minute(done.now)
    fallen = (
        update(notification)
        .where(notification.c.id.in_(of_this), notification.c.fallback.is_not(None))
        .values(fallback_at=at)
    )
    if done.connection.execute(fallen).rowcount:
        plan_job(done, FALLBACK, {}, at)


@job_handler(FALLBACK)
def look_for_undelivered(_run: JobRun) -> Plain:
    """Everything happens in the second half, in the transaction that deletes the job."""
    return None


@look_for_undelivered.finish
def take_fallback(done: JobDone, _result: Plain) -> None:
    """What no channel has brought in time and nobody has read goes out by its fallback channel as well, at once."""
    arrived = exists().where(delivery.c.notification_id == notification.c.id, delivery.c.state.in_((SENT, DELIVERED)))
    tried = exists().where(
        delivery.c.notification_id == notification.c.id, delivery.c.channel == notification.c.fallback
    )
    query = (
        select(notification.c.id, notification.c.fallback)
        .join(
            notification_address,
            (notification_address.c.user_id == notification.c.user_id)
            & (notification_address.c.channel == notification.c.fallback),
        )
        .where(notification.c.fallback_at <= done.now, notification.c.read_at.is_(None))
        .where(notification.c.withdrawn_at.is_(None), ~arrived, ~tried)
        .limit(BATCH)
    )
    rows = done.connection.execute(query).all()
    fresh = [_describe_fallback(done, row) for row in rows]
    if fresh:
        done.connection.execute(insert(delivery), fresh)
        for channel in {row["channel"] for row in fresh}:
            plan_job(done, DELIVER, {"channel": channel}, done.now)
    if len(rows) == BATCH:
        plan_job(done, FALLBACK, {}, done.now)


def _describe_fallback(done: Outbox, row: Any) -> dict[str, Any]:
    made = {"state": QUEUED, "is_digest": 0, "attempts": 0, "due_at": done.now}
    return made | {"id": new_id(), "notification_id": row.id, "channel": row.fallback}
