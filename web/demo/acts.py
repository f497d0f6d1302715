"""What people do at a browser, page by page: publish, take, complete a task."""

from urllib.parse import parse_qs, urlsplit

from web.demo.driver import Browser, Files, FormMissing, Page, Values

TASK_FORM = "task-form"
TAKE_FORM = "take"


class Refused(Exception):
    """The server did not do what was asked; the text says what and how it answered."""


def publish(browser: Browser, demand: Values) -> str:
    """A new order with its demand described; gives its id."""
    started = browser.send(browser.get("/orders/new").fill("/orders/new", {}))
    target = urlsplit(started.location)
    order_page = parse_qs(target.query).get("next", [target.path])[0]
    _expect(started, 303)
    complete(browser, started.location, demand)
    return order_page.rpartition("/")[2]


def take(browser: Browser, order_id: str) -> int:
    """Presses the button on the order's page; gives the status: 303 for the winner, 409 for who came too late."""
    return browser.send(browser.get(f"/orders/{order_id}").fill(TAKE_FORM, {})).status


def act(browser: Browser, order_id: str, fields: Values, files: Files | None = None) -> None:
    """Completes the first task the order's page offers to its reader."""
    _complete_first(browser, browser.get(f"/orders/{order_id}"), fields, files)


def decide(browser: Browser, number: str, fields: Values) -> None:
    """Completes the first task of an order in the inbox; `number` is what people call the order."""
    _complete_first(browser, browser.get(f"/inbox?q={number}"), fields, None)


def complete(browser: Browser, task_path: str, fields: Values, files: Files | None = None) -> None:
    """Fills in the form of a task and sends it. Raises Refused."""
    _expect(browser.send(browser.get(task_path).fill(TASK_FORM, fields, files)), 303)


def read_number(browser: Browser, order_id: str) -> str:
    """What people call an order."""
    return browser.get(f"/orders/{order_id}").text_of("mono")


def _complete_first(browser: Browser, page: Page, fields: Values, files: Files | None) -> None:
    tasks = page.links("/tasks/")
    if not tasks:
        raise FormMissing(f"Expected a task on {page.path} ({page.status}), but it offers none")
    complete(browser, tasks[0], fields, files)


def _expect(page: Page, status: int) -> None:
    if page.status != status:
        words = page.text_of("notice") or page.text_of("error")
        raise Refused(f"Expected {status} from {page.path}, but got {page.status}: {words}")
