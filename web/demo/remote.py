"""The same case against a running server: over HTTP, with the forms of its own pages."""

import re
from datetime import datetime, timedelta
from http.client import HTTPException
from threading import Event
from time import monotonic
from zoneinfo import ZoneInfo

from engine.storage.settings import read_settings
from web.demo.acts import Refused, act, decide, publish, read_number
from web.demo.demands import read_demands, type_time
from web.demo.driver import Browser, FormMissing, NotLocal, Page
from web.demo.player import APPROVAL, PIXEL
from web.demo.race import Tab, percentile, race
from web.demo.telling import prove, say

TAKERS = {"wang": "individual", "emily": "individual", "shen": "enterprise_admin"}
WAIT_SECONDS = 20.0
POLL_SECONDS = 0.2


def play_remotely(url: str, takers: int, has_milestones: bool) -> int:
    """Plays the case; 0 if it ended as it should and every proof held, else 1."""
    try:
        return _play(url, takers, "exhibition" if has_milestones else "projector")
    except (NotLocal, Refused, FormMissing) as problem:
        print(problem)
    except (OSError, HTTPException) as problem:
        print(f"Expected a server at {url}, but: {problem}")
    return 1


def _play(url: str, takers: int, demand_name: str) -> int:
    chen = sign_in(url, "chen", "individual")
    say("Chen signs in and acts for himself.")
    demand = read_demands(datetime.now(ZoneInfo(read_settings().timezone)))[demand_name]
    reward = str(demand["reward_fen"])
    top_up(chen, reward)
    say(f"Chen tops up {reward} yuan; the provider confirms it.")
    order_id = publish(chen, demand)
    number = read_number(chen, order_id)
    say(f"Chen describes the demand; {reward} yuan are frozen, the content is checked, and {number} is listed.")
    winner = _race(url, order_id, takers)
    if winner is None:
        return 1
    act(winner, order_id, {"has_started": "true"})
    say("The winner starts to work.")
    reviewer = sign_in(url, "gao", "platform_reviewer")
    for part in demand.get("milestones", ["1"]):
        _work(winner, reviewer, chen, order_id, number, part)
    for browser in (chen, winner):
        act(browser, order_id, {"stars": "5"})
    say("Both rate each other; the case is closed.")
    return _prove(sign_in(url, "du", "auditor"), order_id)


def sign_in(url: str, login: str, role: str) -> Browser:
    """A browser in which a person of the demo data acts in a role."""
    browser = Browser(url)
    browser.sign_in(login)
    browser.act_as(role)
    return browser


def top_up(browser: Browser, yuan: str) -> None:
    """Money in the wallet; waits until the provider has confirmed it. Raises Refused."""
    page = browser.submit_form(
        browser.get("/wallet/top-up"), "/wallet/top-up", {"amount_fen": yuan, "method": "online"}
    )
    deadline, pause = monotonic() + WAIT_SECONDS, Event()
    while _is_open(page):
        if page.status != 200 or monotonic() > deadline:
            raise Refused(f"Expected the top-up to be confirmed within {WAIT_SECONDS:.0f} s, but it was not")
        pause.wait(POLL_SECONDS)
        page = browser.get(page.path)


def _is_open(page: Page) -> bool:
    return page.root.get_element_by_id("payment").get("hx-get") is not None


def _race(url: str, order_id: str, takers: int) -> Browser | None:
    browsers = {login: sign_in(url, login, role) for login, role in TAKERS.items()}
    logins = list(TAKERS)
    tabs = [Tab(login, browsers[login].cookies) for login in (logins[n % len(logins)] for n in range(takers))]
    attempts = race(url, order_id, tabs)
    winners = {attempt.login for attempt in attempts if attempt.status == 303}
    refused = sum(attempt.status == 409 for attempt in attempts if attempt.login not in winners)
    others = sum(attempt.login not in winners for attempt in attempts)
    say(f"{takers} browsers of {len(set(logins[:takers]))} takers take it at once; it is {', '.join(winners)}'s.")
    say(f"They waited p50 {percentile(attempts, 0.5):.0f} ms, p99 {percentile(attempts, 0.99):.0f} ms.")
    claim = "exactly one taker has it, everybody else was told it is taken"
    if not prove(claim, len(winners) == 1 and refused == others, f"{refused} of {others}"):
        return None
    return browsers[winners.pop()]


def _work(winner: Browser, reviewer: Browser, chen: Browser, order_id: str, number: str, part: str) -> None:
    """The handover of a part of the work, its audit and its pay."""
    handover = {
        "summary": "约定的部分已全部完成，照片见附件。",
        "receiver": "陈思远",
        "handed_over_at": type_time(datetime.now(ZoneInfo(read_settings().timezone)) - timedelta(minutes=1)),
    }
    act(winner, order_id, handover, {"files-upload": ("photo.png", PIXEL + f"{order_id}-{part}".encode())})
    say("The winner hands over with a photo.")
    decide(reviewer, number, APPROVAL)
    say("The platform's reviewer goes through the checklist and approves the result.")
    act(chen, order_id, {"publisher_answer": "confirm"})
    say("Chen confirms within the objection window; that part is paid, less the platform's fee.")


def _prove(auditor: Browser, order_id: str) -> int:
    escrow = auditor.get(f"/cases/{order_id}/money").text_of("total")
    difference = auditor.get("/ledger").text_of("total")
    verified = auditor.submit_form(auditor.get("/verify"), "/verify", {})
    held = [
        prove("the auditor's page of the case shows an escrow of 0", _is_zero(escrow), escrow),
        prove("the auditor's ledger shows a trial balance of 0", _is_zero(difference), difference),
        prove("the auditor's verification finds nothing", bool(verified.text_of("proof")), verified.text_of("notice")),
    ]
    return 0 if all(held) else 1


def _is_zero(shown: str) -> bool:
    return set(re.findall(r"\d", shown)) == {"0"}
