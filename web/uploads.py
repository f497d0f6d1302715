"""Uploads and downloads. An upload is stored before its form is checked, so that an error never loses a photo."""

import io
from pathlib import Path

from flask import Blueprint, Response, request, send_file
from PIL import Image, ImageOps, UnidentifiedImageError
from werkzeug.datastructures import FileStorage, MultiDict

from engine.definitions.forms import upload_name
from engine.queries.files import fetch_file
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import Actor
from engine.storage.database import UnitOfWork
from engine.storage.files import SHOWN, StoredFile, store_file
from web.here import asked
from web.security import current_actor

THUMBNAIL_PIXELS = 320
UPLOAD = upload_name("")  # how the file inputs of fields end
IMAGE_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_IMAGE_PIXELS = 60_000_000


def collect_fields(engine: Engine, actor: Actor) -> MultiDict[str, str]:
    """What the request sent, with every new upload stored and named by its id in its field."""
    asking = asked()
    fields = MultiDict(asking.form)
    for name, upload in asking.files.items(multi=True):
        if upload.filename and name.endswith(UPLOAD):
            fields.add(name.removesuffix(UPLOAD), store_upload(engine, actor, upload).id)
    return fields


def store_upload(engine: Engine, actor: Actor, upload: FileStorage) -> StoredFile:
    """Keeps one upload as the actor's party's. Raises FileRefused."""

    def work(unit: UnitOfWork) -> StoredFile:
        return store_file(unit, engine.keys, engine.files, upload.filename or "", upload.stream, actor.party_id)

    return engine.database.transact(work)


def make_files(engine: Engine) -> Blueprint:
    """The blueprint `files`."""
    blueprint = Blueprint("files", __name__)

    def download(file_id: str) -> Response:
        """The file as it was uploaded; shown by the browser only where that is harmless."""
        found = fetch_file(engine, current_actor(), file_id)
        response = send_file(
            found.path,
            mimetype=found.media_type if found.media_type in SHOWN else "application/octet-stream",
            as_attachment=found.media_type not in SHOWN or "download" in request.args,
            download_name=found.name,
            etag=found.sha256,
        )
        response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        return response

    def thumbnail(file_id: str) -> Response:
        """A small copy of a picture, without what the camera wrote into it."""
        return show_thumbnail(fetch_file(engine, current_actor(), file_id).path, file_id)

    blueprint.add_url_rule("/files/<file_id>", "download", download)
    blueprint.add_url_rule("/files/<file_id>/thumbnail", "thumbnail", thumbnail)
    return blueprint


def show_thumbnail(path: Path, file_id: str) -> Response:
    """A small copy of a picture. Raises NotFound for what is none."""
    response = Response(_shrink(path, file_id), mimetype="image/jpeg")
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


def _shrink(path: Path, file_id: str) -> bytes:
    Image.MAX_IMAGE_PIXELS = MAX_IMAGE_PIXELS
    try:
        with Image.open(path, formats=IMAGE_FORMATS) as image:
            small = ImageOps.exif_transpose(image).convert("RGB")
            small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        raise NotFound("picture", file_id) from error
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    return out.getvalue()
