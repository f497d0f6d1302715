"""What people ask for in the demo, as the fields of the form `describe_demand`."""

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

SERVICE_TIME = timedelta(hours=4)
Fields = Mapping[str, str | list[str]]


def read_demands(now: datetime) -> dict[str, Fields]:
    """Every demand of demands.toml; `now` is the local time from which its days count."""
    texts = tomllib.loads(Path(__file__).with_name("demands.toml").read_text(encoding="utf-8"))
    return {name: _as_fields(demand, now) for name, demand in texts.items()}


def type_time(at: datetime) -> str:
    """A local time as a browser sends it."""
    return at.strftime("%Y-%m-%dT%H:%M")


def _as_fields(demand: dict[str, Any], now: datetime) -> Fields:
    begin = now + timedelta(days=int(demand["days"]))
    return {
        "taker_kinds": "any",
        **{name: str(value) for name, value in demand.items() if name not in ("reward", "days", "milestones")},
        **_list_milestones(demand.get("milestones", [])),
        "service_from": type_time(begin),
        "service_to": type_time(begin + SERVICE_TIME),
        "reward_fen": str(demand["reward"]),
        "funds_method": "online",
    }


def _list_milestones(milestones: list[tuple[str, int]]) -> Fields:
    """Titles and shares in per cent as the page sends them."""
    fields: dict[str, str | list[str]] = {"milestones": [str(number) for number in range(1, len(milestones) + 1)]}
    for number, (title, percent) in enumerate(milestones, 1):
        fields |= {f"milestones-{number}-title": title, f"milestones-{number}-share_bps": str(percent)}
    return fields if milestones else {}
