"""When a person may be told on a channel that leaves the machine: not in his quiet hours, or once a day in a digest."""

from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo

from engine.language.specs.durations import add_duration, parse_duration

_DAY = parse_duration("P1D")


@dataclass(frozen=True)
class Hours:
    """Wall clock of the platform. Quiet hours may run over midnight; from and until alike: there are none."""

    quiet_from: time = time(22)
    quiet_until: time = time(7)
    digest_at: time = time(9)

    def find_time(self, now: datetime, zone: ZoneInfo) -> datetime:
        """`now`, or the end of the quiet hours it lies in."""
        at = now.astimezone(zone).time()
        start, end = self.quiet_from, self.quiet_until
        is_quiet = start <= at < end if start <= end else at >= start or at < end
        return next_time(now, end, zone) if is_quiet else now

    def find_digest(self, now: datetime, zone: ZoneInfo) -> datetime:
        """The next digest."""
        return next_time(now, self.digest_at, zone)


def next_time(now: datetime, at: time, zone: ZoneInfo) -> datetime:
    """The next instant after `now` at which the wall clock of the zone shows `at`."""
    local = now.astimezone(zone)
    found = datetime.combine(local.date(), at, zone)
    if found <= local:
        found = add_duration(found, _DAY, zone)
    return found.astimezone(now.tzinfo)


def read_time(text: str) -> time:
    """A time of day such as 22:30. Raises ValueError."""
    found = time.fromisoformat(text)
    if len(text) != len("22:30") or found.tzinfo is not None:
        raise ValueError(f"Expected a time such as 22:30, but got {text!r}")
    return found
