"""What the values of settings must be like, so that a misspelt one is refused at the start and not met at work."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

WEB = ("http", "https")


class SettingInvalid(ValueError):
    """A setting we do not have, or a value it cannot have."""


@dataclass(frozen=True)
class _Rule:
    """What a value must be, in words and as a question. One with `is_secret` may hold a password: it is not shown."""

    wanted: str
    fits: Callable[[str], bool]
    is_secret: bool = False


def check_setting(key: str, text: str) -> None:
    """Raises SettingInvalid for a value that the setting cannot have."""
    rule = _RULES.get(key)
    if rule is not None and not rule.fits(text):
        got = "something else" if rule.is_secret else repr(text)
        raise SettingInvalid(f"Expected {rule.wanted} in BATON_{key.upper()}, but got {got}")


def _one_of(*names: str) -> _Rule:
    return _Rule(" or ".join(names), names.__contains__)


def _number(least: int | None, most: int | None, wanted: str) -> _Rule:
    def fits(text: str) -> bool:
        try:
            number = int(text)
        except ValueError:
            return False
        return (least is None or number >= least) and (most is None or number <= most)

    return _Rule(wanted, fits)


def _is_address(text: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


def _is_timezone(text: str) -> bool:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # unknown; a path that leads elsewhere; a folder of zones
        return False
    return True


def _is_database(text: str) -> bool:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        return False
    return url.get_backend_name() == "postgresql" or (url.get_backend_name() == "sqlite" and bool(url.database))


_RULES = {
    "database_url": _Rule(
        "postgresql+psycopg://user:password@host/database, or sqlite:///path",
        lambda text: not text or _is_database(text),
        is_secret=True,
    ),
    "port": _number(1, 65_535, "a number from 1 to 65535"),
    "threads": _number(1, 10_000, "a number from 1 to 10000"),
    "password_cost": _number(1, 1_000, "a number from 1 to 1000"),
    "simulator_seed": _number(None, None, "a number"),
    "timezone": _Rule("a time zone like Asia/Shanghai", _is_timezone),
    "payments": _one_of("simulator", "alipay"),
    "phones": _one_of("simulator", "dypls"),
    "invoices": _one_of("pdf"),
    "codes": _one_of("outbox"),
    "messengers": _one_of("outbox", "live"),
    "push": _one_of("outbox", "live"),
    "routes": _Rule("simulator or an address of the web", lambda text: text == "simulator" or _is_address(text, WEB)),
    "smtp_url": _Rule(
        "smtp://user:password@host:port or smtps://…",
        lambda text: not text or _is_address(text, ("smtp", "smtps")),
        is_secret=True,
    ),
    "checkpoints": _Rule("a path or an address of https", lambda text: "://" not in text or _is_address(text, WEB)),
    "base_url": _Rule("an address of the web", lambda text: not text or _is_address(text, WEB)),
}
