"""A task without a connection: its page is there, answers and photos wait on the phone, and are sent once."""

from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Route, expect
from sqlalchemy import select

from engine.commands.deployments import deploy
from engine.commands.instances import start_instance
from engine.queries.inbox import list_tasks
from engine.runtime.engine import Engine
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import register_person
from engine.storage.actor import SYSTEM, Actor
from engine.storage.ids import new_id
from engine.storage.plain import Plain
from engine.storage.tables import submission
from tests.browser.acts import picture
from tests.browser.checks import find_barriers, find_overflow
from tests.browser.person import PHONE, Person
from tests.engine.definitions.forms.support import part, write
from tests.support.definitions import diagram, flow, node, user
from tests.support.stage import BOSS
from web.demo import PASSWORD

KEPT = "Kept on this device, is sent when the connection returns"
PHOTOS = {"source": "lines", "reason": "why", "accept": "image/*", "multiple": True, "max_files": 50}
FORM = write(part("baton:photos", "photos", **PHOTOS), part("textarea", "why"), part("textarea", "note"))

# What the page of a task does with what is typed while there is no connection.
KEEP_HERE = """(typed) => {
  const form = document.getElementById("task-form");
  localStorage.setItem(`draft:${form.dataset.keep}`, JSON.stringify({ revision: form.elements._draft.value, typed }));
}"""


class Shop:
    """A process more on the site, and a technician who photographs what was repaired."""

    def __init__(self, engine: Engine, url: str) -> None:
        body = node("startEvent", "begun") + user("report", camunda__formKey="trial/photos")
        body += node("endEvent", "done") + flow("begun report done")
        deploy(engine, BOSS, {"forms/trial/photos.form": FORM, **diagram("trial", body, variables="who lines")})
        self.engine, self.url = engine, url
        user_id = register_person(
            engine, Passwords(1), SYSTEM, login="he", password=PASSWORD, name_zh="何军", name_en="He Jun"
        )
        self.actor = Actor(user_id, user_id, "individual", frozenset({"individual"}))

    def begin(self) -> str:
        """Starts a case; gives its task."""
        lines: list[Plain] = [{"id": "1", "name": "1 · Spindle"}, {"id": "2", "name": "2 · Coolant"}]
        start_instance(self.engine, self.actor, "trial", {"who": self.actor.user_id, "lines": lines}, new_id())
        return list_tasks(self.engine, self.actor).rows[-1].id

    def read_sent(self) -> list[Any]:
        """What was handed in at the task, each time anew."""
        query = select(submission.c.content).where(submission.c.element == "report")
        with self.engine.database.read() as connection:
            return [*connection.execute(query.order_by(submission.c.submitted_at)).scalars()]


@pytest.fixture(scope="module")
def shop(site_engine: Engine, site: str) -> Shop:
    return Shop(site_engine, site)


def take_photo(person: Person, name: str) -> None:
    """Takes a picture with the camera of the phone."""
    photo = FilePayload(name=name, mimeType="image/png", buffer=picture())
    person.page.get_by_label("Take a photo").set_input_files(photo)


def test_filled_in_without_a_connection_it_is_sent_once(shop: Shop, browser: Browser) -> None:
    with Person(browser, shop.url, "en", PHONE) as he:
        he.sign_in("he")
        page, task = he.page, f"/tasks/{shop.begin()}"
        he.open(task)
        page.evaluate("navigator.serviceWorker.ready")
        he.await_true("async (path) => Boolean(await caches.match(path, {ignoreVary: true}))", task)

        he.context.set_offline(True)
        page.reload()  # as it was last seen
        for name in ("one.png", "two.png"):
            take_photo(he, name)
        held = page.locator("#pending li")
        expect(held).to_have_count(2)
        held.nth(0).locator("select").nth(0).select_option("2")
        held.nth(1).locator("select").nth(0).select_option("1")
        for row in held.all():
            row.locator("select").nth(1).select_option("after")
        held.nth(0).get_by_label("Caption").fill("new seal")
        he.fill(note="Coolant pump sealed.")
        assert find_overflow(page) + find_barriers(page) == []
        he.press("Submit")
        he.sees(KEPT)
        expect(he.button("Submit")).to_be_disabled()
        page.reload()
        he.sees(KEPT)  # still there, and not to be filled in twice
        assert shop.read_sent() == []
        he.complaints.clear()  # there was no connection

        he.context.set_offline(False)
        he.is_at("/inbox")
        (sent,) = shop.read_sent()
        assert [(one["name"], one["line"], one["stage"], one["caption"]) for one in sent["photos"]] == [
            ("one.png", "2", "after", "new seal"),
            ("two.png", "1", "after", ""),
        ]
        he.open("/inbox")
        page.wait_for_load_state("networkidle")
        assert len(shop.read_sent()) == 1
        he.complaints.clear()


def test_what_is_not_taken_comes_back_as_it_was(shop: Shop, browser: Browser) -> None:
    before = len(shop.read_sent())
    with Person(browser, shop.url, "en", PHONE) as he:
        he.sign_in("he")
        page, task = he.page, f"/tasks/{shop.begin()}"
        he.open(task)
        he.context.set_offline(True)
        take_photo(he, "three.png")
        page.locator("#pending select").nth(0).select_option("2")
        he.fill(note="Line one\nand two")
        he.press("Submit")
        he.sees(KEPT)
        he.expected_status = 422
        he.complaints.clear()
        he.context.set_offline(False)
        he.sees("Something could not be sent as it is")
        he.press("Open")
        he.sees("Photo 1: choose its line and stage")
        expect(page.locator("[name=note]")).to_have_value("Line one\nand two")
        expect(page.locator("[name=photos-line]").first).to_have_value("2")
        expect(page.locator("#outbox")).to_be_hidden()
        page.locator("[name=photos-stage]").first.select_option("during")
        he.submit()
        he.is_at("/inbox")
        sent = shop.read_sent()
        assert len(sent) == before + 1
        assert [(one["name"], one["stage"]) for one in sent[-1]["photos"]] == [("three.png", "during")]
        he.complaints.clear()


def test_what_is_chosen_before_the_scripts_come_stays(shop: Shop, browser: Browser) -> None:
    """On a slow line a page can be filled in before its scripts are there, which know what was typed without one."""
    with Person(browser, shop.url, "en", PHONE) as he:
        he.sign_in("he")
        page, task = he.page, f"/tasks/{shop.begin()}"
        he.open(task)
        page.evaluate("navigator.serviceWorker.ready.then((worker) => worker.unregister())")  # it keeps the scripts
        page.evaluate(KEEP_HERE, [["why", "No camera"], ["note", "typed without a connection"]])
        held: list[Route] = []
        he.context.route("**/task.js*", lambda route: held.append(route))
        with page.expect_request("**/task.js*"):
            page.goto(f"{shop.url}{task}", wait_until="commit")
        he.fill(note="typed on the new page")
        held[0].continue_()
        expect(page.locator("[name=why]")).to_have_value("No camera")
        expect(page.locator("[name=note]")).to_have_value("typed on the new page")
        he.complaints.clear()


def test_an_answer_that_was_lost_changes_nothing(shop: Shop, browser: Browser) -> None:
    before = len(shop.read_sent())
    with Person(browser, shop.url, "zh", PHONE) as he:
        he.sign_in("he")
        page, task = he.page, f"/tasks/{shop.begin()}"
        he.open(task)
        page.evaluate("navigator.serviceWorker.ready")
        he.fill(why="现场禁止拍照", note="已修复")

        def lose(route: Route) -> None:
            if route.request.method == "POST":
                route.fetch(max_redirects=0)
            route.abort()

        he.context.route(f"**{task}", lose)
        he.press("提交")
        expect(page.locator("#outbox")).to_contain_text("已保存在本机")
        assert len(shop.read_sent()) == before + 1
        he.context.unroute(f"**{task}", lose)
        he.complaints.clear()

        he.open("/inbox")
        expect(page.locator("#outbox")).to_contain_text("已发送")
        assert len(shop.read_sent()) == before + 1
        # Signing out leaves none of the pages behind.
        assert page.evaluate("caches.has('pages')")
        he.open("/menu")
        he.press("退出")
        he.is_at("/sign-in")
        assert not page.evaluate("caches.has('pages')")


def test_what_was_refused_on_the_page_is_not_sent_again(shop: Shop, browser: Browser) -> None:
    with Person(browser, shop.url, "zh") as he:
        he.sign_in("he")
        page, task = he.page, f"/tasks/{shop.begin()}"
        he.open(task)
        other = he.context.new_page()
        other.goto(f"{shop.url}{task}")
        for one in (page, other):
            one.locator("[name=why]").fill("现场禁止拍照")
        he.submit()
        he.is_at("/inbox")
        before = len(shop.read_sent())
        other.locator("[name=note]").fill("另一个窗口")
        with other.expect_navigation():
            other.get_by_role("button", name="提交").first.click()
        expect(other.get_by_role("heading", level=1)).to_be_visible()
        other.goto(f"{shop.url}/inbox")
        other.wait_for_load_state("networkidle")
        expect(other.locator("#outbox")).to_be_hidden()
        assert len(shop.read_sent()) == before
        he.complaints.clear()  # the trial's diagram is not drawn
