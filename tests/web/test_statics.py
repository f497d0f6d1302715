"""Static files: compressed as the browser takes them, kept for a year, and nothing but them."""

import gzip
from collections.abc import Callable

import pytest
import zstandard

from tests.web.visitor import TOKEN, Visitor
from web.statics import STATIC, TYPES

SHEET = (STATIC / "pages.css").read_bytes()
CODINGS: dict[str, Callable[[bytes], bytes]] = {"zstd": zstandard.decompress, "gzip": gzip.decompress, "": bytes}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "gzip"),
        ("zstd;q=0, gzip;q=0.5", "gzip"),
        ("br", ""),
        ("", ""),
    ],
)
def test_content_comes_in_the_best_coding_a_browser_takes(visitor: Visitor, accepted: str, coding: str) -> None:
    response = visitor.get("/static/pages.css?v=1", headers={"Accept-Encoding": accepted})
    assert response.headers.get("Content-Encoding", "") == coding
    assert CODINGS[coding](response.data) == SHEET
    assert (len(response.data) < len(SHEET) / 3) is bool(coding)
    assert response.headers["Content-Type"] == TYPES[".css"]
    assert {"max-age=31536000", "public", "immutable"} <= set(response.headers["Cache-Control"].split(", "))
    assert response.headers["Vary"] == "Accept-Encoding"
    headers = {"Accept-Encoding": accepted, "If-None-Match": response.headers["ETag"]}
    assert visitor.get("/static/pages.css", headers=headers).status_code == 304


@pytest.mark.parametrize("name", ["nothing.css", "../app.py", "%2e%2e/app.py", "build"])
def test_anything_else_is_not_found(visitor: Visitor, name: str) -> None:
    for accepted in ("zstd", ""):
        assert visitor.get(f"/static/{name}", headers={"Accept-Encoding": accepted}).status_code == 404


def test_pages_are_compressed_and_their_tokens_masked(visitor: Visitor) -> None:
    plain = visitor.get("/sign-in")
    packed = visitor.get("/sign-in", headers={"Accept-Encoding": "zstd"})
    assert packed.headers["Content-Encoding"] == "zstd"
    assert {"Accept-Encoding", "Cookie"} <= set(packed.headers["Vary"].split(", "))
    assert len(packed.data) < len(plain.data) / 2
    tokens = [TOKEN.findall(page) for page in (plain.text, zstandard.decompress(packed.data).decode())]
    assert len({*tokens[0], *tokens[1]}) == 2
    for sent in (tokens[0][0], tokens[1][0]):
        answer = visitor.client.post("/preferences", data={"csrf_token": sent, "theme": "dark"}, **visitor.options)
        assert answer.status_code == 303
    for forged in ("", "é", tokens[0][0][:-8], tokens[0][0].swapcase()):
        answer = visitor.client.post("/preferences", data={"csrf_token": forged, "theme": "dark"}, **visitor.options)
        assert answer.status_code == 400


@pytest.mark.parametrize(("accepted", "coding"), [("gzip, deflate, br, zstd", "br"), ("br;q=0, zstd", "zstd")])
def test_what_is_built_comes_as_it_was_compressed_then(visitor: Visitor, accepted: str, coding: str) -> None:
    response = visitor.get("/static/build/htmx.js", headers={"Accept-Encoding": accepted})
    assert response.headers["Content-Encoding"] == coding
    assert response.headers["Content-Type"] == TYPES[".js"]
    assert response.headers["Vary"] == "Accept-Encoding"
    packed = (STATIC / "build" / "htmx.js.br").read_bytes()
    assert (response.data == packed) is (coding == "br")
    assert len(packed) < len((STATIC / "build" / "htmx.js").read_bytes()) / 3
    assert {"max-age=31536000", "public", "immutable"} <= set(response.headers["Cache-Control"].split(", "))
