"""What is pushed to a browser is shown by it, also while no page is open; its page says what it cannot do."""

from time import monotonic
from typing import Any

from playwright.sync_api import Browser, expect

from tests.browser.checks import find_barriers, find_overflow
from tests.browser.person import PATIENCE_SECONDS, PAUSES_MILLISECONDS, PHONE, Person

SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  return (await registration.getNotifications()).map((one) => [one.title, one.body, one.data]);
}"""


def test_a_pushed_notification_is_shown(site: str, whole_browser: Browser) -> None:
    with Person(whole_browser, site, "en", PHONE) as chen:
        chen.context.grant_permissions(["notifications"])
        chen.enter("chen", "individual")
        chen.open("/notices/preferences")
        told = chen.page.locator("#push-form [role=status]")
        assert find_overflow(chen.page) + find_barriers(chen.page) == []
        chen.press("Turn on for this device")
        expect(told).to_have_text("The browser's push service cannot be reached now. Please try later.")

        session = chen.context.new_cdp_session(chen.page)
        found: list[str] = []
        session.on("ServiceWorker.workerRegistrationUpdated", lambda sent: found.extend(_list_ids(sent, chen.url)))
        session.send("ServiceWorker.enable")
        chen.await_true("async () => (await navigator.serviceWorker.ready).active.state === 'activated'")
        message = '{"id": "1", "title": "A task waits for you", "body": "Describe the demand", "path": "/inbox"}'
        deadline = monotonic() + PATIENCE_SECONDS
        while chen.page.evaluate(SHOWN) == [] and monotonic() < deadline:  # a push that comes again is shown once
            for registration in dict.fromkeys(found):
                sent = {"origin": chen.url, "registrationId": registration, "data": message}
                session.send("ServiceWorker.deliverPushMessage", sent)
            chen.page.wait_for_timeout(PAUSES_MILLISECONDS[0])
        chen.complaints.clear()  # this kind of window has no push service
        assert chen.page.evaluate(SHOWN) == [["A task waits for you", "Describe the demand", "/inbox"]]


def _list_ids(sent: dict[str, list[dict[str, Any]]], url: str) -> list[str]:
    return [
        one["registrationId"]
        for one in sent["registrations"]
        if one["scopeURL"].startswith(url) and not one["isDeleted"]
    ]
