"""Alibaba Cloud's number protection (Dyplsapi, version 2017-05-25): a number X between A and B, over plain HTTPS.

Chosen with BATON_PHONES=dypls. Its folder is `keys/dypls` in the data folder: `config.toml` with `access_key_id`,
`access_key_secret` and `pool_key`. Requests are posted, so that no number stands in an address that somebody logs.
What an answer that never arrived has bound is not found again, as the provider knows no key of ours: that number ends
by itself when its bond expires.
"""

import base64
import hashlib
import hmac
import secrets
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import orjson

from engine.services.chat.phones.port import Bond, CallState, Outcome, PhoneUnavailable
from engine.storage.clock import Clock, system_clock

DYPLS = "dypls"
ADDRESS, VERSION = "https://dyplsapi.aliyuncs.com/", "2017-05-25"
CHINA = ZoneInfo("Asia/Shanghai")
TIMEOUT_SECONDS = 5
OK = "OK"
Transport = Callable[[str, bytes], bytes]


@dataclass(frozen=True)
class DyplsConfig:
    """With what we prove who we are, and from which numbers one is taken."""

    access_key_id: str
    access_key_secret: str
    pool_key: str

    @classmethod
    def read(cls, folder: Path) -> "DyplsConfig":
        """From a folder. Raises OSError for a missing file, TypeError for a wrong setting."""
        return cls(**tomllib.loads((folder / "config.toml").read_text()))


def post(url: str, body: bytes) -> bytes:
    """What is answered. Raises OSError."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    with urlopen(Request(url, body, headers), timeout=TIMEOUT_SECONDS) as answer:
        content: bytes = answer.read()
    return content


class DyplsPhones:
    """See `PhoneProvider`."""

    name = DYPLS
    is_simulated = False

    def __init__(self, config: DyplsConfig, transport: Transport = post, clock: Clock = system_clock) -> None:
        self._config, self._transport, self._clock = config, transport, clock

    def bind(self, key: str, first: str, second: str, until: datetime) -> Bond:
        """See `PhoneProvider`."""
        ends = f"{until.astimezone(CHINA):%Y-%m-%d %H:%M:%S}"
        numbers = {"PhoneNoA": _national(first), "PhoneNoB": _national(second)}
        answer = self._call("BindAxb", {**numbers, "Expiration": ends, "OutId": key})
        bound = cast(dict[str, Any], answer.get("SecretBindDTO") or {})
        if not bound.get("SubsId") or not bound.get("SecretNo"):
            raise PhoneUnavailable("Expected a bond, but the answer holds none")
        return Bond(str(bound["SubsId"]), str(bound["SecretNo"]))

    def release(self, bond: Bond) -> None:
        """See `PhoneProvider`."""
        self._call("UnbindSubscription", {"SubsId": bond.ref, "SecretNo": bond.number})

    def ask_call(self, bond: Bond, key: str, since: datetime) -> CallState:
        """See `PhoneProvider`. It tells of calls only by messages of its own, with the numbers in them: not taken."""
        return CallState(Outcome.UNKNOWN)

    def _call(self, action: str, content: Mapping[str, str]) -> dict[str, Any]:
        fields = {
            "AccessKeyId": self._config.access_key_id,
            "Action": action,
            "Format": "JSON",
            "PoolKey": self._config.pool_key,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureNonce": secrets.token_hex(16),
            "SignatureVersion": "1.0",
            "Timestamp": f"{self._clock():%Y-%m-%dT%H:%M:%SZ}",
            "Version": VERSION,
            **content,
        }
        signed = {**fields, "Signature": sign(self._config.access_key_secret, fields)}
        try:
            answer: Any = orjson.loads(self._transport(ADDRESS, _encode_all(signed).encode()))
        except (OSError, ValueError) as error:
            raise PhoneUnavailable(f"Expected an answer to {action}, but: {type(error).__name__}") from None
        code = str(answer.get("Code")) if isinstance(answer, dict) else "no object"
        if code != OK:
            raise PhoneUnavailable(f"Expected OK to {action}, but got {code[:60]}")
        return cast(dict[str, Any], answer)


def sign(secret: str, fields: Mapping[str, str]) -> str:
    """The signature of a posted request: HMAC-SHA1 over its fields in the order of their names."""
    text = f"POST&{_encode('/')}&{_encode(_encode_all(dict(sorted(fields.items()))))}"
    digest = hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


def _encode_all(fields: Mapping[str, str]) -> str:
    return "&".join(f"{_encode(name)}={_encode(value)}" for name, value in fields.items())


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def _national(number: str) -> str:
    """A number as the provider takes it: digits alone, without the prefix of China."""
    digits = "".join(character for character in number if character.isdigit())
    return digits.removeprefix("86") if len(digits) == 13 else digits
