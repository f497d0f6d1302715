"""A prepaid task with two seats, from the enterprise's form to both ratings, by its people at their browsers."""

from playwright.sync_api import FilePayload, expect

from tests.browser.acts import CHECKLIST, local_time, picture
from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import PHONE, Person

TITLE = "展品标签校对（浏览器）"
PAY, NET = "300.00", "282.00"  # the fee is 6 %


def test_task_with_two_seats_from_its_form_to_the_ratings(visit: Visit) -> None:
    with visit("zh") as chen, visit("en", PHONE) as wang, visit("zh") as emily, visit("en") as gao, visit("zh") as xu:
        chen.sign_in("chen", "enterprise_operator")
        wang.sign_in("wang")
        emily.sign_in("emily")
        gao.sign_in("gao", "platform_reviewer")
        xu.sign_in("xu", "enterprise_acceptor")

        publish(chen)
        sign_up(wang, "Sign up", "I can begin today.")
        sign_up(emily, "报名", "校对过两届展会。")
        chen.await_there(chen.page.get_by_text("报名 2 · 中标 0 / 2"))
        assert "王海涛" not in chen.page.content()
        chen.open_own_task("选标")
        for box in chen.page.locator('[name="chosen"]').all():
            box.check()
        chen.sees("¥600.00")
        chen.submit()

        for left in (1, 0):
            review(gao, left)
        work(wang, ("Confirm assignment", "Begin work", "Upload deliverable"), "All labels are checked.")
        work(emily, ("确认承接", "开始执行", "上传交付成果"), "标签已全部校对。")
        for left in (1, 0):
            review(gao, left)

        for worker, stars in (("王海涛", "5"), ("何美玲", "4")):
            xu.open("/work")
            xu.follow(TITLE)
            xu.await_there(xu.page.get_by_role("link", name=worker))
            xu.follow(worker)
            xu.open_own_task("企业验收")
            xu.choose("acceptance_result", "accept")
            xu.sees(f"¥{NET}")
            xu.submit()
            xu.open_own_task("评价对方")
            xu.choose("stars", stars)
            xu.submit()
        for person, words in ((wang, "Rate the other side"), (emily, "评价对方")):
            person.page.reload()
            person.open_own_task(words)
            person.choose("stars", "5")
            person.submit()

        wang.await_there(wang.page.locator(".badge", has_text="5 stars").first)
        assert find_overflow(wang.page) + find_barriers(wang.page) == []
        chen.open("/work")
        chen.follow(TITLE)
        chen.await_there(chen.page.locator(".badge", has_text="已完成").first)
        expect(chen.page.locator(".sum tr", has_text="冻结中")).to_contain_text("¥0.00")
        expect(chen.page.locator(".sum tr", has_text="承接人实收")).to_contain_text("¥564.00")


def publish(operator: Person) -> None:
    """Fills in the form of a task; what it costs is shown before it is sent."""
    operator.open("/work/new")
    operator.press("开始填写")
    operator.fill(
        title=TITLE,
        description="展品标签共一百二十条，核对中英文名称与编号，标出不一致之处。",
        deliverable_spec="一份修订表，逐条注明改动。",
        signup_deadline=local_time(days=2),
        start_by=local_time(days=3),
        due_at=local_time(days=9),
        headcount="2",
    )
    operator.page.locator('[name="category"]').select_option("content")
    operator.choose("place_mode", "remote")
    operator.choose("award_preference", "manual")
    operator.choose("mode", "prepayment", reveals="pay_fen")
    operator.fill(pay_fen=PAY)
    operator.page.locator('[name="pay_fen"]').press("Tab")
    operator.sees(f"¥{NET}")
    operator.sees("¥600.00")
    operator.submit()
    operator.await_there(operator.page.get_by_role("link", name=TITLE))
    operator.follow(TITLE)


def sign_up(worker: Person, button: str, message: str) -> None:
    """Finds the task on the market and signs up for it."""
    worker.open("/market/tasks?q=展品标签")
    worker.await_there(worker.page.get_by_role("link", name=TITLE))
    worker.follow(TITLE)
    worker.fill(message=message)
    worker.page.locator('[name="accept_terms"]').check()
    worker.page.locator("#sign-up button", has_text=button).click()
    worker.page.get_by_role("status").first.wait_for()


def work(worker: Person, steps: tuple[str, str, str], statement: str) -> None:
    """Confirms, begins and delivers, each from the page of the engagement."""
    confirm, begin, deliver = steps
    worker.open("/work")
    worker.await_there(worker.page.get_by_role("link", name=TITLE))
    worker.follow(TITLE)
    worker.open_own_task(confirm)
    worker.choose("award_answer", "accept")
    worker.submit()
    worker.open_own_task(begin)
    worker.page.locator('[name="is_checked_in"]').check()
    worker.submit()
    worker.open_own_task(deliver)
    worker.fill(statement=statement)
    file: FilePayload = {"name": "labels.png", "mimeType": "image/png", "buffer": picture()}
    worker.page.locator('input[type="file"]').last.set_input_files(file)
    expect(worker.page.locator("img.thumb").first).to_be_visible()
    worker.page.locator('[name="is_original"]').check()
    worker.submit()


def review(reviewer: Person, left: int) -> None:
    """Approves one of the open reviews about the task; so many are left."""
    reviewer.open("/inbox?q=展品标签")
    rows = reviewer.page.locator(".row", has_text=TITLE)
    reviewer.await_there(rows.first)
    rows.first.get_by_role("link").click()
    reviewer.choose("decision", "approve", reveals="checklist-complete")
    for item in CHECKLIST:
        reviewer.page.locator(f'[name="checklist-{item}"][value="yes"]').check()
    reviewer.submit()
    reviewer.open("/inbox?q=展品标签")
    expect(rows).to_have_count(left)
