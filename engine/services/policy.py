"""The policy snapshot of an instance: times and limits, pinned at its start."""

from datetime import datetime
from zoneinfo import ZoneInfo

from engine.definitions.registry import TopicCall, topic
from engine.language.specs.durations import add_duration, parse_duration
from engine.storage.clock import format_instant
from engine.storage.plain import PlainDict


@topic("load_policy", is_pure=True)
def load_policy(call: TopicCall, *, keys: list[str]) -> PlainDict:
    """Copies the named values of the pinned policy into the process data.

    Returns: cfg (key → value). An unknown key is an incident.
    """
    missing = sorted(set(keys) - set(call.policy))
    if missing:
        raise ValueError(f"Expected {', '.join(missing)} in the policy, but it is not there")
    return {"cfg": {key: call.policy[key] for key in keys}}


@topic("set_deadline", is_pure=True)
def set_deadline(call: TopicCall, *, duration: str) -> PlainDict:
    """Turns a duration in natural time (P3D, PT30M) into the instant it ends, counted from now.

    Returns: deadline_at. Loops and rework do not move it (M4).
    """
    return {"deadline_at": format_instant(end_of(duration, call.now, call.calendar.zone))}


def end_of(duration: str, start: datetime, zone: ZoneInfo) -> datetime:
    """When a duration in natural time that begins at `start` is over. Raises ValueUnfit, for working time as well."""
    return add_duration(start, parse_duration(duration), zone)
