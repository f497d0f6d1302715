"""Every kind of page that links lead to, on a desk and on a phone: its structure, its width, what axe-core finds.

That every page answers every role in both languages is proved without a browser, in `tests/web/test_links.py`.
"""

from collections.abc import Iterable

import pytest

from tests.browser.checks import find_barriers, find_faults, find_overflow, keep_axe
from tests.browser.conftest import Visit
from tests.browser.person import DESKTOP, HEIGHT, LOCALES, PHONE, Language, Person, Scheme
from tests.support.walking import MENU, PEOPLE, list_pages, read_links, walk
from web.texts import HTML_LANGUAGE

# asked of the page itself: a locator brings a library of its own into each page
_LINKS = "[...document.querySelectorAll('a')].map((one) => one.getAttribute('href') ?? '')"


def test_pages_are_sound(visit: Visit) -> None:
    """One page of each kind. Every other role looks at what is new to it in Chinese by day, the rest in English by
    night.
    """
    faults: dict[str, list[str]] = {}
    kinds: set[str] = set()
    roles = [one for people in PEOPLE.values() for one in people.items()]
    with visit("zh") as chinese, visit("en", scheme="dark") as english:
        keep_axe(chinese.page)
        keep_axe(english.page)
        for number, (role, login) in enumerate(roles):
            person = (chinese, english)[number % 2]
            person.leave()
            faults |= look_around(person, login, role, kinds, has_all=False)
    assert faults == {}


@pytest.mark.long
@pytest.mark.parametrize("people", PEOPLE.values(), ids=PEOPLE)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LOCALES)
def test_pages_are_sound_for_every_role(
    visit: Visit, language: Language, scheme: Scheme, people: dict[str, str]
) -> None:
    """The side bar of each role, and one page of each kind it leads to."""
    faults: dict[str, list[str]] = {}
    for role, login in people.items():
        with visit(language, scheme=scheme) as person:
            faults |= look_around(person, login, role, set(), has_all=True)
    assert faults == {}


def test_pages_before_signing_in_are_sound(visit: Visit) -> None:
    for language in LOCALES:
        with visit(language) as person:
            person.open("/sign-in")
            assert look(person) == []


def test_the_pages_can_be_installed_as_an_app(visit: Visit) -> None:
    with visit("zh") as person:
        person.open("/sign-in")
        asked = person.context.new_cdp_session(person.page)
        assert asked.send("Page.getAppManifest")["errors"] == []
        found = {one["errorId"] for one in asked.send("Page.getInstallabilityErrors")["installabilityErrors"]}
        assert found <= {"in-incognito"}  # which the browsers of tests are


def look_around(person: Person, login: str, role: str, kinds: set[str], *, has_all: bool) -> dict[str, list[str]]:
    """What is wrong with the pages somebody comes to, by page: with those of a new kind, or with all of them."""
    faults: dict[str, list[str]] = {}

    def open_page(path: str, is_new: bool) -> Iterable[str]:
        if not (is_new or has_all):
            return list_pages(read_links(person.read(path)))
        response = person.page.goto(path)
        assert response is not None
        assert response.status == 200, f"{path} answered {response.status}"
        links = person.page.evaluate(_LINKS)
        if found := look(person):
            faults[f"{role} {path}"] = found
        return list_pages(links)

    person.enter(login, role)
    walk(list_pages(read_links(person.read(MENU), "nav")), open_page, kinds)
    return faults


def look(person: Person) -> list[str]:
    """What is wrong with the page that is open."""
    page = person.page
    found = find_faults(page, HTML_LANGUAGE[person.language])
    size = page.viewport_size
    assert size is not None
    for width in sorted((DESKTOP, PHONE), key=lambda width: width != size["width"]):  # as it is first
        if page.viewport_size != {"width": width, "height": HEIGHT}:
            page.set_viewport_size({"width": width, "height": HEIGHT})
        found += find_overflow(page)
        if width == PHONE:
            found += find_barriers(page)
    return found
