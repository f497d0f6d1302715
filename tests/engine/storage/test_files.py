"""Uploads: kept unaltered by content, typed by what they are, adopted only by their owner."""

import hashlib
import io

import pytest
from sqlalchemy import select

from engine.runtime.engine import Engine
from engine.storage import files
from engine.storage.files import FileRefused, StoredFile, adopt_files, clean_name, store_file
from engine.storage.seal import is_sealed
from engine.storage.tables import file

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc33"
    "0000000049454e44ae426082"
)


def _store(engine: Engine, content: bytes, name: str = "a.png", owner: str = "p1") -> StoredFile:
    return engine.database.transact(
        lambda unit: store_file(unit, engine.keys, engine.files, name, io.BytesIO(content), owner)
    )


def test_content_is_kept_to_the_byte_and_once(engine: Engine) -> None:
    first, second = _store(engine, PNG), _store(engine, PNG, "b.png", "p2")
    assert first.id != second.id
    assert first.sha256 == second.sha256 == hashlib.sha256(PNG).hexdigest()
    assert engine.files.path(first.sha256).read_bytes() == PNG
    assert [p for p in engine.files.folder.rglob("*") if p.is_file()] == [engine.files.path(first.sha256)]


@pytest.mark.parametrize(
    ("content", "name", "media_type"),
    [
        (PNG, "photo.exe", "image/png"),
        (b"<html><script>alert(1)</script></html>", "photo.png", "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "photo.svg", None),
        ("你好".encode(), "note.txt", "text/plain"),
        (b"%PDF-1.7\n%", "a.pdf", "application/pdf"),
        (b"MZ\x90\x00\x03\x00\xff\xff", "a.png", None),
    ],
)
def test_the_type_is_what_the_content_says(engine: Engine, content: bytes, name: str, media_type: str | None) -> None:
    found = _store(engine, content, name).media_type
    assert found == media_type if media_type else found not in files.SHOWN


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\temp\\x.png", "a\x00\nb.png", "", "/"])
def test_a_name_has_no_folder_and_no_control_character(name: str) -> None:
    cleaned = clean_name(name)
    assert cleaned
    assert "/" not in cleaned
    assert "\\" not in cleaned
    assert cleaned.isprintable()


def test_empty_and_oversized_uploads_leave_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileRefused, match="empty"):
        _store(engine, b"")
    monkeypatch.setattr(files, "MAX_BYTES", 10)
    with pytest.raises(FileRefused, match="too_large"):
        _store(engine, b"x" * 11)
    assert [p for p in engine.files.folder.rglob("*") if p.is_file()] == []


def test_only_the_owner_can_make_an_upload_part_of_a_case(any_engine: Engine) -> None:
    stored = _store(any_engine, PNG)
    keys = any_engine.keys

    def adopt(owner: str, instance: str) -> None:
        any_engine.database.transact(lambda unit: adopt_files(unit.connection, keys, [stored.id], owner, instance))

    with pytest.raises(LookupError):
        adopt("p2", "i1")
    adopt("p1", "i1")
    adopt("p1", "i1")
    with pytest.raises(LookupError):
        adopt("p1", "i2")
    with any_engine.database.read() as connection:
        row = connection.execute(select(file)).mappings().one()
    assert row["instance_id"] == "i1"
    assert is_sealed(keys.mac, "file", dict(row))
