"""A browser without scripts, for driving a running server: pages, cookies, and the forms the pages themselves hold.

Every request is bounded in time. A failed one is never tried again here: a repetition is the caller's choice.
"""

import http.client
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

from lxml import html

from web.demo import PASSWORD

TIMEOUT_SECONDS = 60
MAX_REDIRECTS = 5
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
REDIRECTS = frozenset({301, 302, 303, 307, 308})
Values = Mapping[str, str | list[str]]
Files = Mapping[str, tuple[str, bytes]]


class NotLocal(ValueError):
    """The driver talks to servers on this machine only."""


class FormMissing(LookupError):
    """The page does not hold the form that is to be sent."""


@dataclass(frozen=True)
class Request:
    """A form as the browser sends it: everything that is needed to send exactly the same once more."""

    path: str
    fields: list[tuple[str, str]]
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    boundary: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def token(self) -> str:
        """What makes a repetition harmless; empty where the form has none."""
        return dict(self.fields).get("token", "")

    @property
    def body(self) -> bytes:
        """As the browser encodes it."""
        if not self.files:
            return urlencode(self.fields).encode()
        parts = [_part(self.boundary, f'name="{name}"', value.encode()) for name, value in self.fields]
        parts += [
            _part(self.boundary, f'name="{name}"; filename="{file_name}"', content)
            for name, (file_name, content) in self.files.items()
        ]
        return b"".join(parts) + f"--{self.boundary}--\r\n".encode()

    @property
    def content_type(self) -> str:
        """The header that goes with the body."""
        return f"multipart/form-data; boundary={self.boundary}" if self.files else "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Page:
    """An answer. `path` is where it was found, after redirects; `location` where it sends the browser, if it does."""

    path: str
    status: int
    location: str
    body: bytes

    @property
    def root(self) -> html.HtmlElement:
        """The document."""
        return html.fromstring(self.body)

    def links(self, prefix: str) -> list[str]:
        """Addresses of the page's links that begin so, in their order."""
        found = (link.get("href") or "" for link in self.root.iter("a"))
        return [address for address in found if address.startswith(prefix)]

    def text_of(self, css_class: str) -> str:
        """The words of the first element with a class; empty if there is none."""
        found = self.root.find_class(css_class)
        return " ".join(found[0].text_content().split()) if found else ""

    def fill(self, form: str, fields: Values, files: Files | None = None) -> Request:
        """The request of a form, found by its id or its address, with what was filled in. Raises FormMissing."""
        for element in self.root.iter("form"):
            action = element.get("action") or self.path
            if form in (element.get("id"), action, urlsplit(action).path):
                kept = [(name, value) for name, value in _defaults(element) if name not in fields]
                given = [(name, one) for name, value in fields.items() for one in _as_list(value)]
                return Request(urljoin(self.path, action), kept + given, dict(files or {}))
        raise FormMissing(f"Expected the form {form} on {self.path} ({self.status}), but it is not there")


class Browser:
    """One browser with its cookies. Not for several threads at once; `open_tab` gives another with the same cookies."""

    def __init__(self, url: str, cookies: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK:
            raise NotLocal(f"Expected an address like http://127.0.0.1:8000, but got {url}")
        self.url = url
        self.cookies = dict(cookies or {})
        self._host, self._port = parts.hostname, parts.port or 80

    def open_tab(self) -> "Browser":
        """Another browser that is signed in as this one is."""
        return Browser(self.url, self.cookies)

    def get(self, path: str) -> Page:
        """Opens a page, following redirects."""
        return self._follow(self._send("GET", path))

    def send(self, request: Request) -> Page:
        """Sends a form; a redirect is not followed, so that the answer itself is seen.

        Raises OSError or HTTPException where no answer came: whether it was done is unknown then.
        """
        return self._send("POST", request.path, request.body, request.content_type)

    def submit_form(self, page: Page, form: str, fields: Values, files: Files | None = None) -> Page:
        """Fills in a form of a page, sends it and follows where that leads."""
        return self._follow(self.send(page.fill(form, fields, files)))

    def sign_in(self, login: str, password: str = PASSWORD) -> Page:
        """Fills in the first page."""
        return self.submit_form(self.get("/sign-in"), "/sign-in", {"login": login, "password": password})

    def act_as(self, role: str) -> Page:
        """Presses the card of a role. Raises FormMissing where the person may not act in it."""
        page = self.get("/role")
        cards = (button.get("value") or "" for button in page.root.iter("button"))
        card = next((value for value in cards if value.partition("/")[2] == role), None)
        if card is None:
            raise FormMissing(f"Expected the role {role} to be offered, but it is not")
        return self.submit_form(page, "/role", {"role": card})

    def _follow(self, page: Page) -> Page:
        for _ in range(MAX_REDIRECTS):
            if page.status not in REDIRECTS:
                return page
            page = self._send("GET", page.location)
        raise http.client.HTTPException(f"Expected a page, but there were more than {MAX_REDIRECTS} redirects")

    def _send(self, method: str, path: str, body: bytes | None = None, content_type: str = "") -> Page:
        headers = {
            "Accept": "text/html",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        if body is not None:
            headers |= {"Content-Type": content_type, "Origin": self.url}
        connection = http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        self._keep_cookies(response.headers.get_all("Set-Cookie") or [])
        location = urlsplit(response.headers.get("Location", ""))
        return Page(path, response.status, location._replace(scheme="", netloc="").geturl(), content)

    def _keep_cookies(self, lines: Iterable[str]) -> None:
        for line in lines:
            for name, morsel in SimpleCookie(line).items():
                if morsel.value and morsel["max-age"] != "0":
                    self.cookies[name] = morsel.value
                else:
                    self.cookies.pop(name, None)


def _defaults(form: html.HtmlElement) -> list[tuple[str, str]]:
    """What a form sends if nothing is changed; buttons send nothing."""
    found = []
    for element in form.iter("input", "select", "textarea"):
        name, kind = element.get("name"), element.get("type", "text")
        if not name or kind in ("file", "submit", "button") or element.get("disabled") is not None:
            continue
        if element.tag == "select":
            chosen = [option for option in element.iter("option") if option.get("selected") is not None]
            options = chosen or list(element.iter("option"))[:1]
            found += [(name, option.get("value", "")) for option in options]
        elif element.tag == "textarea":
            found.append((name, (element.text or "").removeprefix("\n")))
        elif kind not in ("radio", "checkbox") or element.get("checked") is not None:
            found.append((name, element.get("value", "on" if kind == "checkbox" else "")))
    return found


def _as_list(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def _part(boundary: str, disposition: str, content: bytes) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n".encode() + content + b"\r\n"
