"""Rows of hire orders for tests that need no process."""

from datetime import datetime, timedelta

from engine.services.orders.search import search_text_of
from engine.storage.ids import new_id


def order_row(now: datetime, **changed: object) -> dict[str, object]:
    """A listed order; `changed` overrides columns."""
    order_id = new_id()
    row: dict[str, object] = {
        "id": order_id,
        "number": f"HO-{order_id[-10:]}",
        "state": "open",
        "publisher_id": "publisher",
        "created_at": now,
        "category": "installation",
        "title": "会议室投影调试",
        "content": "两间会议室各有一台新投影。",
        "environment": "",
        "safety_notes": "",
        "result_spec": "照片",
        "qualification_reqs": "",
        "place_mode": "on_site",
        "district": "杭州 西湖区",
        "service_from": now,
        "service_to": now + timedelta(days=2),
        "taker_kinds": "any",
        "attachments": [],
        "reward_fen": 10_000,
        "fee_fen": 1_000,
        "vat_fen": 57,
        "net_fen": 9_000,
        "listed_at": now,
        "expires_at": now + timedelta(days=7),
        "lock_limit": 5,
        "lock_version": 0,
        "release_count": 0,
        "rework_count": 0,
        "case_count": 0,
    }
    row |= changed
    row["search_text"] = search_text_of(row)
    return row
