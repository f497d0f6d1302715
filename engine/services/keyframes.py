"""The job that writes the keyframes of long cases, outside the steps that ask for them."""

from typing import cast

from sqlalchemy import select

from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.queries.keyframes import Past
from engine.records.keyframes import KEYFRAME, add_keyframe
from engine.services.job_engine import engine_of
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import instance


@job_handler(KEYFRAME)
def work_out(run: JobRun) -> Plain:
    """What the case had come to; from the keyframe before, if it is there already."""
    engine, instance_id = engine_of(run), str(run.payload["instance"])
    with engine.database.read() as connection:
        process_key = connection.execute(
            select(instance.c.process_key).where(instance.c.id == instance_id)
        ).scalar_one()
        past = Past(engine, connection, instance_id, process_key)
        return past.freeze(cast(int, run.payload["seq"]), cast(list[str], run.payload["tasks"]))


@work_out.finish
def keep(done: JobDone, result: Plain) -> None:
    """Writes it down."""
    payload = done.payload
    add_keyframe(
        done.connection, done.keys, str(payload["instance"]), cast(int, payload["seq"]), cast(PlainDict, result)
    )
