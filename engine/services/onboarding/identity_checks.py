"""Questions to the identity register: put in the step as a row, asked by a job, answered by a message."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row, func, insert, select, update

from engine.definitions.forms.texts import compact_number
from engine.definitions.registry import JobDone, JobRun, TopicCall, job_handler, topic
from engine.runtime.engine import Engine
from engine.services.job_engine import ask_again_later, engine_of
from engine.services.onboarding.identity_port import IdentityRegister, RegisterAnswer, Verdict
from engine.services.onboarding.identity_simulator import EmbeddedRegister
from engine.services.onboarding.person_tables import identity_check, person_certification
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.vault import open_reference

ASKED = "asked"
KIND = "identity"
ASK, POLL = f"{KIND}.ask", f"{KIND}.poll"


def register_of(engine: Engine) -> IdentityRegister:
    """The register that is asked."""
    return EmbeddedRegister(engine.database, engine.settings.simulator_seed)


@topic("verify_identity")
def verify_identity(call: TopicCall, *, certification_id: str) -> PlainDict:
    """Asks the identity register whether the person has the name and the number he gave.

    Returns: check_id. Later a message identity.checked with it arrives, its verdict match, mismatch or unclear.
    """
    check_id = new_id()
    found = select(person_certification.c.party_id).where(person_certification.c.id == certification_id)
    row = {
        "id": check_id,
        "key": call.key,
        "certification_id": certification_id,
        "party_id": call.connection.execute(found).scalar_one(),
        "status": ASKED,
        "asked_at": call.now,
    }
    call.connection.execute(insert(identity_check), row)
    call.enqueue(ASK, {"id": check_id}, key=f"{ASK}:{check_id}")
    return {"check_id": check_id}


def find_next_try(connection: Connection, party_id: str, most: int, now: datetime, zone: ZoneInfo) -> datetime:
    """From when the register may be asked about a party again: now, or the next day if it was asked often today."""
    today = datetime.combine(now.astimezone(zone).date(), time(), zone)
    asked = select(func.count()).where(identity_check.c.party_id == party_id, identity_check.c.asked_at >= today)
    if connection.execute(asked).scalar_one() < most:
        return now
    return (today + timedelta(days=1)).astimezone(now.tzinfo)


@job_handler(ASK)
def ask_register(run: JobRun) -> Plain:
    """Puts the question. After a lost answer it is queried by its key first: never a second question."""
    return _ask(run, is_first=run.attempt == 1)


@ask_register.finish
def finish_question(done: JobDone, result: Plain) -> None:
    """Writes down what the register said."""
    _record(done, result)


@job_handler(POLL)
def poll_register(run: JobRun) -> Plain:
    """Asks how a pending question stands."""
    return _ask(run, is_first=False)


@poll_register.finish
def finish_poll(done: JobDone, result: Plain) -> None:
    """Writes down what the register said."""
    _record(done, result)


def _ask(run: JobRun, is_first: bool) -> Plain:
    engine, check_id = engine_of(run), str(run.payload["id"])
    with engine.database.read() as connection:
        row = _fetch(connection, check_id)
        person = connection.execute(
            select(person_certification).where(person_certification.c.id == row.certification_id)
        ).one()
        name, number = (open_reference(connection, engine.keys, part) for part in (person.name, person.id_no))
    if row.status != ASKED or name is None or number is None:
        return None
    register = register_of(engine)
    answer = None if is_first else register.query_check(check_id)
    return (answer or register.start_check(check_id, name, compact_number(number))).as_plain()


def _record(done: JobDone, result: Plain) -> None:
    if not isinstance(result, dict):
        return
    answer, check_id = _read_answer(result), str(done.payload["id"])
    if answer.verdict is Verdict.PENDING:
        ask_again_later(done, KIND, check_id, _fetch(done.connection, check_id).asked_at)
        return
    answered = (
        update(identity_check)
        .where(identity_check.c.id == check_id, identity_check.c.status == ASKED)
        .values(
            status=answer.verdict,
            register=answer.register,
            register_ref=answer.register_ref,
            answered_at=done.now,
        )
    )
    if done.connection.execute(answered).rowcount:
        done.publish("identity.checked", check_id, {"verdict": str(answer.verdict)})


def _read_answer(plain: PlainDict) -> RegisterAnswer:
    return RegisterAnswer(Verdict(str(plain["verdict"])), str(plain["register"]), str(plain["register_ref"]))


def _fetch(connection: Connection, check_id: str) -> Row[Any]:
    return connection.execute(select(identity_check).where(identity_check.c.id == check_id)).one()
