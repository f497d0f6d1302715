"""What parties do to cases beside their tasks: open one after the end of an order, add evidence, take a claim back."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, select

from engine.commands.messages import correlate_message
from engine.definitions.catalogue import Pins
from engine.records.history import append_system, event
from engine.records.messages import add_message
from engine.records.submissions import SubmissionKey, find_answer, record_submission
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound, SubmissionConflict
from engine.runtime.step import Command, Step, run_step
from engine.services.cases import states
from engine.services.cases.entries import EVIDENCE, OPENED, add_entry
from engine.services.cases.errors import CaseClosed, CaseNotPossible
from engine.services.cases.opening import insert_case
from engine.services.cases.subjects import Subject, find_subject
from engine.services.cases.tables import service_case
from engine.services.policy import end_of
from engine.storage import vault
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.files import adopt_files
from engine.storage.plain import Plain, PlainDict

MESSAGE, WITHDRAW, WINDOW = "case.opened", "withdraw", "case_window"
STREAM = "system:cases"
QUESTION = "question"
KINDS = (QUESTION, "complaint", "dispute", "safety")
SHOWS_EVIDENCE = states.UNDECIDED | {"appealed"}
# Nothing that has left an escrow is charged again.
NO_FEE: PlainDict = {"rate_bps": 0, "min_fen": 0, "max_fen": None, "vat_bps": 0}


def check_openable(engine: Engine, connection: Connection, actor: Actor, category: str, subject_id: str) -> Subject:
    """The subject, if the actor's party may open a case about it now. Raises NotFound, CaseNotPossible."""
    subject = find_subject(connection, category, subject_id)
    if subject is None or actor.party_id not in (subject.payer, subject.payee):
        raise NotFound("order", subject_id)
    if subject.ended_at is None:
        raise CaseNotPossible("running")
    if engine.clock() > _window_end(engine, connection, subject.ended_at):
        raise CaseNotPossible("too_late")
    mine = (service_case.c.subject_id == subject_id, service_case.c.state != "closed")
    if connection.execute(select(service_case.c.ref).where(*mine)).first() is not None:
        raise CaseNotPossible("open_already")
    return subject


def find_openable(engine: Engine, actor: Actor, category: str, subject_id: str) -> Subject:
    """As `check_openable`, for a page."""
    with engine.database.read() as connection:
        return check_openable(engine, connection, actor, category, subject_id)


def _window_end(engine: Engine, connection: Connection, ended_at: datetime) -> datetime:
    newest = Pins("", engine.catalogue.newest(connection))
    return end_of(str(engine.catalogue.policy(connection, newest)[WINDOW]), ended_at, engine.zone)


def open_case(
    engine: Engine,
    actor: Actor,
    category: str,
    subject_id: str,
    token: str,
    kind: str,
    text: str,
    claim_fen: int = 0,
    files: tuple[PlainDict, ...] = (),
) -> str:
    """Opens a case about an order or engagement that has ended, within the time for it; gives its reference.

    `claim_fen`: how much money the party wants. Raises NotFound, CaseNotPossible, SubmissionConflict.
    """
    if kind not in KINDS or claim_fen < 0:
        raise ValueError(f"Expected one of {KINDS} and an amount, but got {kind!r}, {claim_fen}")
    sent: PlainDict = {"kind": kind, "text": text, "claim_fen": claim_fen, "files": [one["sha256"] for one in files]}
    key = SubmissionKey.of(f"open_case:{subject_id}", token, sent)

    def work(unit: UnitOfWork) -> str:
        if answer := find_answer(unit.connection, key, actor):
            if not answer.is_same:
                raise SubmissionConflict(key.scope)
            return str(answer.result)
        subject = check_openable(engine, unit.connection, actor, category, subject_id)
        wanted_fen = 0 if kind == QUESTION else min(claim_fen, subject.amount_fen)
        case_ref = begin_case(unit, actor, category, subject, kind, wanted_fen)
        said = vault.put(unit.connection, engine.keys, actor.party_id, text)
        add_entry(unit.connection, unit.now, case_ref, OPENED, party_id=actor.party_id, text=said, files=[*files])
        submitted = record_submission(
            *(unit.connection, engine.keys, key, actor, unit.now),
            instance_id=None,
            element=None,
            form_id=None,
            content={"kind": kind, "text": said, "claim_fen": wanted_fen},
            result=case_ref,
        )
        append_system(unit, engine.keys, STREAM, actor, "submitted", submitted)  # there is no history of the case yet
        return case_ref

    return engine.database.transact(work)


def begin_case(unit: UnitOfWork, actor: Actor, category: str, subject: Subject, kind: str, wanted_fen: int) -> str:
    """The row of a case of the actor's party, and the message its process begins by; gives its reference."""
    count = select(func.count()).where(service_case.c.subject_id == subject.id)
    case_ref = f"{subject.id}-{int(unit.connection.execute(count).scalar_one()) + 1}"
    other = subject.payee if actor.party_id == subject.payer else subject.payer
    sides = {"party_a": actor.party_id, "party_b": other, "payer": subject.payer, "payee": subject.payee}
    # who claims as the payee wants all of it for himself, who claims as the payer wants none of it for the other
    values = {"kind": kind, "claim_fen": wanted_fen if actor.party_id == subject.payee else 0}
    amounts = {"disputed_fen": wanted_fen, "opened_at": unit.now}
    number = insert_case(unit.connection, case_ref, subject.id, category, {**sides, **values, **amounts})
    payload: PlainDict = {"case_ref": case_ref, "subject_id": subject.id, "category": category, **sides}
    payload |= {"disputed_fen": wanted_fen, "escrow_ref": subject.id, "fee": NO_FEE}
    add_message(unit.connection, unit.now, MESSAGE, number, payload)
    return case_ref


def add_evidence(
    engine: Engine, actor: Actor, case_ref: str, token: str, text: str, files: tuple[PlainDict, ...] = ()
) -> None:
    """A party shows something more, as long as nothing is decided. Raises NotFound, CaseClosed, SubmissionConflict."""
    with engine.database.read() as connection:
        instance_id = str(fetch_own(connection, actor, case_ref)["instance_id"])

    def authorise(connection: Connection) -> None:
        state = fetch_own(connection, actor, case_ref)["state"]
        if state not in SHOWS_EVIDENCE:
            raise CaseClosed(EVIDENCE, state)

    def act(step: Step) -> Plain:
        said = vault.put(step.connection, engine.keys, actor.party_id, text)
        ids = [str(one["file"]) for one in files]
        adopt_files(step.connection, engine.keys, ids, actor.party_id, step.instance_id)
        values = {"party_id": actor.party_id, "text": said, "files": [*files]}
        number = add_entry(step.connection, step.now, case_ref, EVIDENCE, **values)
        step.note(event("case_evidence", case_ref=case_ref, number=number, text=said, files=[*files]))
        return number

    sent: PlainDict = {"text": text, "files": [one["sha256"] for one in files]}
    key = SubmissionKey.of(f"evidence:{case_ref}", token, sent)
    run_step(engine, instance_id, Command(EVIDENCE, actor, act, authorise, key))


def withdraw_case(engine: Engine, actor: Actor, case_ref: str, token: str) -> None:
    """Who claims takes the claim back before anything is decided: no money moves. Raises NotFound, CaseClosed."""

    def authorise(connection: Connection) -> None:
        case = fetch_own(connection, actor, case_ref)
        if case["party_a"] != actor.party_id:
            raise NotFound("case", case_ref)
        if case["state"] not in states.UNDECIDED or case["round"]:
            raise CaseClosed(WITHDRAW, case["state"])

    key = SubmissionKey.of(f"{WITHDRAW}:{case_ref}", token, {})
    correlate_message(engine, actor, WITHDRAW, case_ref, {}, key=key, authorise=authorise, before=lambda _: case_ref)


def fetch_own(connection: Connection, actor: Actor, case_ref: str) -> RowMapping:
    """The row of a case, for its two parties. Raises NotFound."""
    query = select(service_case).where(service_case.c.ref == case_ref)
    row = connection.execute(query).mappings().one_or_none()
    if row is None or actor.party_id not in (row["party_a"], row["party_b"]):
        raise NotFound("case", case_ref)
    return row
