"""Questions to the company register: put in the step as a row, asked by a job, answered by a message."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from engine.definitions.registry import JobDone, JobRun, TopicCall, job_handler, topic
from engine.runtime.engine import Engine
from engine.services.job_engine import ask_again_later, engine_of
from engine.services.onboarding.company_ports import CompanyAnswer, CompanyRegister, CompanyStatement, CompanyVerdict
from engine.services.onboarding.company_simulator import CompanySimulator
from engine.services.onboarding.enterprise_tables import company_check, enterprise_certification
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.vault import open_reference

ASKED = "asked"
KIND = "company"
ASK, POLL = f"{KIND}.ask", f"{KIND}.poll"
MIN_PAUSE = timedelta(seconds=5)


def company_register_of(engine: Engine) -> CompanyRegister:
    """The register that is asked."""
    return CompanySimulator(engine.database, engine.settings.simulator_seed)


@topic("ask_company_register")
def ask_company_register(call: TopicCall, *, certification_id: str) -> PlainDict:
    """Asks the company register whether name, credit code and representative of an enterprise are as it says.

    Returns: check_id. Later a message company.checked with it arrives, its verdict match, differs, unknown or down.
    """
    check_id = new_id()
    row = {
        "id": check_id,
        "key": call.key,
        "certification_id": certification_id,
        "status": ASKED,
        "asked_at": call.now,
    }
    call.connection.execute(insert(company_check), row)
    call.enqueue(ASK, {"id": check_id}, key=f"{ASK}:{check_id}")
    return {"check_id": check_id}


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
        stated = connection.execute(
            select(enterprise_certification).where(enterprise_certification.c.id == row.certification_id)
        ).one()
        representative = open_reference(connection, engine.keys, stated.rep_name)
    if row.status != ASKED or representative is None:
        return None
    register = company_register_of(engine)
    answer = None if is_first else register.query_check(check_id)
    statement = CompanyStatement(stated.credit_code, stated.legal_name, representative)
    return (answer or register.start_check(check_id, statement)).as_plain()


def _record(done: JobDone, result: Plain) -> None:
    if not isinstance(result, dict):
        return
    answer, check_id = CompanyAnswer.of(result), str(done.payload["id"])
    if answer.verdict is CompanyVerdict.PENDING:
        ask_again_later(done, KIND, check_id, _fetch(done.connection, check_id).asked_at, soonest=MIN_PAUSE)
        return
    answered = (
        update(company_check)
        .where(company_check.c.id == check_id, company_check.c.status == ASKED)
        .values(
            status=answer.verdict,
            differences=[*answer.differences],
            register=answer.register,
            register_ref=answer.register_ref,
            answered_at=done.now,
        )
    )
    if done.connection.execute(answered).rowcount:
        done.publish("company.checked", check_id, {"verdict": str(answer.verdict)})


def _fetch(connection: Connection, check_id: str) -> Row[Any]:
    return connection.execute(select(company_check).where(company_check.c.id == check_id)).one()
