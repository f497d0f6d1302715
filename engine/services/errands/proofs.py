"""What proves that a stage of an errand was reached: rows with files, a note, an amount, and where the courier was."""

from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select

from engine.definitions.registry import TopicCall
from engine.services.errands import states
from engine.services.errands.tables import errand_proof
from engine.storage.plain import Plain, PlainDict

ARRIVAL, PURCHASE, PICKUP, ANSWER, DELIVERY, RETURN = (
    *("arrival", "purchase", "pickup"),
    *("answer", "delivery", "return"),
)


def add_proof(
    call: TopicCall, order_id: str, stage: str, method: str, form: PlainDict, *files_keys: str, amount_fen: int = 0
) -> None:
    """Keeps what the courier sent as proof of a stage: the files under some keys of the form, its note and place."""
    files: list[Plain] = []
    for key in files_keys:
        given = form.get(key)
        files += given if isinstance(given, list) else []
    of_order = errand_proof.c.order_id == order_id
    place = form.get("place")
    values: dict[str, Any] = {
        "order_id": order_id,
        "number": call.connection.execute(select(func.count()).where(of_order)).scalar_one() + 1,
        "stage": stage,
        "method": method,
        "courier_id": states.fetch_row(call.connection, order_id)["courier_id"],
        "files": files,
        "note": form.get("note") or None,
        "amount_fen": amount_fen or None,
        "place": {name: place[name] for name in ("lat", "lng")} if isinstance(place, dict) else None,
        "at": call.now,
    }
    call.connection.execute(insert(errand_proof).values(values))


def last_proof(connection: Connection, order_id: str, stage: str) -> RowMapping | None:
    """The proof of a stage that was sent last; None if there is none."""
    this = (errand_proof.c.order_id == order_id, errand_proof.c.stage == stage)
    query = select(errand_proof).where(*this).order_by(errand_proof.c.number.desc()).limit(1)
    return connection.execute(query).mappings().one_or_none()


def is_bought(connection: Connection, row: RowMapping) -> bool:
    """Whether the goods of an errand were bought, by its present courier or by one he relieved."""
    if row["spent_fen"]:
        return True
    return bool(row["legs_fen"]) and last_proof(connection, row["id"], PURCHASE) is not None
