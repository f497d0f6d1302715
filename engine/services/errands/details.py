"""What an errand is about: its form read into the columns of its row. What belongs to one category is in `details`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.definitions.registry import TopicCall
from engine.services.errands.notes import ANSWER, BUY, later
from engine.services.errands.pricing import is_at_night
from engine.storage.clock import parse_instant
from engine.storage.plain import Plain

FORM = "describe_errand"
DETAILS: Mapping[str, tuple[str, ...]] = {
    "fetch_parcel": ("station", "parcel_count"),
    "buy": ("goods_list", "shop_choice", "shop"),
    "deliver": ("size",),
    "print": ("copies", "colour", "duplex", "shop"),
    "answer": ("question", "answer_by"),
    "other": (),
}
_FILES = {"print": "print_files", "answer": "question_files"}
_REFERENCES = {
    "pickup": ("pickup", "pickup_shop", "pickup_other"),
    "dropoff": ("dropoff", "dropoff_other"),
    **{name: (name,) for name in ("recipient_name", "recipient_phone", "station_code")},
}
"""Columns that hold vault references, and the fields of the form one of which fills them."""


def read_form(call: TopicCall) -> dict[str, Any]:
    """The columns of an errand as its requester described it; a time that has passed counts as now."""
    form = call.values_of(FORM)
    category, scheduled_at = str(form["category"]), _read_time(call, form.get("scheduled_at"))
    files_key = _FILES.get(category, "")
    return {
        "category": category,
        "order_class": str(form["order_class"]),
        "description": str(form["description"]),
        "images": form.get("images") or [],
        "weight_kg": form.get("weight_kg") or 0,
        "scheduled_at": scheduled_at,
        "is_night": is_at_night(scheduled_at or call.now, call.calendar.zone),
        "range_m": form.get("range_m") or call.policy["errand_range_m"],
        **{name: next((form[key] for key in keys if form.get(key)), None) for name, keys in _REFERENCES.items()},
        "details": {name: form[name] for name in DETAILS[category] if form.get(name) not in (None, "")},
        "files": form.get(files_key) or [],
        "declared_fen": form.get("declared_fen") or 0,
        "may_leave": bool(form.get("may_leave")),
        "needs_pickup_code": bool(form.get("needs_pickup_code")),
        "needs_delivery_code": bool(form.get("needs_delivery_code")) and category != ANSWER,
        "is_insured": bool(form.get("is_insured")),
        "tip_fen": 0,
        "goods_cap_fen": (form.get("goods_cap_fen") or 0) if category == BUY else 0,
    }


def _read_time(call: TopicCall, value: Plain) -> datetime | None:
    """A scheduled pickup lies between half an hour and a week from now."""
    if not value:
        return None
    at = parse_instant(str(value))
    return min(max(at, later(call, "errand_schedule_least")), later(call, "errand_schedule_most"))


def has_way(row: Mapping[Any, Any]) -> bool:
    """Whether an errand leads from one place to another."""
    return bool(row["pickup"] and row["dropoff"])
