"""What platform reviews see of a hire order: its demand before the listing, its handover before the pay."""

from collections.abc import Mapping

from sqlalchemy import select, update

from engine.definitions.registry import TopicCall
from engine.services.orders.search import search_text_of
from engine.services.orders.states import SELECT_ORDER
from engine.services.orders.tables import hire_order
from engine.services.orders.views import (
    demand_facts,
    fetch_handover,
    handover_facts,
    milestone_facts,
    open_text,
)
from engine.services.reviews.subjects import Source, Subject, subject_corrector, subject_provider
from engine.storage.plain import Plain, PlainDict

_PUBLISHED = ("title", "content", "environment", "safety_notes", "result_spec", "qualification_reqs", "district")
_NEEDED = ("title", "content", "result_spec")


@subject_provider("content")
def read_demand(source: Source, subject_id: str) -> Subject | None:
    """The demand of an order; None for an id that is no order's."""
    row = source.connection.execute(SELECT_ORDER, {"order_id": subject_id}).mappings().one_or_none()
    if row is None:
        return None
    return Subject(
        facts=tuple(demand_facts(source.connection, row)),
        texts=tuple(row[name] for name in _PUBLISHED if row[name]),
        files=_hashes(row["attachments"]),
        missing=tuple(name for name in _NEEDED if not row[name]),
    )


@subject_provider("result")
def read_result(source: Source, subject_id: str) -> Subject | None:
    """The last handover of an order beside its demand; None for an id that is no order's."""
    row = source.connection.execute(SELECT_ORDER, {"order_id": subject_id}).mappings().one_or_none()
    handover = fetch_handover(source.connection, subject_id)
    if row is None or handover is None:
        return None
    summary = open_text(source, handover["summary"])
    return Subject(
        facts=(
            *milestone_facts(source.connection, subject_id),
            *handover_facts(source, handover),
            *demand_facts(source.connection, row),
        ),
        texts=(summary,) if summary else (),
        files=_hashes(handover["files"]),
        missing=() if handover["files"] else ("files",),
    )


@subject_corrector("content")
def correct_demand(call: TopicCall, subject_id: str, values: PlainDict) -> bool:
    """The publisher mended his demand; only while it is being reviewed. The case is called by its new title."""
    row = call.connection.execute(SELECT_ORDER, {"order_id": subject_id}).mappings().one_or_none()
    if row is None or row["state"] != "in_review":
        return False
    changed: dict[str, object] = {name: values[name] for name in _PUBLISHED if values.get(name)}
    if values.get("files"):
        changed["attachments"] = values["files"]
    changed["search_text"] = search_text_of({**row, **changed})
    call.connection.execute(update(hire_order).where(hire_order.c.id == subject_id).values(changed))
    title = call.connection.execute(select(hire_order.c.title).where(hire_order.c.id == subject_id)).scalar_one()
    call.describe(title, title, row["reward_fen"])
    return True


def _hashes(files: Plain) -> tuple[str, ...]:
    given = files if isinstance(files, list) else []
    return tuple(str(one["sha256"]) for one in given if isinstance(one, Mapping))
