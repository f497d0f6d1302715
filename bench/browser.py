"""A browser that costs next to nothing: it calls the application in process, and knows how much of the CPU the answers
took."""

import io
import json
import re
from collections.abc import Iterable
from time import process_time
from typing import Any, Protocol
from urllib.parse import urlencode

from bench.measuring import children_seconds
from engine.runtime.engine import Engine
from engine.services.identity.sessions import choose_role, find_session, open_session
from web.security import SESSION_COOKIE

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class Application(Protocol):
    """What WSGI calls."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]: ...


def sign_in(engine: Engine, user_id: str, party_id: str, role: str) -> str:
    """The cookie of somebody who has signed in and chosen a role."""
    with engine.database.read() as connection:
        session = find_session(connection, open_session(engine, user_id), engine.clock())
    assert session is not None
    return f"{SESSION_COOKIE}={choose_role(engine, session, party_id, role)}"


class Browser:
    """One signed-in browser."""

    def __init__(self, app: Application, cookie: str) -> None:
        self.app = app
        self.cookie = cookie
        self.served_seconds = 0.0  # of this process

    def answering(self) -> float:
        """CPU seconds of all answers so far, workers of the sandbox included, the browser's own work not."""
        return self.served_seconds + children_seconds()

    def get(self, path: str, **headers: str) -> tuple[str, dict[str, str], str]:
        """Opens a page; gives status, headers and text."""
        status, sent, content = self._call("GET", path, b"", headers)
        return status, sent, content.decode()

    def fetch(self, path: str, codings: str = "") -> tuple[str, dict[str, str], bytes]:
        """Opens a page or a file as it goes over the wire to a browser that takes these codings."""
        return self._call("GET", path, b"", {"accept_encoding": codings})

    def post(self, path: str, fields: dict[str, str]) -> tuple[str, dict[str, str], str]:
        """Sends a form."""
        status, sent, content = self._call("POST", path, urlencode(fields).encode(), {})
        return status, sent, content.decode()

    def post_json(self, path: str, content: object, **headers: str) -> tuple[str, dict[str, str], str]:
        """Sends what a script of a page sends."""
        asked = {"accept": JSON, "content_type": JSON, **headers}
        status, sent, answer = self._call("POST", path, json.dumps(content).encode(), asked)
        return status, sent, answer.decode()

    def _call(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[str, dict[str, str], bytes]:
        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "HTTP_COOKIE": self.cookie,
            "HTTP_ACCEPT": "text/html",
            "HTTP_ACCEPT_LANGUAGE": "zh-CN",
            "CONTENT_TYPE": headers.pop("content_type", FORM if body else ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
        }
        answer: list[Any] = []
        began = process_time()
        parts = self.app(environ, lambda status, sent, *_: answer.extend((status, dict(sent))))
        content = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        self.served_seconds += process_time() - began
        return answer[0], answer[1], content


def find_value(page: str, name: str) -> str:
    """The value of a hidden field. Raises LookupError."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    if found is None:
        raise LookupError(f"Expected a field {name} in the page, but there is none")
    return found[1]
