"""The pages of express tasks: the list with its faults and repairs, who sees what, the link and the confirmation."""

import re
from io import BytesIO

import pytest
from sqlalchemy import select

from engine.queries.inbox import list_tasks
from engine.services.express.commands import create_express_task
from engine.services.express.importing import import_list
from engine.services.express.links import make_path
from engine.services.express.tables import express_line
from engine.services.payments.payments import start_top_up
from engine.storage.actor import Actor
from engine.storage.files import store_file
from engine.storage.ids import new_id
from engine.storage.plain import Plain
from tests.engine.services.express.lists import as_csv, as_xlsx, id_number, person
from tests.processes.hire_order.hiring import CHECKLIST
from tests.web.bazaar import Bazaar
from tests.web.forms import fill_in, post, press
from tests.web.visitor import Visitor

TASK: dict[str, Plain] = {
    "title": "展会布展与撤展",
    "category": "event",
    "content": "在展会现场完成三天的布展、值守与撤展，每人每天八小时，已由现场主管签字。",
    "period_from": "2026-11-01",
    "period_to": "2026-11-03",
    "deliverable_source": "enterprise",
    "confirm_deadline_days": "7",
    "fee_bearer": "deducted_from_pay",
    "declaration": "true",
}


class Shop:
    """Chen's company lists who did a piece of work."""

    def __init__(self, bazaar: Bazaar) -> None:
        self.bazaar, self.engine = bazaar, bazaar.engine
        self.chen = bazaar.visit("chen")
        self.task_id = create_express_task(self.engine, bazaar.actor("chen"), new_id())
        bazaar.stage.settle()
        self.page = f"/express/tasks/{self.task_id}"
        self.list = f"{self.page}/lines"

    def import_file(self, content: bytes, fields: dict[str, str] | None = None) -> tuple[int, str]:
        """Sends a file from the page of the list; gives status and address or page."""
        action = f"{self.page}/import"
        sent = fields or fill_in(self.chen, self.list, action)
        data = {**sent, "list": (BytesIO(content), "list.csv")}
        answer = self.chen.client.post(action, data=data, **self.chen.options)
        return answer.status_code, answer.headers.get("Location") or answer.text

    def publish(self, content: bytes) -> str:
        """Imports a list of one, pays for it and has it reviewed; gives the link of its line."""
        bazaar, chen = self.bazaar, self.bazaar.actor("chen")
        role = "enterprise_finance"
        start_top_up(self.engine, Actor(bazaar.ids["lin"], bazaar.company, role, frozenset({role})), 100_000, new_id())
        bazaar.stage.settle()
        import_list(self.engine, chen, self.task_id, new_id(), content)
        picture = BytesIO(b"\x89PNG\r\n\x1a\n" + new_id().encode())
        kept = self.engine.database.transact(
            lambda unit: store_file(unit, self.engine.keys, self.engine.files, "a.png", picture, chen.party_id)
        )
        bazaar.stage.do(chen, self.task_id, "draft_express", {**TASK, "evidence": [kept.id]})
        checked: dict[str, Plain] = dict.fromkeys((f"checklist-{item}" for item in CHECKLIST), "yes")
        gao = bazaar.actor("gao")
        while any(row.instance_id == self.task_id for row in list_tasks(self.engine, gao).rows):
            bazaar.stage.do(gao, self.task_id, "review", {"decision": "approve", **checked})
        return make_path(self.engine.keys, self.lines()[0], 1)

    def lines(self) -> list[str]:
        """The ids of the lines of every import, the latest list last."""
        with self.engine.database.read() as connection:
            query = select(express_line.c.id).order_by(express_line.c.listed_at, express_line.c.number)
            return list(connection.execute(query).scalars())


@pytest.fixture
def shop(bazaar: Bazaar) -> Shop:
    return Shop(bazaar)


def test_a_list_is_imported_mended_line_by_line_and_imported_again(shop: Shop) -> None:
    chen = shop.chen
    status, page = shop.import_file(b"hello")
    assert status == 422
    assert "表头缺少" in page
    sent = fill_in(chen, shop.list, f"{shop.page}/import")
    content = as_csv(person(1), person(2, phone="555"), person(3, pay="-1"))
    assert shop.import_file(content, sent) == shop.import_file(content, sent) == (303, f"{shop.list}?imported=3")
    page = chen.get(f"{shop.list}?imported=3").text
    assert "其中 2 条有问题" in page
    assert "手机号须为 11 位" in page
    assert id_number(1) not in page
    assert f"{id_number(1)[:4]}************{id_number(1)[-2:]}" in page
    first, second, third = shop.lines()

    line = f"{shop.list}/{second}"
    assert "手机号须为 11 位" in chen.get(line).text
    said = dict(zip(("name", "id_type", "id_no", "phone", "quantity", "pay", "note"), person(2), strict=True))
    hidden = fill_in(chen, line, line)
    for _ in range(2):  # pressed twice
        answer = chen.client.post(line, data={**hidden, **said}, **chen.options)
        assert answer.headers["Location"].startswith(f"{shop.list}?done=saved")
    changed = chen.client.post(line, data={**hidden, **said, "name": "李四"}, **chen.options)
    assert (changed.status_code, "别人已修改了这一条" in changed.text) == (409, True)
    assert press(chen, shop.list, f"{shop.list}/{third}/remove").status_code == 303
    assert len(shop.lines()) == 2
    assert "没有符合的条目" in chen.get(f"{shop.list}?group=faulty").text
    assert "张三2" not in chen.get(f"{shop.list}?q={id_number(1)}").text
    assert "张三1" in chen.get(f"{shop.list}?q=13800000001").text

    assert shop.import_file(as_xlsx(*(person(seed) for seed in range(1, 61))))[0] == 303
    page = chen.get(shop.list).text
    assert "张三50" in page
    assert "张三51" not in page
    assert "张三51" in chen.get(f"{shop.list}?after=50").text
    assert first not in page


def test_the_template_is_a_list_the_import_reads(shop: Shop) -> None:
    for ending in ("xlsx", "csv"):
        content = shop.chen.get(f"/express/template.{ending}").data
        assert shop.import_file(content) == (303, f"{shop.list}?imported=1")


def test_each_address_is_for_those_it_concerns(shop: Shop, bazaar: Bazaar) -> None:
    shop.import_file(as_csv(person(1, phone="555")))
    line_id = shop.lines()[0]
    colleague, finance, stranger = bazaar.visit("sun"), bazaar.visit("lin"), bazaar.visit("zhou")
    outsider = Visitor(bazaar.app)
    outsider.sign_in("wang")
    company = press(outsider, "/enterprises/new", "/enterprises/new", company="别家公司")
    assert company.status_code == 303
    reading = (shop.page, shop.list, "/express/tasks")
    changing = (f"{shop.list}/{line_id}", f"{shop.page}/import/progress")
    for path in reading:
        assert (colleague.get(path).status_code, finance.get(path).status_code) == (200, 200), path
        assert stranger.get(path).status_code == 403, path
    for path in changing:
        assert colleague.get(path).status_code == 200, path
        assert (finance.get(path).status_code, stranger.get(path).status_code) == (403, 403), path
    for path in (shop.page, shop.list, *changing, f"{shop.page}/cancel"):
        assert outsider.get(path).status_code == 404, path
    for path in (
        f"{shop.page}/import",
        f"{shop.list}/{line_id}/remove",
        f"{shop.list}/{line_id}",
        f"{shop.page}/cancel",
    ):
        fields = {"token": new_id(), "version": "1"}
        assert outsider.send(path, fields, page="/express/tasks/new").status_code in (404, 422), path
    assert shop.lines() == [line_id]
    assert "极速任务" in outsider.get("/express/tasks").text
    assert shop.page not in outsider.get("/express/tasks").text


def test_a_draft_is_called_off(shop: Shop, bazaar: Bazaar) -> None:
    fields = fill_in(shop.chen, f"{shop.page}/cancel", f"{shop.page}/cancel")
    for _ in range(2):
        answer = shop.chen.client.post(f"{shop.page}/cancel", data=fields, **shop.chen.options)
        assert answer.status_code == 303
    bazaar.stage.settle()
    assert "已取消" in shop.chen.get(shop.page).text
    assert shop.chen.get(f"{shop.page}/cancel").status_code == 409


def test_one_begins_at_its_form_which_leads_to_the_list(bazaar: Bazaar) -> None:
    chen = bazaar.visit("chen")
    begun = press(chen, "/express/tasks/new", "/express/tasks/new")
    form = chen.get(begun.headers["Location"]).text
    assert re.search(r'href="/express/tasks/[0-9a-f]{32}/lines"', form)


def test_a_link_that_was_never_made_opens_nothing(shop: Shop, visitor_of: Visitor) -> None:
    shop.import_file(as_csv(person(1)))
    line_id = shop.lines()[0]
    wrong = make_path(shop.engine.keys, line_id, 2)
    assert visitor_of.get(wrong).status_code == 404
    assert visitor_of.get(f"/express/confirmations/{line_id}").status_code == 303
    assert shop.bazaar.visit("zhou").get(f"/express/confirmations/{line_id}").status_code == 404


@pytest.fixture
def visitor_of(bazaar: Bazaar) -> Visitor:
    return Visitor(bazaar.app)


def test_a_link_opens_to_one_person_who_then_confirms(shop: Shop, bazaar: Bazaar) -> None:
    """The first to come by it binds the line; then it is his, and his alone."""
    path = shop.publish(as_csv(person(1, "300")))
    line_id = path.split("/")[2]
    somebody = Visitor(bazaar.app)
    page = somebody.get(path).text
    assert "¥300.00" in page
    assert "张三1" not in page
    assert "/register?as=individual&amp;next=" in page
    assert "这条链接是给个人的" in shop.chen.get(path).text
    zhou, wang = bazaar.visit("zhou"), bazaar.visit("wang")
    confirmation = f"/express/confirmations/{line_id}"
    assert wang.get(confirmation).status_code == 404
    opened = fill_in(zhou, path, path)
    late = fill_in(wang, path, path)
    assert post(zhou, path, opened).headers["Location"] == f"{confirmation}/next"
    assert post(zhou, path, opened).headers["Location"] == f"{confirmation}/next"  # pressed twice
    bazaar.stage.settle()
    assert post(wang, path, late).status_code == 403
    assert "另一个人" in wang.get(path).text
    task_page = zhou.get(f"{confirmation}/next").headers["Location"]
    assert re.search(r'"mono xs">\w+-\w+/1<', zhou.get(task_page).text), "its place in the list of the express task"
    assert "待确认" in zhou.get(confirmation).text
    assert "布展" in zhou.get("/express/confirmations").text
    for other in (wang, bazaar.visit("li")):
        assert (other.get(confirmation).status_code, other.get(f"{confirmation}/next").status_code) == (404, 404)
        assert "布展" not in other.get("/express/confirmations").text
    page = shop.chen.get(shop.list).text
    assert path not in page  # nobody else needs it any more
    assert "¥300.00" in shop.chen.get(shop.page).text


def test_somebody_new_registers_and_comes_back_to_the_link(shop: Shop, bazaar: Bazaar) -> None:
    path = shop.publish(as_csv(person(1)))
    new = Visitor(bazaar.app)
    entry = f"/register?as=individual&next={path}"
    fields = {"name": "张三1", "login": "zhangsan1", "password": "correct horse battery"}
    assert press(new, entry, "/register", **fields).headers["Location"] == path
    assert press(new, path, path).headers["Location"].endswith("/next")
    bazaar.stage.settle()
    assert "去补齐" in new.get(f"/express/confirmations/{path.split('/')[2]}").text
    elsewhere = Visitor(bazaar.app)
    fields |= {"login": "zhangsan2"}
    answer = press(elsewhere, "/register?as=individual&next=//evil.test/x", "/register", **fields)
    assert answer.headers["Location"] == "/certification"
