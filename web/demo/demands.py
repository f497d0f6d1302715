"""What people ask for in the demo, as the fields of the form `describe_demand`."""

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

SERVICE_TIME = timedelta(hours=4)
Fields = Mapping[str, str | list[str]]


def read_demands(now: datetime) -> dict[str, Fields]:
    """Every demand of demands.toml; `now` is the local time from which its days count."""
    texts = tomllib.loads(Path(__file__).with_name("demands.toml").read_text(encoding="utf-8"))
    return {name: _as_fields(demand, now) for name, demand in texts.items()}


def type_time(at: datetime) -> str:
    """A local time as a browser sends it."""
    return at.strftime("%Y-%m-%dT%H:%M")


def _as_fields(demand: dict[str, str | int], now: datetime) -> Fields:
    begin = now + timedelta(days=int(demand["days"]))
    return {
        "taker_kinds": "any",
        **{name: str(value) for name, value in demand.items() if name not in ("reward", "days")},
        "service_from": type_time(begin),
        "service_to": type_time(begin + SERVICE_TIME),
        "reward_fen": str(demand["reward"]),
        "funds_method": "online",
    }
