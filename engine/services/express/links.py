"""The link by which a person confirms a line. Its proof is made of the line, its version and a key of the platform, so
nothing secret is stored, and a corrected line has a new link.
"""

import hmac
from base64 import urlsafe_b64encode

from sqlalchemy import Connection, RowMapping

from engine.runtime.errors import NotFound
from engine.services.express.states import fetch_line
from engine.storage.digests import authenticate
from engine.storage.keys import KeyRing

PROOF_BYTES = 24


def prove_line(keys: KeyRing, line_id: str, version: int) -> str:
    """The proof that belongs into the link of a line."""
    digest = authenticate(keys.session, f"express_line:{line_id}:{version}".encode())
    return urlsafe_b64encode(digest[:PROOF_BYTES]).decode()


def make_path(keys: KeyRing, line_id: str, version: int) -> str:
    """Where on the platform the person of a line confirms it."""
    return f"/express/{line_id}/{prove_line(keys, line_id, version)}"


def open_link(connection: Connection, keys: KeyRing, line_id: str, proof: str) -> RowMapping:
    """The line behind a link, closed or not. Raises NotFound for a link that was never made or is out of date."""
    try:
        row = fetch_line(connection, line_id)
    except LookupError as error:
        raise NotFound("express_line", line_id) from error
    if not hmac.compare_digest(prove_line(keys, line_id, row["version"]).encode(), proof.encode()):
        raise NotFound("express_line", line_id)
    return row
