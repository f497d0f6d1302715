"""Topics of the confirmation of one line by its person, from the invitation to the request that it be paid."""

from typing import Any

import orjson
from sqlalchemy import RowMapping, insert, select, update

from engine.definitions.registry import TopicCall, topic
from engine.services.agreements.signatures import is_bound
from engine.services.express import states
from engine.services.express.tables import express_invitation, express_line
from engine.services.express.telling import tell_worker
from engine.services.onboarding.activation import when_activated
from engine.services.onboarding.person_tables import person_certification
from engine.services.onboarding.persons import UNDER_WAY, find_certification, is_person_announced
from engine.services.one_time_codes.codes import spend_code
from engine.services.payments.methods import current_method
from engine.storage import vault
from engine.storage.clock import format_instant
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from engine.storage.tables import party

ACTIVATED = "party.activated"
COMMITMENT = "commitment"


@topic("open_express_line")
def open_express_line(call: TopicCall, *, line_id: str) -> PlainDict:
    """Finds out whom a line is meant for: who was certified with its number. He is told; anybody else is invited.

    Returns: task_id, enterprise, worker (empty while nobody is known), is_known, line_number, pay_fen, fee, fee_bearer,
    confirm_by, needs_code (for its pay a one-time code is asked), certified_name (whose signature it must be),
    agreement_kinds, is_signed, is_confirmed.
    """
    row = states.fetch_line(call.connection, line_id)
    task = states.fetch_task(call.connection, row["task_id"])
    holder = select(person_certification.c.party_id, person_certification.c.name).where(
        person_certification.c.claimed_index == row["id_index"]
    )
    known = call.connection.execute(holder).one_or_none()
    mine = update(express_line).where(express_line.c.id == line_id)
    call.connection.execute(mine.values(case_id=call.instance_id))
    call.add_party(task["enterprise_id"], "enterprise")
    call.describe(task["title"], task["title"], row["pay_fen"], f"{task['number']}/{row['number']}")
    if known is not None:
        bind_worker(call, row, known.party_id)
        tell_worker(call, {**row, "worker_id": known.party_id}, "express_confirm")
    otp_fen = call.policy["otp_amount_fen"]
    assert isinstance(otp_fen, int)
    return {
        "task_id": task["id"],
        "enterprise": task["enterprise_id"],
        "worker": known.party_id if known else "",
        "is_known": known is not None,
        **{name: task[name] for name in ("fee", "fee_bearer")},
        "line_number": row["number"],
        "pay_fen": row["pay_fen"],
        "confirm_by": format_instant(task["confirm_by"]),
        "needs_code": row["pay_fen"] >= otp_fen,
        "certified_name": (known.name if known else None) or _keep_name(call, row),
        "agreement_kinds": [COMMITMENT],
        "is_signed": False,
        "is_confirmed": False,
    }


def _keep_name(call: TopicCall, row: RowMapping) -> Plain:
    """The name on the list, as a vault reference under the line."""
    text = vault.open_reference(call.connection, call.keys, row["person"])
    return None if text is None else vault.put(call.connection, call.keys, row["id"], orjson.loads(text)["name"])


def bind_worker(call: TopicCall, row: RowMapping, worker: str) -> None:
    """From now on the line is this person's to confirm, and its case his as well."""
    call.connection.execute(update(express_line).where(express_line.c.id == row["id"]).values(worker_id=worker))
    call.add_party(worker, "worker")


@topic("admit_express_worker")
def admit_express_worker(call: TopicCall, *, line_id: str, worker: str) -> PlainDict:
    """Who came by the link, or was certified with the number of the line, is the one to confirm it.

    Returns: worker.
    """
    bind_worker(call, states.fetch_line(call.connection, line_id), worker)
    return {"worker": worker}


@topic("invite_express_worker")
def invite_express_worker(call: TopicCall, *, line_id: str) -> PlainDict:
    """Sends the link of a line to the phone on the list.

    Returns: nothing.
    """
    row = states.fetch_line(call.connection, line_id)
    sent = {"id": new_id(), "line_id": line_id, "version": row["version"], "sent_at": call.now}
    call.connection.execute(insert(express_invitation), sent)
    call.note("express_invited", line_id=line_id, version=row["version"])
    return {}


@topic("remind_express_worker")
def remind_express_worker(call: TopicCall, *, line_id: str) -> PlainDict:
    """Reminds the person of a line, or sends the link again while nobody is known. Not while the enterprise looks at a
    line that was found wrong.

    Returns: nothing.
    """
    row = states.fetch_line(call.connection, line_id)
    if row["state"] == "problem":
        return {}
    if row["worker_id"] is None:
        return invite_express_worker(call, line_id=line_id)
    tell_worker(call, row, "express_reminder")
    return {}


@when_activated
def resume_lines(call: TopicCall, party_id: str, id_index: str) -> None:
    """Lines that waited for the person with this number go on (XT-08)."""
    waiting = select(express_line.c.id).where(
        express_line.c.id_index == id_index,
        express_line.c.worker_id.is_(None),
        express_line.c.state == "awaiting_confirmation",
    )
    for line_id in call.connection.execute(waiting.order_by(express_line.c.listed_at, express_line.c.id)).scalars():
        call.publish(ACTIVATED, line_id, {"individual_id": party_id})


@topic("record_commitment")
def record_commitment(call: TopicCall, *, code: dict[str, Any], element: str) -> PlainDict:
    """The letter was signed with a one-time code, which serves for nothing else.

    Returns: is_signed.
    """
    spend_code(call.connection, str(code["code"]), call.instance_id, element)
    return {"is_signed": True}


@topic("recheck_express_line")
def recheck_express_line(call: TopicCall, *, line_id: str, worker: str) -> PlainDict:
    """What the person lacks to be paid (XT-04): a certification with the number of the line, the agreement, an account.
    Whoever is not certified yet is asked for nothing else, because becoming so includes it.

    Returns: is_other_person (certified, but with another number), lacks_identity, lacks_agreement, lacks_payout,
    is_onboarding (his certification is under way already), is_ready.
    """
    row = states.fetch_line(call.connection, line_id)
    standing = call.connection.execute(select(party).where(party.c.id == worker)).one()
    latest = find_certification(call.connection, worker)
    claimed = latest.claimed_index if latest is not None else None
    lacks_identity = not standing.is_certified or claimed is None
    lacks_agreement = not lacks_identity and not is_bound(call.connection, standing)
    lacks_payout = not lacks_identity and current_method(call.connection, worker) is None
    is_open = latest is not None and latest.state in UNDER_WAY
    return {
        "is_other_person": claimed is not None and claimed != row["id_index"],
        "lacks_identity": lacks_identity,
        "lacks_agreement": lacks_agreement,
        "lacks_payout": lacks_payout,
        "is_onboarding": lacks_identity and (is_open or is_person_announced(call.connection, worker, call.now)),
        "is_ready": not (lacks_identity or lacks_agreement or lacks_payout),
    }


@topic("request_settlement")
def request_settlement(call: TopicCall, *, line_id: str, code: dict[str, Any] | None = None) -> PlainDict:
    """The person wants to be paid: from now on the line can be paid, and nothing else. A code he proved himself with
    is spent.

    Returns: line_state.
    """
    if code:
        spend_code(call.connection, str(code["code"]), call.instance_id, call.element)
    states.move_line(call.connection, line_id, "requested", call.now)
    call.note("express_line_state", line_id=line_id, state="requested")
    return {"line_state": "requested"}
