"""The browser without scripts: forms as a real one would send them."""

import pytest

from web.demo.driver import Browser, FormMissing, NotLocal, Page, Request

PAGE = """
<html><body><form id="f" action="/send?x=1" method="post"><input type="hidden" name="token" value="t1">
<input name="title" value="old"><input type="checkbox" name="a" checked><input type="checkbox" name="b" value="2">
<input type="radio" name="r" value="1"><input type="radio" name="r" value="2" checked><input type="file" name="up">
<input name="off" value="no" disabled><select name="s"><option value="1">1</option><option value="2" selected>2</option>
</select><textarea name="text">
two
lines</textarea><button name="go" value="1">Go</button></form>
<form action="/other" method="post"></form><a href="/tasks/1">x</a><a href="/else">y</a></body></html>
"""


def page() -> Page:
    return Page("/here", 200, "", PAGE.encode())


def test_a_form_sends_what_the_page_holds_and_what_was_filled_in() -> None:
    request = page().fill("f", {"title": "new", "files": ["1", "2"]})
    assert (request.path, request.token) == ("/send?x=1", "t1")
    assert request.fields == [
        *(("token", "t1"), ("a", "on"), ("r", "2"), ("s", "2"), ("text", "two\nlines")),
        *(("title", "new"), ("files", "1"), ("files", "2")),
    ]
    assert request.content_type == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("name", ["f", "/send?x=1", "/send"])
def test_a_form_is_found_by_its_id_or_its_address(name: str) -> None:
    assert page().fill(name, {}).path == "/send?x=1"


def test_a_form_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(FormMissing, match="nothing"):
        page().fill("nothing", {})


def test_a_file_travels_unaltered_and_a_repetition_is_the_same_to_the_byte() -> None:
    content = bytes(range(256))
    request = page().fill("f", {}, {"up": ("a.bin", content)})
    assert content in request.body
    assert request.body == request.body
    assert request.content_type.startswith("multipart/form-data; boundary=")
    assert Request(request.path, request.fields, request.files).body != request.body  # each form has its own boundary


def test_links_are_found_by_their_beginning() -> None:
    assert page().links("/tasks/") == ["/tasks/1"]


@pytest.mark.parametrize("url", ["http://10.0.0.1:8000", "https://127.0.0.1", "http://example.com", "ftp://localhost"])
def test_only_this_machine_is_driven(url: str) -> None:
    with pytest.raises(NotLocal):
        Browser(url)
