"""A form is read as Werkzeug would read it."""

from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.test import EnvironBuilder

from web.application import FORM, Asking

PAIRS = st.lists(st.tuples(st.text(max_size=20), st.text(max_size=60)), max_size=8)
BODIES = st.binary(max_size=200) | st.text("a=&+%20é;", max_size=60).map(str.encode)


def make(body: bytes, **changes: Any) -> dict[str, Any]:
    """What a server hands over."""
    environ = EnvironBuilder(method="POST", input_stream=BytesIO(body), content_type=FORM).get_environ()
    return environ | {"CONTENT_LENGTH": str(len(body))} | changes


def read(request: type[Request], body: bytes, **changes: Any) -> list[tuple[str, str]]:
    return list(request(make(body, **changes)).form.items(multi=True))


@given(PAIRS)
def test_what_a_browser_sends_comes_as_it_was(pairs: list[tuple[str, str]]) -> None:
    assert sorted(read(Asking, urlencode(pairs).encode())) == sorted(pairs)


@given(BODIES, st.booleans())
def test_anything_else_comes_as_by_werkzeug(body: bytes, is_terminated: bool) -> None:
    changes = {"wsgi.input_terminated": True} if is_terminated else {}
    assert read(Asking, body, **changes) == read(Request, body, **changes)


def test_more_than_may_be_sent_is_refused_unread() -> None:
    asking = Asking(make(b"a=1&b=2"))
    asking.max_content_length = 6
    with pytest.raises(RequestEntityTooLarge):
        _ = asking.form
    assert asking.environ["wsgi.input"].tell() == 0


def test_a_form_that_is_cut_off_is_no_form() -> None:
    asking = Asking(make(b"a=1", CONTENT_LENGTH="10"))
    with pytest.raises(ClientDisconnected):
        _ = asking.form


def test_what_was_read_before_is_parsed() -> None:
    asking = Asking(make(b"a=1"))
    assert asking.get_data() == b"a=1"
    assert asking.form["a"] == "1"


@pytest.mark.parametrize("changes", [{"CONTENT_LENGTH": ""}, {"HTTP_TRANSFER_ENCODING": "chunked"}])
def test_a_body_without_a_length_is_left_to_werkzeug(changes: dict[str, str]) -> None:
    assert read(Asking, b"a=1", **changes) == read(Request, b"a=1", **changes)


def test_files_come_as_ever() -> None:
    builder = EnvironBuilder(method="POST", data={"note": "x", "photo": (BytesIO(b"1"), "a.png")})
    with Asking(builder.get_environ()) as asking:
        assert (asking.form["note"], asking.files["photo"].read()) == ("x", b"1")


@pytest.mark.parametrize(
    "declared", ["", FORM, FORM.upper(), f"{FORM}; charset=UTF-8", "multipart/form-data; boundary=x", "a"]
)
@pytest.mark.parametrize("length", ["", "0", "12", "-1", "x"])
@pytest.mark.parametrize("coding", ["", "chunked"])
def test_what_a_body_is_said_to_be_is_heard_as_by_werkzeug(declared: str, length: str, coding: str) -> None:
    said = {"CONTENT_TYPE": declared, "CONTENT_LENGTH": length, "HTTP_TRANSFER_ENCODING": coding}
    environ = EnvironBuilder().get_environ() | {name: value for name, value in said.items() if value}
    ours, theirs = Asking(environ), Request(environ)
    assert (ours.mimetype, ours.content_length) == (theirs.mimetype, theirs.content_length)
