"""Uploaded files: kept unaltered under the hash of their content, each upload a row of its own."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import puremagic
from sqlalchemy import Connection, insert, select, update

from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.keys import KeyRing
from engine.storage.plain import PlainDict
from engine.storage.seal import seal_row
from engine.storage.tables import file as file_table

MAX_BYTES = 50 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
HEAD_BYTES = 8192
UNKNOWN = "application/octet-stream"
# What a browser may show by itself. Everything else is only ever offered for download.
SHOWN = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "application/pdf"})


class FileRefused(Exception):
    """An upload that is not kept; `code` says why: `empty`, `too_large`."""

    def __init__(self, code: str) -> None:
        super().__init__(f"Expected a file of 1 byte to {MAX_BYTES} bytes, but it is {code}")
        self.code = code


@dataclass(frozen=True)
class StoredFile:
    """One upload."""

    id: str
    sha256: str
    size_bytes: int
    media_type: str
    name: str

    def describe(self) -> PlainDict:
        """The upload as form values and process data hold it."""
        return {
            "file": self.id,
            "name": self.name,
            "sha256": self.sha256,
            "size_bytes": self.size_bytes,
            "media_type": self.media_type,
        }


class FileStore:
    """A folder of contents named by their SHA-256."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Where a content lies."""
        return self.folder / sha256[:2] / sha256

    def keep(self, stream: IO[bytes]) -> tuple[str, int, bytes]:
        """Writes a stream to disk, durable before it returns: hash, size, first bytes. Raises FileRefused."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digest, size, head = hashlib.sha256(), 0, b""
        with tempfile.NamedTemporaryFile(dir=self.folder, delete=False) as draft:
            try:
                while chunk := stream.read(CHUNK_BYTES):
                    head = head or chunk[:HEAD_BYTES]
                    size += len(chunk)
                    if size > MAX_BYTES:
                        raise FileRefused("too_large")
                    digest.update(chunk)
                    draft.write(chunk)
                if not size:
                    raise FileRefused("empty")
                draft.flush()
                os.fsync(draft.fileno())
            except BaseException:
                os.unlink(draft.name)
                raise
        target = self.path(digest.hexdigest())
        target.parent.mkdir(exist_ok=True)
        os.replace(draft.name, target)
        return digest.hexdigest(), size, head


def store_file(
    unit: UnitOfWork, keys: KeyRing, store: FileStore, name: str, stream: IO[bytes], owner_id: str
) -> StoredFile:
    """Keeps an upload of a party. The media type is what the content says, never what the sender says."""
    sha256, size, head = store.keep(stream)
    stored = StoredFile(new_id(), sha256, size, _sniff(head), clean_name(name))
    row = {
        "id": stored.id,
        "sha256": sha256,
        "size_bytes": size,
        "media_type": stored.media_type,
        "name": stored.name,
        "owner_id": owner_id,
        "instance_id": None,
        "stored_at": unit.now,
    }
    unit.connection.execute(insert(file_table).values(**row, seal=seal_row(keys.mac, "file", row)))
    return stored


def adopt_files(connection: Connection, keys: KeyRing, file_ids: list[str], owner_id: str, instance_id: str) -> None:
    """Makes uploads part of a case. Raises LookupError for one that is not the party's own, or is another case's."""
    for file_id in file_ids:
        row = connection.execute(select(file_table).where(file_table.c.id == file_id)).mappings().one_or_none()
        if row is None or row["owner_id"] != owner_id or row["instance_id"] not in (None, instance_id):
            raise LookupError(f"Expected an upload of {owner_id}, but {file_id} is not one")
        values = dict(row) | {"instance_id": instance_id}
        values["seal"] = seal_row(keys.mac, "file", values)
        connection.execute(update(file_table).where(file_table.c.id == file_id).values(values))


def clean_name(name: str) -> str:
    """A file name without folders and control characters, at most 255 characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable()).strip()[-255:] or "file"


def _sniff(head: bytes) -> str:
    try:
        found = puremagic.from_string(head, mime=True)
    except puremagic.PureError:
        found = ""
    if found in SHOWN:
        return found
    try:
        head.decode("utf-8")
    except UnicodeDecodeError:
        return found if found.startswith(("application/", "audio/", "video/")) else UNKNOWN
    return "text/plain" if not found or found.startswith("text/") else UNKNOWN
