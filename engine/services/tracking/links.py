"""The recipient's link: its proof is made of the order and a key of the platform, so nothing secret is stored."""

import hmac
from base64 import urlsafe_b64encode

from engine.runtime.errors import NotFound
from engine.storage.digests import authenticate
from engine.storage.keys import KeyRing

PROOF_BYTES = 24


def make_tracking_link(keys: KeyRing, order_id: str) -> str:
    """The path of the page on which the recipient of an order follows it without signing in."""
    return f"/t/{order_id}/{_prove(keys, order_id)}"


def check_link(keys: KeyRing, order_id: str, proof: str) -> None:
    """Raises NotFound for a link that was never made."""
    if not hmac.compare_digest(_prove(keys, order_id).encode(), proof.encode()):
        raise NotFound("track", order_id)


def _prove(keys: KeyRing, order_id: str) -> str:
    digest = authenticate(keys.session, f"track:{order_id}".encode())
    return urlsafe_b64encode(digest[:PROOF_BYTES]).decode()
