"""What people do with orders at a browser, page by page."""

import re
import struct
import zlib
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from playwright.sync_api import expect

from tests.browser.person import Person

ZONE = ZoneInfo("Asia/Shanghai")
REWARD = "333.30"
ORDER = re.compile(r"/orders/([0-9a-f]{32})")
CHECKLIST = ("complete", "lawful", "no_contact", "plausible", "files_opened")
_SHADES = count(0x0A788C)  # RGB colours, one after the other


def local_time(**later: float) -> str:
    """A time from now on the wall of the platform, as a browser's field takes it."""
    return (datetime.now(UTC).astimezone(ZONE) + timedelta(**later)).strftime("%Y-%m-%dT%H:%M")


def picture() -> bytes:
    """A small PNG of one colour, each time another: a file somebody else handed in calls for a second review."""
    side = 8
    rows = zlib.compress((b"\0" + next(_SHADES).to_bytes(3) * side) * side)
    parts = ((b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def begin_order(publisher: Person, button: str) -> str:
    """Presses the button that starts an order; gives its id, with the form of the demand open."""
    publisher.open("/orders/new")
    publisher.press(button)
    publisher.is_at(r"/tasks/")
    found = ORDER.search(publisher.page.url)
    assert found is not None
    return found[1]


def describe(publisher: Person, title: str, reward: str = REWARD) -> None:
    """Fills in the demand, with a place that only an answer asks for, and sends it."""
    publisher.fill(
        title=title,
        content="两间会议室各有一台新投影，请完成吊装微调、梯形校正和分辨率设置，线缆全部进线槽。",
        result_spec="完工照片不少于 6 张，端口对照表 1 份。",
        service_from=local_time(days=3),
        service_to=local_time(days=3, hours=4),
        contact_name="何美玲",
        contact_phone="13800001234",
        reward_fen=reward,
    )
    publisher.page.locator('[name="category"]').select_option("study")
    publisher.choose("place_mode", "on_site", reveals="address")
    publisher.fill(district="杭州 西湖区", address="文三路 90 号 7 楼 701")
    if publisher.page.locator('[name="safety_notes"]').count():
        publisher.fill(safety_notes="需登梯 2.4 m。")


def publish(publisher: Person, title: str, button: str, listed: str) -> str:
    """An order on the market; gives its id. `listed` is the word for its state."""
    order_id = begin_order(publisher, button)
    describe(publisher, title)
    publisher.submit()
    publisher.is_at(rf"/orders/{order_id}$")
    publisher.await_there(publisher.page.locator(".badge", has_text=listed).first)
    return order_id


def approve(reviewer: Person, title: str, yes: str) -> None:
    """Finds the review of an order in the inbox, claims it and passes every point."""
    reviewer.open("/inbox")
    search = reviewer.page.get_by_role("searchbox")
    search.fill(title)
    search.press("Enter")
    row = reviewer.page.locator(".row", has_text=title)
    reviewer.await_there(row)
    row.get_by_role("link").click()
    reviewer.choose("decision", "approve", reveals="checklist-complete")
    for item in CHECKLIST:
        reviewer.page.locator(f'[name="checklist-{item}"]').and_(reviewer.page.get_by_label(yes)).check()
    reviewer.submit()
    expect(reviewer.page.locator(".row", has_text=title)).to_have_count(0)
