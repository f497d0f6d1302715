"""What pages weigh: each kind that links lead to, for every role, with every static file it names."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from sqlalchemy import select

from bench.browser import Browser, sign_in
from bench.measuring import Figure
from engine.commands.deployments import deploy
from engine.commands.drafts import open_draft
from engine.definitions.catalogue import DECISION, FORM, PROCESS
from engine.queries.definitions import list_definitions
from engine.runtime.engine import Engine
from engine.storage.actor import SYSTEM, Actor
from engine.storage.schema import upgrade_schema
from engine.storage.settings import Settings
from engine.storage.tables import membership
from web.app import create_app
from web.demo.data import load_demo
from web.repository import read_definitions

PAGE_BUDGET = 100_000
CODINGS = "gzip, deflate, br, zstd"
EDITED = ((PROCESS, "hire_order"), (FORM, "hire_order/describe_demand"), (DECISION, "cancel_hire"))
IDENTIFIER = re.compile(r"[0-9a-f]{32}")
LINK = re.compile(r'<a\b[^>]*?\bhref="(/[^"]*)"')
PART = re.compile(r'(?:href|src)="(/static/[^"#]+)')
INNER = re.compile(r"""(?:from|import)\s*\(?["'](\./[\w./-]+\.js)["']|url\(["']?([\w./-]+\.woff2)""")
NO_PAGE = re.compile(
    r"^/static/|/(file|thumbnail|export)$|^/(files|diagrams|live)\b|/(attachments|drawings)/|^/drafts/[0-9a-f]{32}"
)


class Weight(NamedTuple):
    """Bytes of a page with its static files, as a browser of today gets them and as they are."""

    sent: int
    raw: int


@contextmanager
def open_demo() -> Iterator[Engine]:
    """An engine with the repository's definitions and the demo data, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        engine = Engine(Settings(data_dir=Path(folder), password_cost=1))
        try:
            upgrade_schema(engine.database)
            deploy(engine, SYSTEM, read_definitions())
            load_demo(engine)
            yield engine
        finally:
            engine.close()


def measure_pages(_is_quick: bool) -> Iterator[Figure]:
    """The heaviest of each kind. Editors have no budget."""
    with open_demo() as engine:
        app = create_app(engine)
        heaviest: dict[str, Weight] = {}
        for cookie in _list_cookies(engine):
            browser = Browser(app.wsgi_app, cookie)
            for path, content in _walk(browser):
                kind, weight = _name_kind(path), _weigh(browser, path, content)
                heaviest[kind] = max(heaviest.get(kind, weight), weight)
        analyst = Browser(app.wsgi_app, sign_in(engine, *find_analyst(engine)))
        for kind, key in EDITED:
            path = f"/drafts/{open_draft_of(engine, kind, key)}"
            heaviest[f"/drafts/{kind}"] = _weigh(analyst, path, analyst.fetch(path)[2])
    for kind, weight in sorted(heaviest.items(), key=lambda found: found[1], reverse=True):
        limit = None if kind.startswith("/drafts/") else PAGE_BUDGET
        note = f"{weight.raw:,} before compression"
        yield Figure(f"page{kind}.bytes", f"page {kind}", weight.sent, "bytes", limit, note)


def find_analyst(engine: Engine) -> tuple[str, str, str]:
    """Whoever of the demo is an analyst: user, party and role."""
    query = select(membership.c.user_id, membership.c.party_id, membership.c.role).where(membership.c.role == "analyst")
    with engine.database.read() as connection:
        user_id, party_id, role = connection.execute(query).first() or ("", "", "")
    return user_id, party_id, role


def open_draft_of(engine: Engine, kind: str, key: str) -> str:
    """The id of a draft of a definition."""
    user_id, party_id, role = find_analyst(engine)
    newest = next(row for row in list_definitions(engine, kind) if row.key == key)
    return open_draft(engine, Actor(user_id, party_id, role, frozenset({role})), newest.id)


def _list_cookies(engine: Engine) -> Iterator[str]:
    """Nobody's, and one for each role."""
    yield ""
    query = select(membership.c.user_id, membership.c.party_id, membership.c.role).order_by(membership.c.role)
    with engine.database.read() as connection:
        rows = connection.execute(query).all()
    for row in {row.role: row for row in rows}.values():
        yield sign_in(engine, row.user_id, row.party_id, row.role)


def _walk(browser: Browser) -> Iterator[tuple[str, bytes]]:
    """Every kind of page that can be reached by links, once."""
    waiting, kinds = ["/menu", "/sign-in"], set[str]()
    while waiting:
        path = waiting.pop()
        kind = _name_kind(path)
        if kind in kinds or NO_PAGE.search(urlsplit(path).path):
            continue
        kinds.add(kind)
        status, headers, content = browser.fetch(path)
        if status.startswith("5"):
            raise RuntimeError(f"Expected a page at {path}, but it answered {status}")
        if not headers.get("Content-Type", "").startswith("text/html"):
            continue
        if not status.startswith("200"):
            if location := headers.get("Location"):
                waiting.append(location)
            continue
        yield path, content
        waiting += [link.replace("&amp;", "&") for link in LINK.findall(content.decode())]


def _weigh(browser: Browser, path: str, page: bytes) -> Weight:
    """A page with what it names, and what that names in turn, whether now or only when it is wanted."""
    raw, sent = len(page), len(browser.fetch(path, CODINGS)[2])
    waiting, known = [part.replace("&amp;", "&") for part in PART.findall(page.decode())], set[str]()
    while waiting:
        part = waiting.pop()
        status, _, content = browser.fetch(part)
        if part in known or not status.startswith("200"):
            continue
        known.add(part)
        raw += len(content)
        sent += len(browser.fetch(part, CODINGS)[2])
        if part.partition("?")[0].endswith((".js", ".css")):
            waiting += [urljoin(part, "".join(names)) for names in INNER.findall(content.decode())]
    return Weight(sent, raw)


def _name_kind(path: str) -> str:
    return IDENTIFIER.sub("*", urlsplit(path).path)
