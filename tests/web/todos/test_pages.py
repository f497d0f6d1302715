"""To-do items and notifications in the browser: each role sees its pages, a link acts once, a program sends items."""

import re
from collections.abc import Callable
from datetime import time

import pytest
from flask import Flask
from sqlalchemy import select, update

from engine.services.identity.workers import create_token
from engine.services.notifications.hours import Hours
from engine.services.notifications.preferences import Address, Preferences, save_preferences
from engine.services.notifications.tables import notification
from engine.services.todos.tables import todo_item
from engine.storage.actor import PLATFORM
from engine.storage.tables import user
from tests.engine.services.todos.office import ITEM, WHO, Office
from tests.support.stage import Stage
from tests.support.web import make_app
from tests.web.visitor import PASSWORD, Visitor, hash_password

PAGES = {
    "mia": ("/todos", "/todos?state=pending", "/todos?q=九月", "/todos/rules", "/todos/supervision"),
    "rob": ("/todos", "/todos/rules"),
    "sue": ("/todos", "/todos/supervision"),
    "han": ("/todos/absence", "/notices", "/notices/preferences", "/notices/bell"),
    "ops": ("/outbox", "/notices"),
}
CLOSED = {"han": ("/todos", "/todos/supervision", "/outbox"), "mia": ("/todos/absence", "/outbox")}
TOKEN = re.compile(r'name="token" value="([^"]+)"')


@pytest.fixture
def office(stage: Stage) -> Office:
    office = Office(stage)
    hashed = {"password_hash": hash_password(PASSWORD)}
    stage.engine.database.transact(lambda unit: unit.connection.execute(update(user).values(hashed)))
    return office


@pytest.fixture
def app(office: Office) -> Flask:
    return make_app(office.stage.engine)


@pytest.fixture
def visit(app: Flask) -> Callable[[str], Visitor]:
    def go(name: str) -> Visitor:
        visitor = Visitor(app)
        visitor.sign_in(name)
        visitor.act_as(PLATFORM, WHO[name])
        return visitor

    return go


def test_every_role_has_its_pages_in_both_languages(office: Office, visit: Callable[[str], Visitor]) -> None:
    item = office.add()
    (handling,) = office.handlings(item)
    for name, paths in PAGES.items():
        visitor = visit(name)
        for language, expected in (("zh", "通知"), ("en", "Notifications")):
            visitor.send("/preferences", {"language": language}, page="/notices")
            for path in paths:
                page = visitor.get(path)
                assert (page.status_code, expected in page.text) == (200, True), (name, path)
        for path in CLOSED.get(name, ()):
            assert visitor.get(path).status_code == 403, (name, path)
    own = f"/todos/handlings/{handling.id}"
    assert [visit(name).get(own).status_code for name in ("han", "mia", "hal")] == [200, 200, 404]
    assert visit("mia").get(f"/todos/items/{item}").status_code == 200


def test_the_outbox_says_what_waits_to_be_written(office: Office, visit: Callable[[str], Visitor]) -> None:
    operator = visit("ops")
    assert "有人填写了地址并收到通知后" in operator.get("/outbox").text
    all_day = Hours(time(0), time(23, 59), time(9))
    save_preferences(office.stage.engine, office.han, Preferences({"mail": Address("han@example.org")}, all_day))
    office.add()
    page = operator.get("/outbox").text
    (count,) = re.findall(r'class="num">(\d+)</b> <span class="dim">邮件 · 待发送', page)
    assert f"{count} 条等待发送" in page
    assert "这里还没有写下消息" in page
    office.run_on(days=1)
    operator = visit("ops")
    page = operator.get("/outbox").text
    assert "这里还没有写下消息" not in page
    assert "<table" in page


def test_a_manager_adds_an_item_its_handler_reads_of_it_and_a_second_change_waits(
    office: Office, visit: Callable[[str], Visitor]
) -> None:
    manager = visit("mia")
    token = TOKEN.search(manager.get("/todos").text)
    assert token is not None
    begun = manager.send("/todos/new", {"token": token[1]}, page="/todos")
    task = begun.headers["Location"].partition("?")[0]
    assert "事项内容" in manager.get(task).text
    form = {**ITEM, "token": "t" * 12}
    assert manager.send(task, form, page=task).status_code == 303  # type: ignore[arg-type]
    office.stage.settle()
    with office.stage.engine.database.read() as connection:
        item = connection.execute(select(todo_item.c.id)).scalar_one()
    reviewer = visit("rob")
    page = reviewer.get(f"/todos/items/{item}").text
    task = re.search(r'href="(/tasks/[^"?]+)', page)[1]  # type: ignore[index]
    shown = reviewer.get(task).text
    assert "<ins>核对九月对账单</ins>" in shown
    reviewer.send(task, {"review_decision": "approve", "token": "u" * 12}, page=task)
    office.stage.settle()
    handler = visit("han")
    listed = handler.get("/notices").text
    assert "核对九月对账单" in listed
    opened = re.search(r'href="(/notices/[^"]+/open)"', listed)[1]  # type: ignore[index]
    assert "/todos/handlings/" in handler.get(opened).headers["Location"]
    with office.stage.engine.database.read() as connection:
        assert connection.execute(select(notification.c.read_at)).scalar_one() is not None
    assert visit("hal").get(opened).status_code == 404
    change = {"kind": "modify", "token": "a" * 32}
    assert manager.send(f"/todos/items/{item}/change", change, page=f"/todos/items/{item}").status_code == 303
    again = manager.send(f"/todos/items/{item}/change", {**change, "token": "b" * 32}, page="/notices/preferences")
    assert (again.status_code, "已有一项变更" in again.text) == (409, True)
    assert visit("rob").send(f"/todos/items/{item}/change", change, page="/notices/preferences").status_code == 403


def test_a_link_shows_what_it_does_acts_once_and_cannot_be_forged(office: Office, app: Flask) -> None:
    item = office.add()
    path = next(one["path"] for one in office.told("han")[0].actions)
    stranger = Visitor(app)
    shown = stranger.get(path)
    assert (shown.status_code, "第 3 页" in shown.text) == (200, True)
    assert office.handlings(item)[0].result is None, "following it does nothing yet"
    assert stranger.client.post(path, **stranger.options).status_code == 400, "a form of ours only"
    first = stranger.send(path, {}, page=path)
    again = stranger.send(path, {}, page="/sign-in")
    assert [(one.status_code, "已有处理结果" in one.text) for one in (first, again)] == [(200, True)] * 2
    assert stranger.get(path[:-3] + "xyz").status_code == 404
    other = office.add(title="另一事项", due_rule="WT:P9D")
    late = next(one["path"] for told in office.told("han") for one in told.actions)
    office.stage.clock.advance(hours=73)
    expired = stranger.get(late)
    assert (expired.status_code, "登录" in expired.text) == (410, True)
    assert office.handlings(other)[0].state == "sent"


def test_preferences_and_absences_are_checked_and_kept(office: Office, visit: Callable[[str], Visitor]) -> None:
    handler, hours = visit("han"), {"quiet_from": "21:00", "quiet_until": "07:30", "digest_at": "09:00"}
    page = "/notices/preferences"
    for wrong in ({"mail": "nobody"}, {"messenger": "json://localhost/"}, {"quiet_from": "late"}):
        assert handler.send(page, hours | wrong, page=page).status_code == 422
    assert handler.send(page, hours | {"mail": "han@example.org"}, page=page).status_code == 303
    assert "han@example.org" in handler.get(page).text
    days = {"first": "2026-11-24", "last": "2026-11-25", "token": "a" * 32}
    for wrong in ({"substitute": "han"}, {"substitute": "mia"}, {"substitute": "hal", "last": "2026-11-01"}):
        assert handler.send("/todos/absence", days | wrong, page="/todos/absence").status_code == 422
    assert handler.send("/todos/absence", days | {"substitute": "hal"}, page="/todos/absence").status_code == 303
    end = re.search(r'action="(/todos/absence/[^"]+/end)"', handler.get("/todos/absence").text)[1]  # type: ignore[index]
    assert visit("hal").send(end, {}, page="/todos/absence").status_code == 404
    assert handler.send(end, {}, page="/todos/absence").status_code == 303


def test_another_system_sends_items_and_strangers_do_not(office: Office, app: Flask) -> None:
    engine, client = office.stage.engine, app.test_client()
    _, secret = create_token(engine, office.ops, "erp", ["todo.intake"])
    _, other = create_token(engine, office.ops, "crm", ["another.topic"])
    sent = {"item": {"title": "核对入库单", "body": "入库单 R-7 数量不符", "handlers": ["han"], "due_rule": "WT:P1D"}}

    def put(token: str, body: object) -> tuple[int, object]:
        answer = client.put("/api/todos/R-7", json=body, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.json

    status, first = put(secret, sent)
    office.stage.settle()
    assert (status, put(secret, sent)[1]) == (200, first)
    assert "handle" in office.tasks("han", office.newest_item())
    assert put(other, sent)[0] == 404
    assert put("none", sent)[0] == 401
    for field, wrong in (("handlers", ["nobody"]), ("priority", 9), ("colour", "red"), ("callback_url", "http://x/")):
        status, problem = put(secret, {"item": sent["item"] | {field: wrong}})
        assert status == 422, (field, problem)
    gone = client.delete("/api/todos/R-7", headers={"Authorization": f"Bearer {secret}"})
    office.stage.settle()
    assert (gone.status_code, office.handlings(office.newest_item())[0].state) == (204, "withdrawn")
