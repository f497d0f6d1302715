"""What a suspension means for work tasks: open sign-ups of the worker lapse; what he was awarded goes on."""

from sqlalchemy import exists, select, update

from engine.definitions.registry import JobDone, JobRun, job_handler
from engine.services.identity.staff import SUSPENDED
from engine.services.work_tasks.tables import application
from engine.storage.plain import Plain
from engine.storage.tables import party


@job_handler(SUSPENDED)
def lapse_sign_ups(run: JobRun) -> Plain:
    """Nothing is asked of the world."""
    return None


@lapse_sign_ups.finish
def finish_sign_ups(done: JobDone, result: Plain) -> None:
    """Withdraws the sign-ups that wait for an award, unless he was reinstated meanwhile."""
    worker_id = str(done.payload["party"])
    is_suspended = exists(select(1).where(party.c.id == worker_id, party.c.is_suspended == 1))
    open_ones = (application.c.worker_id == worker_id, application.c.state.in_(("applied", "waiting")))
    lapsed = update(application).where(*open_ones, is_suspended).values(state="withdrawn", waiting_rank=None)
    done.connection.execute(lapsed)
