"""Wherever links lead a role, in either language, there is a page: it answers, with a title and one heading."""

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from lxml import html

from engine.runtime.engine import Engine
from engine.storage.settings import Settings
from tests.support.walking import MENU, PEOPLE, list_pages, read_links, walk
from tests.support.web import make_app
from tests.web.visitor import Visitor
from web.demo import PASSWORD
from web.policy import ENTERPRISE, INDIVIDUALS, STAFF


@pytest.fixture(scope="module")
def site(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The application with its demo data."""
    folder = tmp_path_factory.mktemp("links") / "data"
    shutil.copytree(demo_folder, folder)
    engine = Engine(Settings(data_dir=folder, password_cost=1))
    yield make_app(engine)
    engine.close()


def test_every_role_is_visited() -> None:
    assert {role for people in PEOPLE.values() for role in people} == {*INDIVIDUALS, *ENTERPRISE, *STAFF}


@pytest.mark.parametrize(("role", "login"), [one for people in PEOPLE.values() for one in people.items()])
@pytest.mark.parametrize(("language", "asked"), [("zh-CN", "zh-CN"), ("en", "en-US,en;q=0.9")])
def test_every_link_leads_to_a_page(site: Flask, language: str, asked: str, role: str, login: str) -> None:
    visitor = Visitor(site)
    visitor.sign_in(login, PASSWORD)
    if choice := re.search(rf'name="role" value="([^"/]*)/{role}"', visitor.get("/role").text):
        visitor.act_as(choice[1], role)

    def open_page(path: str, _is_new: bool) -> Iterable[str]:
        response = visitor.get(path, headers={"Accept-Language": asked}, follow_redirects=True)
        assert response.status_code == 200, f"{path} answered {response.status_code}"
        page = html.document_fromstring(response.text)
        assert page.get("lang") == language, path
        assert len(page.findall(".//h1")) == 1, path
        assert page.findtext(".//title"), path
        return list_pages(read_links(response.text))

    walk(list_pages(read_links(visitor.get(MENU).text, "nav")), open_page, set())
