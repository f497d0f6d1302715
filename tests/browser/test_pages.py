"""Every kind of page that links lead to, for every role, in both languages, on a desk and on a phone."""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.checks import find_barriers, find_faults, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import DESKTOP, HEIGHT, LOCALES, PHONE, Language, Person
from web.policy import ENTERPRISE, INDIVIDUALS, STAFF
from web.texts import HTML_LANGUAGE

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
OF_A_KIND = 1
IDENTIFIER = re.compile(r"[0-9a-f]{32}|(?<=/accounts/)[^/?]+")
# what only moves or narrows a page that is looked at already: another moment of a case, another of its diagrams
MOVES = {"at", "drawing", "element", "variable"}
NO_PAGE = re.compile(r"/(file|(attachments|photos|drawings|diagrams|files)/.+|[^/]+\.(csv|json|pdf|xlsx))$|^/static/")


def test_every_role_is_visited() -> None:
    assert {role for people in PEOPLE.values() for role in people} == {*INDIVIDUALS, *ENTERPRISE, *STAFF}


@pytest.mark.parametrize("people", PEOPLE.values(), ids=PEOPLE)
@pytest.mark.parametrize("language", LOCALES)
def test_pages_are_sound(visit: Visit, language: Language, people: dict[str, str]) -> None:
    """The pages of the side bar for each role; what they lead to, once for each kind of page."""
    faults: dict[str, list[str]] = {}
    kinds: Counter[str] = Counter()
    for role, login in people.items():
        with visit(language) as person:
            person.enter(login, role)
            for kind in walk(person, kinds):
                found = look(person, has_axe=kinds[kind] <= OF_A_KIND)
                faults |= {f"{role} {person.page.url}": found} if found else {}
    assert faults == {}


def test_pages_before_signing_in_are_sound(visit: Visit) -> None:
    for language in LOCALES:
        with visit(language) as person:
            person.open("/sign-in")
            assert look(person, has_axe=True) == []


def test_the_pages_can_be_installed_as_an_app(visit: Visit) -> None:
    with visit("zh") as person:
        person.open("/sign-in")
        asked = person.context.new_cdp_session(person.page)
        assert asked.send("Page.getAppManifest")["errors"] == []
        found = {one["errorId"] for one in asked.send("Page.getInstallabilityErrors")["installabilityErrors"]}
        assert found <= {"in-incognito"}  # which the browsers of tests are


def look(person: Person, *, has_axe: bool) -> list[str]:
    """What is wrong with the page that is open."""
    page = person.page
    found = find_faults(page, HTML_LANGUAGE[person.language])
    size = page.viewport_size
    assert size is not None
    for width in sorted((DESKTOP, PHONE), key=lambda width: width != size["width"]):  # as it is first
        if page.viewport_size != {"width": width, "height": HEIGHT}:
            page.set_viewport_size({"width": width, "height": HEIGHT})
        found += find_overflow(page)
        if has_axe and width == PHONE:
            found += find_barriers(page)
    return found


def walk(person: Person, kinds: Counter[str]) -> Iterator[str]:
    """Opens the pages of the side bar and, up to OF_A_KIND of each kind, what pages lead to; the kind of each."""
    person.open("/menu")
    entries = set(_links(person, "nav "))
    waiting, known = sorted(entries), entries | {"/"}  # which leads to one of them
    while waiting:
        path = waiting.pop()
        kind = _name_kind(path)
        if kinds[kind] >= OF_A_KIND and path not in entries:
            continue
        kinds[kind] += 1
        response = person.page.goto(path)
        assert response is not None
        assert response.status == 200, f"{path} answered {response.status}"
        yield kind
        fresh = [link for link in _links(person) if link not in known]
        waiting += fresh
        known.update(fresh)


def _links(person: Person, within: str = "") -> list[str]:
    found = person.page.locator(f"{within}a[href^='/']").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    return [link for link in found if not NO_PAGE.search(urlsplit(link).path)]


def _name_kind(path: str) -> str:
    """Filters can be combined in many ways: pages with two or more of them are one kind."""
    parts = urlsplit(path)
    asked = sorted(parse_qs(parts.query).keys() - MOVES)
    return IDENTIFIER.sub("*", parts.path) + "?" + (asked[0] if len(asked) == 1 else "*" * len(asked[:1]))
