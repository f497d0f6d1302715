"""Time as an input. Nothing in the engine reads the system clock except `system_clock`."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """The present instant in UTC."""
    return datetime.now(UTC)


def format_instant(at: datetime) -> str:
    """An instant as process data hold it: ISO 8601, UTC, microseconds only where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_instant(text: str) -> datetime:
    """The reverse of `format_instant`. Raises ValueError for a text that names no zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"Expected an instant with a time zone, but got {text!r}")
    return at.astimezone(UTC)
