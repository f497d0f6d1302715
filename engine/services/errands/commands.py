"""What people do to errands beside their user tasks: order one, give it back, cancel it, report a problem, dispute.

CONTRACT. Everything else (describe, set the fee, confirm the quote, pick up, hand over …) is a user task of the process
`errand`; `queries.open_tasks` names those of an order that the actor may do. Taking is `dispatch`'s `take_offer`.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from engine.commands.instances import start_instance
from engine.commands.messages import correlate_message
from engine.records.submissions import SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.step import Step
from engine.services.errands import states
from engine.services.errands.errors import MayNotOrder, RequestNotPossible
from engine.services.errands.exceptions import ABSENT, KINDS, POSSIBLE, last_exception
from engine.services.errands.tables import errand, errand_exception
from engine.services.orders.eligibility import is_suspended
from engine.services.policy import end_of
from engine.storage import vault
from engine.storage.actor import PLATFORM, Actor
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import instance

RELEASE, CANCEL, DISPUTE, EXCEPTION = "release", "cancel", "dispute", "exception"
MESSAGES = {
    RELEASE: "order.released",
    CANCEL: "cancel.request",
    DISPUTE: "dispute.opened",
    EXCEPTION: "exception.reported",
}
REQUESTER, COURIER = "requester", "courier"
POSSIBLE_REQUESTS: Mapping[str, Mapping[str, frozenset[str]]] = {
    RELEASE: {COURIER: states.BEFORE_PICKUP},
    CANCEL: {REQUESTER: frozenset({"offering", "taken", "at_pickup", "delivering"})},
    DISPUTE: dict.fromkeys((REQUESTER, COURIER), frozenset({"taken", "at_pickup", "delivering", "handed_over"})),
    EXCEPTION: {COURIER: frozenset({"taken", "at_pickup", "delivering"})},
}
"""Who may ask for what, in which states of the errand."""
ABSENT_PAUSE = "errand_absent_pause"  # policy: a second try at the recipient's comes no sooner after the first


def create_errand(engine: Engine, actor: Actor, token: str) -> str:
    """Starts an errand of the actor's party; gives its id. What to do is described in a user task of his.

    Raises MayNotOrder for staff of the platform, and for a party that is suspended.
    """
    if actor.party_id == PLATFORM:
        raise MayNotOrder("not_a_party")
    with engine.database.read() as connection:
        if is_suspended(connection, actor.party_id):
            raise MayNotOrder("suspended")
    digest = hashlib.sha256(f"{actor.user_id}:{actor.party_id}:{token}".encode()).hexdigest()
    number = f"ER-{digest[:10].upper()}"
    return start_instance(engine, actor, states.PROCESS, {"requester": actor.party_id}, token, number)


def release_errand(engine: Engine, actor: Actor, order_id: str, token: str, reason: str = "") -> None:
    """The courier gives the errand back before the pickup; it is offered again, to others.

    Raises RequestNotPossible, NotFound.
    """
    _request(engine, actor, order_id, token, RELEASE, reason)


def cancel_errand(engine: Engine, actor: Actor, order_id: str, token: str, reason: str = "") -> None:
    """The requester wants the errand to end: free before it is taken, afterwards by the table `errand_cancel`. Once the
    goods are on their way they are brought back. Raises RequestNotPossible, NotFound.
    """
    _request(engine, actor, order_id, token, CANCEL, reason)


def dispute_errand(
    engine: Engine, actor: Actor, order_id: str, token: str, reason: str, claim_fen: int | None = None
) -> None:
    """One side asks the platform to decide. `claim_fen`: how much it wants, all if it does not say.

    Raises RequestNotPossible, NotFound.
    """
    _request(engine, actor, order_id, token, DISPUTE, reason, claim_fen=claim_fen)


def report_exception(
    engine: Engine,
    actor: Actor,
    order_id: str,
    token: str,
    kind: str,
    note: str = "",
    place: PlainDict | None = None,
) -> None:
    """The courier cannot go on as agreed. `kind`: one of exceptions.KINDS; `place`: where he is, `{"lat", "lng"}`.

    Raises RequestNotPossible where the errand's state does not allow the kind, and `too_early` for a second report of
    an absent recipient less than ten minutes after the first; NotFound.
    """
    if kind not in KINDS:
        raise ValueError(f"Expected one of {sorted(KINDS)}, but got {kind!r}")
    _request(engine, actor, order_id, token, EXCEPTION, note, exception=kind, place=place)


def _request(
    engine: Engine,
    actor: Actor,
    order_id: str,
    token: str,
    kind: str,
    reason: str,
    claim_fen: int | None = None,
    exception: str = "",
    place: PlainDict | None = None,
) -> None:
    def authorise(connection: Connection) -> None:
        _check(connection, actor, order_id, kind, exception)

    def record(step: Step) -> Plain:
        reference = vault.put(step.connection, engine.keys, actor.party_id, reason) if reason else None
        if exception:
            _check_pause(engine, step, order_id, exception)
            _add_exception(step, actor, order_id, exception, reference, place)
        claim = {
            "claim_kind": kind,
            "claimant_id": actor.party_id,
            "claim_reason": reference,
            "claim_fen": claim_fen,
        }
        step.connection.execute(update(errand).where(errand.c.id == order_id).values(claim))
        return kind

    sent: PlainDict = {"reason": reason, "claim_fen": claim_fen, "exception": exception}
    key = SubmissionKey.of(f"{kind}:{order_id}", token, sent)
    correlate_message(engine, actor, MESSAGES[kind], order_id, {}, key=key, authorise=authorise, before=record)


def _check(connection: Connection, actor: Actor, order_id: str, kind: str, exception: str) -> None:
    row = connection.execute(states.SELECT_ERRAND, {"order_id": order_id}).mappings().one_or_none()
    side = side_of(row, actor) if row is not None else ""
    if row is None or not side:
        raise NotFound("errand", order_id)
    if kind not in list_requests(row, side) or (exception and row["state"] not in POSSIBLE[exception]):
        raise RequestNotPossible(exception or kind, row["state"])


def _check_pause(engine: Engine, step: Step, order_id: str, exception: str) -> None:
    last = last_exception(step.connection, order_id)
    if exception != ABSENT or last is None or last["kind"] != ABSENT:
        return
    pin_set_id = step.connection.execute(select(instance.c.pin_set_id).where(instance.c.id == order_id)).scalar_one()
    policy = engine.catalogue.policy(step.connection, engine.catalogue.pins(step.connection, pin_set_id))
    if step.now < end_of(str(policy[ABSENT_PAUSE]), last["reported_at"], engine.zone):
        raise RequestNotPossible(exception, "too_early")


def _add_exception(
    step: Step, actor: Actor, order_id: str, kind: str, note: PlainDict | None, place: PlainDict | None
) -> None:
    row, last = states.fetch_row(step.connection, order_id), last_exception(step.connection, order_id)
    values: dict[str, Any] = {
        "order_id": order_id,
        "number": last["number"] + 1 if last is not None else 1,
        "kind": kind,
        "state": row["state"],
        "reported_by": actor.party_id,
        "reported_at": step.now,
        "note": note,
        "place": place,
        "is_by_rule": False,
    }
    step.connection.execute(insert(errand_exception).values(values))


def list_requests(row: RowMapping, side: str) -> frozenset[str]:
    """What one side of an errand may ask for as it stands. Who has bought for the requester no longer gives it back."""
    found = {kind for kind, sides in POSSIBLE_REQUESTS.items() if row["state"] in sides.get(side, frozenset())}
    return frozenset(found - {RELEASE} if row["spent_fen"] else found)


def side_of(row: RowMapping, actor: Actor) -> str:
    """On which side of an errand the actor's party stands: requester, courier, or neither (empty)."""
    return {row["courier_id"]: COURIER, row["requester_id"]: REQUESTER}.get(actor.party_id, "")
