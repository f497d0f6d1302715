"""What parties do to hire orders beside their tasks: publish, take, give back, ask to cancel, dispute.

Each is one step of the order's instance, with the order's row written in the same transaction (B.7).
"""

import hashlib

from sqlalchemy import Connection, RowMapping, update

from engine.commands.instances import start_instance
from engine.commands.messages import correlate_message
from engine.records.submissions import SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.errors import NobodyWaits, NotFound
from engine.runtime.step import Step
from engine.services.orders import states
from engine.services.orders.eligibility import check_takeable, is_suspended
from engine.services.orders.errors import AlreadyTaken, NotEligible, RequestNotPossible
from engine.services.orders.tables import hire_order
from engine.storage import vault
from engine.storage.actor import PLATFORM, Actor
from engine.storage.plain import Plain, PlainDict

PROCESS = "hire_order"
RELEASE, CANCEL, DISPUTE = "release", "cancel", "dispute"
_MESSAGES = {RELEASE: "order.released", CANCEL: "cancel.request", DISPUTE: "dispute.opened"}
# who may ask for what, in which states; a deliverable that was handed over is no longer cancelled but disputed
_POSSIBLE: dict[str, dict[str, frozenset[str]]] = {
    RELEASE: {"taker": frozenset({"locked", "started"})},
    CANCEL: {"publisher": frozenset({"open", "locked", "started"}), "taker": frozenset({"locked", "started"})},
    DISPUTE: dict.fromkeys(("publisher", "taker"), frozenset({"locked", "started", "handed_over", "auditing"})),
}


def create_order(engine: Engine, actor: Actor, token: str) -> str:
    """Starts a hire order of the actor's party; gives its id. The demand to fill in is a task of the publisher.

    Raises NotEligible for staff of the platform, who publish nothing, and for a party that is suspended.
    """
    if actor.party_id == PLATFORM:
        raise NotEligible("not_a_party")
    with engine.database.read() as connection:
        if is_suspended(connection, actor.party_id):
            raise NotEligible("publisher_suspended")
    return start_instance(engine, actor, PROCESS, {"publisher": actor.party_id}, token, _number(actor, token))


def _number(actor: Actor, token: str) -> str:
    """What people call the order; the same for a repeated request."""
    digest = hashlib.sha256(f"{actor.user_id}:{actor.party_id}:{token}".encode()).hexdigest()
    return f"HO-{digest[:10].upper()}"


def take_order(engine: Engine, actor: Actor, order_id: str, token: str) -> int:
    """Takes an order and locks it for the actor's party; gives the version of the lock.

    Of several who try at once exactly one wins. Raises AlreadyTaken, OrderNotOpen, NotEligible, NotFound.
    """
    lock_version: int = _fetch(engine, order_id)["lock_version"] + 1

    def authorise(connection: Connection) -> None:
        check_takeable(connection, actor, states.fetch_row(connection, order_id), engine.clock())

    def lock(step: Step) -> Plain:
        won = step.connection.execute(
            update(hire_order)
            .where(
                hire_order.c.id == order_id,
                hire_order.c.state == "open",
                hire_order.c.lock_version == lock_version - 1,
                hire_order.c.publisher_id != actor.party_id,
            )
            .values(state="locked", taker_id=actor.party_id, lock_version=lock_version, locked_at=step.now)
        )
        if won.rowcount != 1:
            raise AlreadyTaken(order_id)
        return lock_version

    payload: PlainDict = {"taker": actor.party_id, "lock_version": lock_version}
    key = SubmissionKey.of(f"take:{order_id}", token, {})
    try:
        result = correlate_message(
            engine, actor, "order.taken", order_id, payload, key=key, authorise=authorise, before=lock
        )
    except NobodyWaits:
        with engine.database.read() as connection:
            authorise(connection)  # it was taken between the look and the message: say so
        raise
    assert isinstance(result, int)
    return result


def release_order(engine: Engine, actor: Actor, order_id: str, token: str, reason: str = "") -> None:
    """The taker gives the order back; it is listed again, for others. Raises RequestNotPossible, NotFound."""
    _request(engine, actor, order_id, token, RELEASE, reason)


def request_cancellation(
    engine: Engine, actor: Actor, order_id: str, token: str, reason: str, progress_bps: int = 0
) -> None:
    """Publisher or taker wants the order to end. Before it is taken the publisher has it back in full; afterwards the
    terms follow from the table `cancel_hire`. `progress_bps`: how much of the work is done, as who asks sees it.

    Raises RequestNotPossible once the result was handed over, NotFound.
    """
    _request(engine, actor, order_id, token, CANCEL, reason, progress_bps)


def open_dispute(
    engine: Engine, actor: Actor, order_id: str, token: str, reason: str, claim_fen: int | None = None
) -> None:
    """Publisher or taker asks the platform to decide. `claim_fen`: how much of the money it wants, all if it does not
    say. Raises RequestNotPossible, NotFound.
    """
    _request(engine, actor, order_id, token, DISPUTE, reason, claim_fen=claim_fen)


def _request(
    engine: Engine,
    actor: Actor,
    order_id: str,
    token: str,
    kind: str,
    reason: str,
    progress_bps: int = 0,
    claim_fen: int | None = None,
) -> None:
    if not 0 <= progress_bps <= 10_000:
        raise ValueError(f"Expected a progress of 0 to 10000 bps, but got {progress_bps}")

    def authorise(connection: Connection) -> None:
        _check_request(connection, actor, order_id, kind)

    def record(step: Step) -> Plain:
        reference = vault.put(step.connection, engine.keys, actor.party_id, reason) if reason else None
        claim = {
            "claim_kind": kind,
            "claimant_id": actor.party_id,
            "claim_reason": reference,
            "claim_progress_bps": progress_bps,
            "claim_fen": claim_fen,
        }
        step.connection.execute(update(hire_order).where(hire_order.c.id == order_id).values(claim))
        return kind

    sent: PlainDict = {"reason": reason, "progress_bps": progress_bps, "claim_fen": claim_fen}
    key = SubmissionKey.of(f"{kind}:{order_id}", token, sent)
    correlate_message(engine, actor, _MESSAGES[kind], order_id, {}, key=key, authorise=authorise, before=record)


def _check_request(connection: Connection, actor: Actor, order_id: str, kind: str) -> None:
    order = connection.execute(states.SELECT_ORDER, {"order_id": order_id}).mappings().one_or_none()
    sides = {} if order is None else {order["publisher_id"]: "publisher", order["taker_id"]: "taker"}
    if order is None or actor.party_id not in sides:
        raise NotFound("order", order_id)
    if order["state"] not in _POSSIBLE[kind].get(sides[actor.party_id], frozenset()):
        raise RequestNotPossible(kind, order["state"])
    if order["claim_kind"] is not None:
        raise RequestNotPossible(kind, f"under a request to {order['claim_kind']}")


def _fetch(engine: Engine, order_id: str) -> RowMapping:
    with engine.database.read() as connection:
        row: RowMapping | None = (
            connection.execute(states.SELECT_ORDER, {"order_id": order_id}).mappings().one_or_none()
        )
    if row is None:
        raise NotFound("order", order_id)
    return row
