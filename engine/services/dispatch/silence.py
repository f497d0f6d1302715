"""Who has not told where he is for a while is taken off duty, and who may not work any more: orders do not wait for a
phone that is switched off, and a place that was true once is not kept."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from engine.definitions.catalogue import Pins
from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.language.specs.durations import parse_duration
from engine.services.dispatch.rows import NO_ZONE, courier_topic
from engine.services.dispatch.tables import courier, courier_place
from engine.services.dispatch.taking import find_standing
from engine.services.job_engine import engine_of
from engine.services.notifications.telling import Notice, tell
from engine.storage.clock import format_instant, parse_instant
from engine.storage.plain import Plain

CHECK = "dispatch.check_duty"  # job: one for each courier on duty
CHECK_EVERY = timedelta(minutes=5)
SILENCE = "courier_silence"  # in the policy
TEMPLATE = "courier_off_duty"


def end_duty(connection: Connection, courier_id: str) -> None:
    """Nothing reaches the courier any more, and where he was is forgotten."""
    connection.execute(delete(courier_place).where(courier_place.c.courier_id == courier_id))
    connection.execute(update(courier).where(courier.c.id == courier_id).values(on_duty_since=None))


@job_handler(CHECK)
def check_duty(run: JobRun) -> Plain:
    """Since when a courier must have been silent to be taken off duty."""
    engine = engine_of(run)
    with engine.database.read() as connection:
        policy = engine.catalogue.policy(connection, Pins("", engine.catalogue.newest(connection)))
    return format_instant(run.now - parse_duration(str(policy[SILENCE])).longest)


@check_duty.finish
def act_on_silence(done: JobDone, silent_since: Plain) -> None:
    """Takes him off duty, and tells him so if he was silent, or looks again later; nothing where he is off duty."""
    courier_id = str(done.payload["courier"])
    query = (
        select(courier.c.on_duty_since, courier_place.c.seen_at)
        .outerjoin(courier_place, courier_place.c.courier_id == courier.c.id)
        .where(courier.c.id == courier_id)
    )
    row = done.connection.execute(query).one()
    if row.on_duty_since is None:
        return
    is_silent = max(row.on_duty_since, row.seen_at or row.on_duty_since) <= parse_instant(str(silent_since))
    if not is_silent and find_standing(done.connection, courier_id) is None:
        done.enqueue(CHECK, {"courier": courier_id}, done.now + CHECK_EVERY, key=f"{CHECK}:{courier_id}")
        return
    end_duty(done.connection, courier_id)
    done.announce(courier_topic(courier_id))
    if is_silent:
        _tell_silent(done, courier_id, row.on_duty_since)


def _tell_silent(done: JobDone, courier_id: str, on_duty_since: datetime) -> None:
    notice = Notice(
        key=f"{TEMPLATE}:{courier_id}:{format_instant(on_duty_since)}",
        template=TEMPLATE,
        facts={},
        subject=f"courier:{courier_id}",
        path="/courier/profile",
        recipients=[courier_id],
        channels=(),
        is_urgent=True,
    )
    tell(done, NO_ZONE, [notice])
