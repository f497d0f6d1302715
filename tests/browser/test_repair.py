"""A repair of a team: the leader on the desktop, an assistant on the phone, verified, signed by hand on the phone."""

from playwright.sync_api import expect

from tests.browser.acts import picture
from tests.browser.checks import find_barriers, find_overflow
from tests.browser.conftest import Visit
from tests.browser.person import PHONE, Person

TITLE = "3 号楼空调机组停机"


def open_order(person: Person, title: str = TITLE) -> None:
    """From the list to the order."""
    person.open("/repairs")
    person.follow(title)


def test_a_team_repairs_and_the_customer_signs(visit: Visit) -> None:
    with (
        visit("zh") as ding,
        visit("zh", PHONE) as shi,
        visit("zh", PHONE) as hao,
        visit("en") as yan,
        visit("zh", PHONE) as chen,
    ):
        upload_photos(shi.enter("shi", "individual"))
        merge(ding.enter("ding", "individual"))
        acknowledge(hao.enter("hao", "individual"), "agree")
        acknowledge(shi, "dissent")
        submit(ding)
        verify(yan.enter("yan", "repair_verifier"))
        sign(chen.enter("chen", "enterprise_operator"))
        ding.page.reload()
        ding.sees("服务器报修单信息")
        ding.sees("客户已签收")
        assert find_overflow(ding.page) + find_barriers(ding.page) == []


def upload_photos(shi: Person) -> None:
    """Straight to the server, each with its line and stage; the raw information of others is not there."""
    open_order(shi)
    assert find_overflow(shi.page) + find_barriers(shi.page) == []
    expect(shi.page.get_by_role("link", name="郝明 · v1")).to_have_count(0)
    shi.follow("上传我的照片")
    shi.attach("照片", "bearing.png", "image/png", picture())
    expect(shi.page.locator('[name="photos-line"]')).to_be_visible()
    shi.page.locator('[name="photos-line"]').select_option("03")
    shi.page.locator('[name="photos-stage"]').select_option("after")
    shi.page.locator('[name="photos-caption"]').fill("新轴承")
    assert find_overflow(shi.page) == []
    shi.submit()
    shi.sees("1 张照片")


def merge(ding: Person) -> None:
    """The leader says why he has no photos, decides the conflict and writes his analysis."""
    open_order(ding)
    ding.follow("上传我的照片")
    ding.fill(no_photo_reason="照片由辅助人员拍摄")
    ding.submit()
    ding.follow("整合汇总")
    ding.sees("待决定 1 处")
    ding.page.get_by_label("21 μF").check()
    ding.sees("没有待决定的")
    assert find_overflow(ding.page) + find_barriers(ding.page) == []
    ding.fill(analysis="电容失效导致停机，轴承磨损。")
    ding.submit()


def acknowledge(assistant: Person, answer: str) -> None:
    """An assistant reads the merged text."""
    open_order(assistant)
    assistant.follow("查看汇总")
    assistant.choose("ack", answer, reveals="dissent_note" if answer == "dissent" else "")
    if answer == "dissent":
        assistant.fill(dissent_note="轴承只是临时处理。")
    assistant.submit()


def submit(ding: Person) -> None:
    """The complete report goes to the server, which merges it with the photos at once: they were there before."""
    open_order(ding)
    ding.sees("有异议")
    ding.press("提交完整报修单")
    ding.sees("服务器整合")


def verify(yan: Person) -> None:
    """Somebody who was not on the team accepts it."""
    open_order(yan)
    yan.follow("Verify")
    yan.choose("verdict", "accept")
    yan.submit()


def sign(chen: Person) -> None:
    """With a finger on the phone."""
    open_order(chen)
    chen.follow("签收")
    chen.choose("sign_off", "sign", reveals="signature-name")
    pad = chen.page.locator("[data-sign-pad] svg")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    chen.page.mouse.move(box["x"] + 30, box["y"] + 50)
    chen.page.mouse.down()
    for step in range(1, 8):
        chen.page.mouse.move(box["x"] + 30 + 25 * step, box["y"] + 50 + (20 if step % 2 else -20))
    chen.page.mouse.up()
    chen.fill(**{"signature-name": "陈思远"})
    assert find_overflow(chen.page) + find_barriers(chen.page) == []
    chen.submit()
    expect(chen.page.get_by_role("img", name="陈思远 的签名")).to_be_visible()
