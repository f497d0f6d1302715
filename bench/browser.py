"""A browser that costs next to nothing: it calls the application in process, so that only the server is measured."""

import io
import re
from collections.abc import Iterable
from typing import Any, Protocol
from urllib.parse import urlencode


class Application(Protocol):
    """What WSGI calls."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]: ...


class Browser:
    """One signed-in browser."""

    def __init__(self, app: Application, cookie: str) -> None:
        self.app = app
        self.cookie = cookie

    def get(self, path: str, **headers: str) -> tuple[str, dict[str, str], str]:
        """Opens a page; gives status, headers and text."""
        return self._call("GET", path, b"", headers)

    def post(self, path: str, fields: dict[str, str]) -> tuple[str, dict[str, str], str]:
        """Sends a form."""
        return self._call("POST", path, urlencode(fields).encode(), {})

    def _call(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[str, dict[str, str], str]:
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
            "CONTENT_TYPE": "application/x-www-form-urlencoded" if body else "",
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
        parts = self.app(environ, lambda status, sent, *_: answer.extend((status, dict(sent))))
        text = b"".join(parts).decode()
        if hasattr(parts, "close"):
            parts.close()
        return answer[0], answer[1], text


def find_value(page: str, name: str) -> str:
    """The value of a hidden field. Raises LookupError."""
    found = re.search(rf'name="{name}" value="([^"]+)"', page)
    if found is None:
        raise LookupError(f"Expected a field {name} in the page, but there is none")
    return found[1]
