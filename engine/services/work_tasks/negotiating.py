"""The negotiation of a price (B.6.4): offers are rows with versions, and whoever answers or replaces one names it."""

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from engine.commands.messages import correlate_message
from engine.definitions.registry import TopicCall, ViewCall, topic, view
from engine.records.submissions import SubmissionKey
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.runtime.step import Step
from engine.services.work_tasks import states
from engine.services.work_tasks.candidates import is_in_range
from engine.services.work_tasks.errors import MayNotApply, VersionConflict
from engine.services.work_tasks.facts import fact, public_facts
from engine.services.work_tasks.notes import later, whole
from engine.services.work_tasks.tables import application, offer
from engine.services.work_tasks.texts import open_text
from engine.storage.actor import Actor
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

WORKER, ENTERPRISE = "worker", "enterprise"
REVISED = "offer.revised"


@topic("open_negotiation")
def open_negotiation(call: TopicCall, *, application_id: str) -> PlainDict:
    """Begins the negotiation about one application. An offer that came with it is the first.

    Returns: task_id, worker, enterprise, has_offer, is_in_range, offer_version, offer_until.
    """
    row = _fetch(call.connection, application_id)
    task = states.fetch_task_row(call.connection, row["task_id"])
    call.describe(task["title"], task["title"], row["offer_fen"], f"{task['number']}/{row['sequence']}")
    call.add_party(row["worker_id"], WORKER)
    call.add_party(task["enterprise_id"], ENTERPRISE)
    facts: PlainDict = {"task_id": task["id"], "worker": row["worker_id"], "enterprise": task["enterprise_id"]}
    if not row["offer_fen"]:
        return {**facts, "has_offer": False, "is_in_range": True, "offer_version": 0, "offer_until": _until(call)}
    return {**facts, "has_offer": True, **_add(call, row, WORKER, row["offer_fen"], 0, None)}


@topic("record_offer", reads=["make_offer", "answer_offer"])
def record_offer(call: TopicCall, *, application_id: str, side: str) -> PlainDict:
    """Keeps an offer of the worker (form of make_offer) or a counter-offer of the enterprise (form of answer_offer) as
    the next version.

    Returns: is_in_range (of what was published), offer_version, offer_until, rounds_left.
    """
    form = call.values_of("make_offer" if side == WORKER else "answer_offer")
    row = _fetch(call.connection, application_id)
    amount_fen = whole(form, "offer_fen" if side == WORKER else "counter_fen")
    made = _add(call, row, side, amount_fen, whole(form, "offer_days"), form.get("offer_message") or None)
    limit = call.policy["task_offer_rounds"]
    assert isinstance(limit, int)
    mine = select(func.count()).where(offer.c.application_id == application_id, offer.c.side == side)
    return {**made, "rounds_left": max(0, limit - call.connection.execute(mine).scalar_one())}


def _add(call: TopicCall, row: RowMapping, side: str, amount_fen: int, days: int, message: Plain) -> PlainDict:
    task = states.fetch_task_row(call.connection, row["task_id"])
    version, until = row["offer_version"] + 1, later(call, "task_offer_validity")
    is_allowed = is_in_range(task, amount_fen)
    _close(call.connection, row["id"], "countered")
    values = {
        "application_id": row["id"],
        "version": version,
        "side": side,
        "amount_fen": amount_fen,
        "days": days,
        "message": message,
        "state": "open" if is_allowed else "declined",
        "made_at": call.now,
        "valid_until": until,
    }
    call.connection.execute(insert(offer).values(values))
    _write(call.connection, row["id"], offer_version=version)
    call.note("offer", application_id=row["id"], version=version, side=side, amount_fen=amount_fen)
    return {"is_in_range": is_allowed, "offer_version": version, "offer_until": format_instant(until)}


def _until(call: TopicCall) -> str:
    return format_instant(later(call, "task_offer_validity"))


@topic("read_offer")
def read_offer(call: TopicCall, *, application_id: str) -> PlainDict:
    """The latest offer, after the worker replaced it.

    Returns: offer_version, offer_until.
    """
    row = _fetch_offer(call.connection, application_id)
    return {"offer_version": row["version"], "offer_until": format_instant(row["valid_until"])}


@topic("agree_offer")
def agree_offer(call: TopicCall, *, application_id: str, offer_version: int) -> PlainDict:
    """The price is agreed: the offer that was answered, if it is still the latest. The applicant can be awarded now.

    Returns: agreed_fen. An offer that is not the latest any more is an incident.
    """
    row = _fetch(call.connection, application_id)
    latest = _fetch_offer(call.connection, application_id)
    if latest["version"] != offer_version:
        raise VersionConflict(offer_version, latest["version"])
    _close(call.connection, application_id, "accepted")
    task = states.fetch_task_row(call.connection, row["task_id"])
    until = later(call, "task_award_limit", task["signup_deadline"])
    _write(call.connection, application_id, agreed_fen=latest["amount_fen"], agreed_until=until)
    call.note("offer_agreed", application_id=application_id, version=offer_version, amount_fen=latest["amount_fen"])
    return {"agreed_fen": latest["amount_fen"]}


@topic("end_negotiation")
def end_negotiation(call: TopicCall, *, application_id: str, state: str) -> PlainDict:
    """Ends a negotiation without a price; the open offer, if any, is declined or expired.

    Returns: nothing.
    """
    _close(call.connection, application_id, state)
    call.note("negotiation_ended", application_id=application_id, state=state)
    return {}


def revise_offer(engine: Engine, actor: Actor, task_id: str, token: str, offer_version: int, offer_fen: int) -> int:
    """The worker replaces his open offer, naming its version; gives the new one. Whoever answers the old one then is
    refused. Raises NotFound, VersionConflict, MayNotApply, NobodyWaits.
    """
    with engine.database.read() as connection:
        row = _fetch_own(connection, actor, task_id)

    def replace(step: Step) -> Plain:
        now_row = _fetch(step.connection, row["id"])
        if now_row["offer_version"] != offer_version:
            raise VersionConflict(offer_version, now_row["offer_version"])
        if not is_in_range(states.fetch_task_row(step.connection, task_id), offer_fen):
            raise MayNotApply("offer_out_of_range")
        last = _fetch_offer(step.connection, row["id"])
        _close(step.connection, row["id"], "replaced")
        values = dict(last) | {"version": offer_version + 1, "amount_fen": offer_fen, "state": "open"}
        step.connection.execute(insert(offer).values(values | {"made_at": step.now}))
        _write(step.connection, row["id"], offer_version=offer_version + 1)
        return offer_version + 1

    sent: PlainDict = {"version": offer_version, "amount_fen": offer_fen}
    key = SubmissionKey.of(f"offer:{row['id']}", token, sent)
    made = correlate_message(
        *(engine, actor, REVISED, str(row["id"]), {}),
        key=key,
        authorise=lambda connection: _require_own(connection, actor, task_id),
        before=replace,
    )
    assert isinstance(made, int)
    return made


def _require_own(connection: Connection, actor: Actor, task_id: str) -> None:
    _fetch_own(connection, actor, task_id)


def _fetch_own(connection: Connection, actor: Actor, task_id: str) -> RowMapping:
    mine = (application.c.task_id == task_id, application.c.worker_id == actor.party_id)
    row = connection.execute(select(application).where(*mine)).mappings().one_or_none()
    if row is None:
        raise NotFound("application", task_id)
    return row


def _fetch(connection: Connection, application_id: str) -> RowMapping:
    return connection.execute(select(application).where(application.c.id == application_id)).mappings().one()


def _fetch_offer(connection: Connection, application_id: str) -> RowMapping:
    query = select(offer).where(offer.c.application_id == application_id)
    return connection.execute(query.order_by(offer.c.version.desc()).limit(1)).mappings().one()


def _write(connection: Connection, application_id: str, **values: object) -> None:
    connection.execute(update(application).where(application.c.id == application_id).values(values))


def _close(connection: Connection, application_id: str, state: str) -> None:
    is_open = (offer.c.application_id == application_id, offer.c.state == "open")
    connection.execute(update(offer).where(*is_open).values(state=state))


@view("negotiation_facts", needs=["application_id"])
def negotiation_facts(call: ViewCall) -> Plain:
    """The sign-up, and every offer so far: whose, how much, in how many days, and until when the open one holds."""
    mine = _fetch(call.connection, str(call.data["application_id"]))
    rows = [
        fact("报名序号", "Number of the sign-up", "sequence", mine["sequence"]),
        fact("报名留言", "Message of the sign-up", "message", open_text(call, mine["message"])),
    ]
    query = select(offer).where(offer.c.application_id == mine["id"]).order_by(offer.c.version)
    for row in call.connection.execute(query).mappings():
        zh, en = {WORKER: ("报价", "Offer"), ENTERPRISE: ("还价", "Counter-offer")}[row["side"]]
        until = format_instant(row["valid_until"]) if row["state"] == "open" else None
        rows += [
            fact(f"{zh} {row['version']}", f"{en} {row['version']}", "amount_fen", row["amount_fen"]),
            fact("工期（天）", "Days", "days", row["days"] or None),
            fact("留言", "Message", "message", open_text(call, row["message"])),
            fact("有效至", "Holds until", "valid_at", until),
        ]
    return [line for line in rows if isinstance(line, dict) and line["value"]]


@view("negotiation_task", needs=["task_id"])
def negotiation_task(call: ViewCall) -> Plain:
    """The work task a price is negotiated for, as everybody may read it."""
    return public_facts(states.fetch_task_row(call.connection, str(call.data["task_id"])))
