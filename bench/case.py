"""One whole case through the real application and without it, next to SpiffWorkflow alone, and an unchanged inbox."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from flask import Blueprint, Response

from bench import world
from bench.browser import Browser, find_value, sign_in
from bench.diagrams import FIELDS, pair
from bench.measuring import Figure, compare, measure_cpu, measure_server, on_one_processor
from bench.reference import make_reference
from engine.commands.instances import start_instance
from engine.runtime.engine import Engine
from engine.services.identity.passwords import Passwords
from engine.services.identity.people import grant_role, register_person
from engine.storage.actor import PLATFORM, SYSTEM
from engine.storage.ids import new_token
from web.app import create_app
from web.policy import ACTING, RULES
from web.security import current_actor

INDIVIDUAL = "individual"
CASE_BUDGET, POLL_BUDGET = 3.5, 0.6


def measure_case(is_quick: bool) -> Iterator[Figure]:
    """Start, list, open the form, complete A, complete B, each a request of its own.

    On one processor, as all are when they are busy; and what it is where the server of the database has another one.
    """
    rounds, cases = (3, 5) if is_quick else (15, 15)
    with on_one_processor():
        for suffix, name, url in world.each_database(is_quick):
            with _open_cases(url) as one:
                yield from _measure(one, rounds, cases, suffix, name)
    for suffix, name, url in world.each_database(is_quick):
        with _open_cases(url) as one:
            ratio, _, _ = compare(rounds, partial(measure_cpu, one.reference, cases), partial(one.measure_http, cases))
        what = f"the same on all processors, {name}"
        yield Figure(f"http_case{suffix}.ratio_on_all_processors", what, ratio, "x")


@dataclass
class _Cases:
    """One case in three ways."""

    engine: Engine
    browser: Browser
    reference: Callable[[], None]
    http: Callable[[], None]

    def by_commands(self) -> None:
        """Without pages."""
        world.complete_next(self.engine, world.start(self.engine, "pair"), 2)

    def measure_http(self, cases: int) -> float:
        """CPU seconds of one case over HTTP, without what the browser needs."""
        return measure_cpu(self.http, cases, self.browser.answering)


@contextmanager
def _open_cases(url: str) -> Iterator[_Cases]:
    files = pair()
    with world.open_engine(files, url) as engine:
        browser = open_browser(engine)
        reference = make_reference(files["bpmn/pair/pair.bpmn"], "pair")
        cases = _Cases(engine, browser, reference, Case(engine, browser).run)
        for warm_up in (cases.reference, cases.http, cases.by_commands):
            measure_cpu(warm_up, 10)
        settle_memory()
        yield cases


def _measure(one: _Cases, rounds: int, cases: int, suffix: str, name: str) -> Iterator[Figure]:
    database = one.engine.database
    for key, what, measure, limit in (
        ("http_case", "a case over HTTP", one.measure_http, CASE_BUDGET),
        ("engine_case", "a case by commands alone", partial(measure_cpu, one.by_commands), None),
    ):
        server = measure_server(database)
        ratio, base, whole = compare(rounds, partial(measure_cpu, one.reference, cases), partial(measure, cases))
        spent = (measure_server(database) - server) / (rounds * cases)
        yield Figure(f"{key}{suffix}.ratio_to_engine", f"{what}, {name}, SpiffWorkflow alone = 1", ratio, "x", limit)
        yield Figure(f"{key}{suffix}.cpu_ms", f"  {what}", whole * 1e3, "ms")
        if not database.is_sqlite:
            yield Figure(f"{key}{suffix}.server_cpu_ms", "  and of the server of the database", spent * 1e3, "ms")
        yield Figure(f"{key}{suffix}.spiffworkflow_cpu_ms", "  SpiffWorkflow alone", base * 1e3, "ms")
    yield from _measure_poll(one.browser, rounds, suffix, name)


def settle_memory() -> None:
    """What is loaded stays: the collector need not look at it again. The server does the same (web/serving.py)."""
    gc.collect()
    gc.freeze()


class Case:
    """One person who runs cases from start to end, as often as asked."""

    def __init__(self, engine: Engine, browser: Browser) -> None:
        self.engine = engine
        self.browser = browser
        self.csrf_token = find_value(browser.get("/inbox")[2], "csrf_token")

    def run(self) -> None:
        """Five requests. The second task is found without one, as a page that leads on to it would."""
        _, headers, _ = self._post("/bench/start", {})
        instance_id = headers["X-Instance"]
        _, _, inbox = self.browser.get("/inbox")
        first = inbox.partition('href="/tasks/')[2].partition('"')[0]
        _, _, form = self.browser.get(f"/tasks/{first}")
        self._post(f"/tasks/{first}", {**FIELDS, "token": find_value(form, "token")})
        second = world.find_task(self.engine, instance_id)
        self._post(f"/tasks/{second}", {**FIELDS, "token": new_token()})

    def _post(self, path: str, fields: dict[str, str]) -> tuple[str, dict[str, str], str]:
        answer = self.browser.post(path, {"csrf_token": self.csrf_token, **fields})
        if not answer[0].startswith("303"):
            raise RuntimeError(f"Expected {path} to lead on, but it answered {answer[0]}")
        return answer


def open_browser(engine: Engine, role: str = INDIVIDUAL) -> Browser:
    """The real application with one more page, which starts a case, and somebody who has signed in to a role."""
    app = create_app(engine)
    RULES["bench.start"] = ACTING
    app.register_blueprint(_make_start(engine))
    passwords = Passwords(engine.settings.password_cost)
    user_id = register_person(
        engine, passwords, SYSTEM, login="bench", password="correct horse", name_zh="陈思远", name_en="Chen Siyuan"
    )
    party_id = user_id
    if role != INDIVIDUAL:
        party_id = PLATFORM
        grant_role(engine, SYSTEM, user_id, party_id, role, ["content"])
    return Browser(app.wsgi_app, sign_in(engine, user_id, party_id, role))


def _make_start(engine: Engine) -> Blueprint:
    blueprint = Blueprint("bench", __name__)

    @blueprint.post("/bench/start")
    def start() -> Response:
        actor = current_actor()
        instance_id = start_instance(engine, actor, "pair", {"who": actor.party_id}, new_token())
        return Response(status=303, headers={"Location": "/inbox", "X-Instance": instance_id})

    return blueprint


def _measure_poll(browser: Browser, rounds: int, suffix: str, name: str) -> Iterator[Figure]:
    """An inbox that has not changed is answered with 304 to who has its ETag."""
    _, headers, _ = browser.get("/inbox")
    tag = headers.get("ETag", "none")
    status, _, _ = browser.get("/inbox", if_none_match=tag)
    ratio, _, _ = compare(
        rounds,
        lambda: measure_cpu(lambda: browser.get("/inbox"), 20),
        lambda: measure_cpu(lambda: browser.get("/inbox", if_none_match=tag), 20),
    )
    note = "" if status.startswith("304") else "no ETag: the whole list is sent again"
    what = f"polling an unchanged inbox, {name}, the list = 1"
    yield Figure(f"inbox{suffix}.poll_ratio", what, ratio, "x", POLL_BUDGET, note)
