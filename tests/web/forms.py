"""The forms of a page, as a browser without scripts would send them."""

from collections.abc import Mapping
from html.parser import HTMLParser

from werkzeug.test import TestResponse

from tests.web.visitor import Visitor


class _Forms(HTMLParser):
    """Collects the fields that a page fills in by itself, by the address their form goes to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self.open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = given.get("action", "")
            self.found.setdefault(self.open, {})
        elif tag == "input" and given.get("type") == "hidden" and self.open in self.found:
            self.found[self.open][given.get("name", "")] = given.get("value", "")


def read_forms(page: str) -> dict[str, dict[str, str]]:
    """The hidden fields of every form of a page, by the address the form goes to."""
    reader = _Forms()
    reader.feed(page)
    return reader.found


def fill_in(visitor: Visitor, page: str, action: str, **fields: str) -> dict[str, str]:
    """What pressing the button of the form that goes to `action` sends. Raises KeyError without such a form."""
    return {**read_forms(visitor.get(page).text)[action], **fields}


def press(visitor: Visitor, page: str, action: str, **fields: str) -> TestResponse:
    """Opens a page and presses the button of one of its forms."""
    return post(visitor, action, fill_in(visitor, page, action, **fields))


def post(visitor: Visitor, action: str, fields: Mapping[str, str | list[str]]) -> TestResponse:
    """Sends fields as they are."""
    return visitor.client.post(action, data=fields, **visitor.options)
