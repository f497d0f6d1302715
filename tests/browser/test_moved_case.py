"""The case view of a case that was moved to another version: the slider crosses to the other diagram and back."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Locator, expect
from sqlalchemy import insert, update

from engine.commands.deployments import deploy
from engine.commands.migrations import Draft, plan_migration, run_migration
from engine.commands.work import settle
from engine.definitions.drawing import lay_out
from engine.queries.definitions import list_definitions
from engine.records.migrations import Filters
from engine.runtime.engine import Engine
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import grant_role, register_person
from engine.storage.actor import PLATFORM, SYSTEM, Actor
from engine.storage.database import UnitOfWork
from engine.storage.ids import new_id
from engine.storage.settings import Settings
from engine.storage.tables import incident, instance
from tests.browser.checks import find_overflow
from tests.browser.conftest import serve
from tests.browser.person import PHONE, Person
from tests.support.clock import ManualClock
from tests.support.definitions import diagram, flow, node, note_form, user
from tests.support.stage import BOSS, Stage
from web.demo import PASSWORD

NUMBER = "HO-A96A8B12C3"


def draw(*tasks: str) -> dict[str, bytes]:
    """A process of tasks, one after the other, in a phase with a plane of its own."""
    inside = node("startEvent", "in") + "".join(map(user, tasks)) + node("endEvent", "out")
    inside += flow(" ".join(["in", *tasks, "out"]))
    body = node("startEvent", "begun") + node("subProcess", "phase", inside)
    body += node("endEvent", "done") + flow("begun phase done")
    [(path, xml)] = diagram("trial", body).items()
    return {path: lay_out(xml, ["phase"])}


def find_version(engine: Engine) -> str:
    return next(row.id for row in list_definitions(engine) if row.key == "trial")


@pytest.fixture(scope="module")
def moved(deployed_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Where a site is, and a case on it of four records; the third moved it."""
    folder = Path(shutil.copytree(deployed_sqlite, tmp_path_factory.mktemp("moved") / "data"))
    engine = Engine(Settings(data_dir=folder, password_cost=1))
    deploy(engine, BOSS, {**note_form(), **draw("first", "second")})
    older = find_version(engine)
    names = {"password": PASSWORD, "name_zh": "安娜", "name_en": "Ann"}
    person = register_person(engine, Passwords(1), SYSTEM, login="ann", **names)
    grant_role(engine, SYSTEM, person, PLATFORM, "auditor")
    ann, stage = Actor(person, person, "individual", frozenset({"individual"})), Stage(engine, ManualClock())
    case = stage.start(ann, "trial", {"who": person, "peer": person})
    stage.do(ann, case, "first", {"note": "a"})
    deploy(engine, BOSS, draw("first", "second", "third"))
    plan = plan_migration(engine, BOSS, new_id(), Draft((older,), find_version(engine), {}, Filters()))
    settle(engine)
    assert run_migration(engine, BOSS, plan, ["clean", "differs"], None) == 1
    settle(engine)
    stage.do(ann, case, "second", {"note": "b"})
    engine.database.transact(partial(_stop, stage.start(ann, "trial", {"who": person, "peer": person})))
    with serve(engine) as url:
        yield url, case
    engine.close()


def _stop(case: str, unit: UnitOfWork) -> None:
    """Gives a case a number and an incident, as if it had stopped; its seal does not matter here."""
    unit.connection.execute(update(instance).where(instance.c.id == case).values(business_key=NUMBER))
    stopped = {"id": new_id(), "instance_id": case, "task_id": "t", "element": "first", "message": "x"}
    unit.connection.execute(insert(incident).values(opened_at=unit.now, **stopped))


def test_a_phone_shows_the_whole_number_of_a_case_that_stopped(browser: Browser, moved: tuple[str, str]) -> None:
    with Person(browser, moved[0], "en", PHONE) as auditor:
        auditor.sign_in("ann", "auditor")
        auditor.open("/cases?status=incident")
        auditor.page.locator(".desk-cards .name").click()
        auditor.sees("Open incident")
        number = auditor.page.get_by_role("heading", name=NUMBER)
        expect(number).to_be_visible()
        assert number.evaluate("shown => shown.scrollWidth <= shown.clientWidth")
        assert find_overflow(auditor.page) == []


def find_place(locator: Locator) -> FloatRect:
    box = locator.bounding_box()
    assert box is not None
    return box


def test_slider_crosses_to_the_diagram_of_the_other_version(browser: Browser, moved: tuple[str, str]) -> None:
    url, case = moved
    with Person(browser, url, "en") as auditor:
        auditor.sign_in("ann", "auditor")
        auditor.open("/cases")
        auditor.open(f"/cases/{case}?at=3")
        page, slider = auditor.page, auditor.page.get_by_role("slider")
        version = page.locator("#moment-version")
        page.get_by_title("Open phase").click()
        expect(page.locator('.canvas.drawn [data-element-id="second"].now')).to_be_visible()
        expect(version).to_have_text("Trial v2")
        expect(page.locator("#step-3")).to_contain_text("v1 → v2")

        slider.focus()
        slider.press("Home")
        auditor.sees("record 1 of 4")
        expect(version).to_have_text("Trial v1")
        expect(page.locator('.canvas.drawn [data-element-id="first"].now')).to_be_visible()  # the plane is still open
        expect(page.locator('[data-element-id="third"]')).to_have_count(0)
        expect(slider).to_be_focused()

        play = page.get_by_role("button", name="Play")
        play.click()
        auditor.sees("record 4 of 4")
        expect(play).to_have_attribute("aria-pressed", "false")
        expect(page.locator('.canvas.drawn [data-element-id="third"].now')).to_be_visible()
        page.go_back()  # what was crossed leaves no trail
        auditor.is_at("/cases$")


def test_what_a_phone_asks_to_verify_it_shows(browser: Browser, moved: tuple[str, str]) -> None:
    """The strip of sides is wider than a phone, and the result stands below the diagram."""
    url, case = moved
    with Person(browser, url, "en", PHONE) as auditor:
        auditor.sign_in("ann", "auditor")
        auditor.open(f"/cases/{case}")
        page = auditor.page
        result, bar = page.get_by_text("Intact: no record was changed"), page.get_by_role("navigation").last
        page.get_by_role("link", name="Verify", exact=True).click()
        expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)
        expect(result).to_be_in_viewport(ratio=1)
        assert find_place(result)["y"] + find_place(result)["height"] < find_place(bar)["y"]
        with page.expect_navigation():
            page.get_by_role("link", name="Verify again").click()
        expect(result).to_be_in_viewport(ratio=1)
        with page.expect_navigation():
            page.get_by_role("link", name="Verify", exact=True).click()
