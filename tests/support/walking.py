"""Where links lead: somebody of every role, and the pages each of them comes to."""

import re
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs, urlsplit

from lxml import html

PEOPLE = {
    "members": {
        "individual": "chen",
        "enterprise_admin": "shen",
        "enterprise_operator": "chen",
        "enterprise_acceptor": "xu",
        "enterprise_finance": "qian",
    },
    "staff": {
        "platform_reviewer": "gao",
        "platform_senior_reviewer": "luo",
        "platform_finance": "tang",
        "customer_service": "bai",
        "arbiter": "fang",
    },
    "items": {
        "todo_manager": "su",
        "todo_reviewer": "pan",
        "todo_handler": "liu",
        "todo_supervisor": "jiang",
        "exception_owner": "heming",
        "repair_dispatcher": "cao",
        "repair_verifier": "yan",
        "individual": "ding",
    },
    "couriers": {"courier_ordinary": "sunwei", "courier_professional": "ma"},
    "desks": {"analyst": "ye", "auditor": "du", "platform_operator": "qin"},
}
MENU = "/menu"
IDENTIFIER = re.compile(r"[0-9a-f]{32}|(?<=/accounts/)[^/?]+|(?<=/act/)[^/?]+")
# what only moves or narrows a page that is looked at already: another moment of a case, another of its diagrams
MOVES = {"at", "drawing", "element", "variable"}
NO_PAGE = re.compile(r"/(file|(attachments|photos|drawings|diagrams|files)/.+|[^/]+\.(csv|json|pdf|xlsx))$|^/static/")
# of a path, and whether nobody opened a page of its kind before; gives the links of the page
OpenPage = Callable[[str, bool], Iterable[str]]


def walk(entries: Iterable[str], open_page: OpenPage, kinds: set[str]) -> None:
    """Opens every page of the side bar and, of each kind that is not in `kinds`, one of the pages they lead to."""
    entries = set(entries)
    waiting, known = sorted(entries), entries | {"/"}  # which leads to one of them
    while waiting:
        path = waiting.pop()
        kind = _name_kind(path)
        if kind in kinds and path not in entries:
            continue
        is_new = kind not in kinds
        kinds.add(kind)
        fresh = [link for link in open_page(path, is_new) if link not in known]
        waiting += fresh
        known.update(fresh)


def read_links(page: str, within: str = "body") -> list[str]:
    """Where the links of a page, or of one kind of its parts, lead."""
    return [link.get("href", "") for part in html.document_fromstring(page).iter(within) for link in part.iter("a")]


def list_pages(links: Iterable[str]) -> list[str]:
    """Those of the links that lead to pages of ours."""
    return [link for link in links if link.startswith("/") and not NO_PAGE.search(urlsplit(link).path)]


def _name_kind(path: str) -> str:
    """Filters can be combined in many ways: pages with two or more of them are one kind."""
    parts = urlsplit(path)
    asked = sorted(parse_qs(parts.query).keys() - MOVES)
    return IDENTIFIER.sub("*", parts.path) + "?" + (asked[0] if len(asked) == 1 else "*" * len(asked[:1]))
