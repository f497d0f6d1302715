"""Files that were published with something on the market."""

from collections.abc import Iterable

from flask import send_file
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.files import SHOWN
from engine.storage.plain import Plain


def send_attachment(engine: Engine, entries: Iterable[Plain], file_id: str) -> Response:
    """One of the files, shown or for download, where it can do no harm. Raises NotFound."""
    entry = next((one for one in entries if isinstance(one, dict) and one.get("file") == file_id), None)
    if entry is None:
        raise NotFound("file", file_id)
    media_type = str(entry["media_type"])
    response = send_file(
        engine.files.path(str(entry["sha256"])),
        mimetype=media_type if media_type in SHOWN else "application/octet-stream",
        as_attachment=media_type not in SHOWN,
        download_name=str(entry["name"]),
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response
