"""Signed links: what they do, for whom, and until when. They hold no secret of the item and act only when pressed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer

from engine.storage.clock import format_instant, parse_instant
from engine.storage.ids import new_token
from engine.storage.keys import KeyRing

LIFE = timedelta(hours=72)
PATH = "/act/"
SALT = "todo-link"


class LinkUnfit(Exception):
    """A link nobody here has signed."""


@dataclass(frozen=True)
class Link:
    """What a link allows; `nonce` names this very link, so that pressing twice is one act."""

    handling_id: str
    user_id: str
    action: str
    nonce: str
    expires_at: datetime


def sign_action(keys: KeyRing, now: datetime, handling_id: str, user_id: str, action: str) -> str:
    """The path of a link."""
    content = [handling_id, user_id, action, new_token(), format_instant((now + LIFE).replace(microsecond=0))]
    return PATH + str(_serializer(keys).dumps(content))


def read_link(keys: KeyRing, token: str) -> Link:
    """What a link says, also when its time is over. Raises LinkUnfit."""
    try:
        handling_id, user_id, action, nonce, expires_at = _serializer(keys).loads(token)
        return Link(handling_id, user_id, action, nonce, parse_instant(expires_at))
    except (BadSignature, ValueError, TypeError) as error:
        raise LinkUnfit from error


def _serializer(keys: KeyRing) -> URLSafeSerializer:
    return URLSafeSerializer(keys.session, salt=SALT)
