"""Every page that links lead to, for every role, in both languages, on a desk and on a phone."""

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.browser.checks import find_barriers, find_faults, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import DESKTOP, HEIGHT, LOCALES, PHONE, Language, Person
from web.texts import HTML_LANGUAGE

PEOPLE = [
    *(("chen", "individual"), ("wang", "individual"), ("chen", "enterprise_operator"), ("shen", "enterprise_admin")),
    *(("qian", "enterprise_finance"), ("gao", "platform_reviewer"), ("luo", "platform_senior_reviewer")),
    *(("tang", "platform_finance"), ("bai", "customer_service"), ("fang", "arbiter")),
    *(("ye", "analyst"), ("du", "auditor"), ("qin", "platform_operator")),
]
SOLE = {"wang"}  # who has one role is not asked for it
OF_A_KIND = 2
IDENTIFIER = re.compile(r"[0-9a-f]{32}")
NO_PAGE = re.compile(r"/(file|attachments/.+|drawings/.+|diagrams/.+|files/.+)$|^/static/")
_checked_by_axe: set[tuple[str, Language]] = set()


def name_kind(path: str) -> str:
    """What kind of page an address leads to."""
    parts = urlsplit(path)
    return IDENTIFIER.sub("*", parts.path) + "?" + "&".join(sorted(parse_qs(parts.query)))


def walk(person: Person) -> Iterator[str]:
    """Follows links from page to page, up to OF_A_KIND pages of each kind; the kind of the page that is open."""
    person.open("/")
    begin = urlsplit(person.page.url).path
    waiting, known = ["/menu", begin], {"/menu", begin}
    counts: Counter[str] = Counter()
    while waiting:
        path = waiting.pop()
        kind = name_kind(path)
        if counts[kind] >= OF_A_KIND:
            continue
        counts[kind] += 1
        response = person.page.goto(path)
        assert response is not None
        assert response.status == 200, f"{path} answered {response.status}"
        yield kind
        links = person.page.locator("a[href^='/']").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        fresh = [link for link in links if link not in known and not NO_PAGE.search(urlsplit(link).path)]
        waiting += fresh
        known.update(fresh)


@pytest.mark.parametrize("language", list(LOCALES))
@pytest.mark.parametrize(("login", "role"), PEOPLE)
def test_pages_are_sound(visit: Visit, login: str, role: str, language: Language) -> None:
    with visit(language) as person:
        person.sign_in(login, "" if login in SOLE else role)
        faults: list[str] = []
        for kind in walk(person):
            page = person.page
            found = find_faults(page, HTML_LANGUAGE[language]) + find_overflow(page)
            page.set_viewport_size({"width": PHONE, "height": HEIGHT})
            found += find_overflow(page)
            if (kind, language) not in _checked_by_axe:
                _checked_by_axe.add((kind, language))
                found += find_barriers(page)
            page.set_viewport_size({"width": DESKTOP, "height": HEIGHT})
            faults += [f"{page.url}: {fault}" for fault in found]
        assert faults == []


def test_pages_before_signing_in_are_sound(visit: Visit) -> None:
    for language in LOCALES:
        with visit(language) as person:
            person.open("/sign-in")
            found = find_faults(person.page, HTML_LANGUAGE[language]) + find_overflow(person.page)
            person.page.set_viewport_size({"width": PHONE, "height": HEIGHT})
            found += find_overflow(person.page) + find_barriers(person.page)
            assert found == []
