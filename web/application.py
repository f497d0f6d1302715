"""Flask, as this product uses it: what every request passes costs as little as it can."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl

from flask import Flask, Request, Response
from werkzeug.datastructures import Headers, ImmutableMultiDict
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import parse_cookie
from werkzeug.routing import MapAdapter, Rule
from werkzeug.sansio.utils import get_content_length
from werkzeug.utils import cached_property

from engine.language.syntax import READING
from engine.runtime.engine import Engine
from web.editions import Pages
from web.here import asked, kept
from web.security import MAX_FIELD_BYTES, complete_headers
from web.statics import STATIC

PLAIN = re.compile(r"[0-9A-Za-z_-]+").fullmatch
FORM = "application/x-www-form-urlencoded"
PLAIN_ADDRESS = re.compile(r"[0-9A-Za-z_/?=&.-]*").fullmatch
MAX_REQUEST_BYTES = 64 * 1024 * 1024
MAX_FIELDS = 5_000
MAX_PATTERNS = 2_000  # there are fewer; names of a query may come from whoever asks

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Asking(Request):
    """A request, with what it says read from where it stands instead of from among all headers, and its limits where
    Flask would look for them in the configuration of whatever application is answering.
    """

    max_content_length: int | None = MAX_REQUEST_BYTES
    max_form_memory_size: int | None = MAX_FIELD_BYTES
    max_form_parts: int | None = MAX_FIELDS

    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """Its cookies."""
        found = parse_cookie(self.environ.get("HTTP_COOKIE"), ImmutableMultiDict)
        return cast("ImmutableMultiDict[str, str]", found)

    @cached_property
    def mimetype(self) -> str:
        """What its body is."""
        declared: str = self.environ.get("CONTENT_TYPE", "")
        return declared if declared in ("", FORM) else super().mimetype

    @cached_property
    def content_length(self) -> int | None:
        """The bytes of its body, where it says so."""
        environ = self.environ
        return get_content_length(environ.get("CONTENT_LENGTH"), environ.get("HTTP_TRANSFER_ENCODING"))

    @cached_property
    def blueprints(self) -> list[str]:
        """Where its view belongs; Flask asks four times."""
        return super().blueprints

    def _load_form_data(self) -> None:
        """Reads a form without files at once. Werkzeug makes a parser, and a stream that looks for the end of the body.
        Raises ClientDisconnected for a body that is cut off.
        """
        length, most, found = self.content_length, self.max_content_length, self.__dict__
        is_short = length is not None and most is not None and length <= most
        if self.mimetype != FORM or not is_short or {"form", "stream", "_cached_data"} & found.keys():
            super()._load_form_data()
            return
        body: bytes = self.environ["wsgi.input"].read(length)
        if len(body) != length:
            raise ClientDisconnected
        try:
            items = parse_qsl(body.decode(), keep_blank_values=True, errors="werkzeug.url_quote")
        except ValueError:  # no text: as if nothing was sent
            items = []
        found |= {"stream": BytesIO(), "form": ImmutableMultiDict(items), "files": ImmutableMultiDict()}


class Answering(Response):
    """An answer, with its headers as they are where there is nothing to mend; Werkzeug copies them each time, and
    quotes an address it leads on to anew.
    """

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:
        """The headers as they are sent."""
        known = dict(self.headers)
        is_whole = self.status_code in (200, 303) and "Content-Length" in known
        is_ready = is_whole and PLAIN_ADDRESS(known.get("Location", ""))
        return self.headers if is_ready else super().get_wsgi_headers(environ)


class Address(Rule):
    """An address of a page. Werkzeug compiles two functions for each that write it, as long as all the rest of a start;
    most are never called, so each is compiled when it is.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compile_now = super()._compile_builder

        def build(rule: Address, **values: Any) -> tuple[str, str]:
            with READING:
                compiled = compile_now(append_unknown).__get__(rule, None)
            setattr(rule, "_build_unknown" if append_unknown else "_build", compiled)
            return cast("tuple[str, str]", compiled(**values))

        return build


class Application(Flask):
    """The application over a running engine."""

    request_class = Asking
    response_class = Answering
    url_rule_class = Address
    jinja_environment = Pages
    jinja_env: Pages

    def __init__(self, engine: Engine) -> None:
        super().__init__("web", static_folder=str(STATIC))
        self.engine = engine
        self._find_pattern = lru_cache(maxsize=MAX_PATTERNS)(self._make_pattern)

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers a request, with headers added where they are still a list; a stream is sent afterwards."""

        with self.engine.database.share_reader(is_kept=environ["REQUEST_METHOD"] == "GET"):
            return super().wsgi_app(environ, partial(_start, environ, start_response))

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """Baton stands at the root of whatever host it is asked at. Werkzeug looks for the host three times, and then
        encodes it although its characters were checked.
        """
        if request is None:
            return super().create_url_adapter(None)
        query = request.query_string.decode(errors="replace")
        host, scheme = request.host.lower(), request.scheme
        return MapAdapter(self.url_map, host, "/", "", scheme, request.path, request.method, query)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view is async; to ask it of each function a request passes costs more than most of these."""
        return func

    def url_for(self, /, endpoint: str, **values: Any) -> str:
        """The address of a page. It depends on the request only where its host is asked for, or a relative one."""
        if None in values.values():
            values = {name: value for name, value in values.items() if value is not None}
        if is_relative(endpoint, tuple(values)):
            return super().url_for(endpoint, **values)
        return self.find_address(endpoint, values)

    def find_address(self, endpoint: str, values: Mapping[str, Any]) -> str:
        """The address of an endpoint with its values; Baton stands at the root. Raises werkzeug's BuildError.

        Werkzeug looks for the rule and quotes each value anew. What needs no quoting goes into the address that was
        written the last time for the same names.
        """
        try:
            is_plain = all(map(PLAIN, values.values()))
        except TypeError:  # not all of them are text
            is_plain = False
        pattern = self._find_pattern(endpoint, tuple(values)) if is_plain else None
        return self._build_address(endpoint, values) if pattern is None else pattern.format_map(values)

    @cached_property
    def _build_address(self) -> Callable[[str, Mapping[str, Any]], str]:
        """Werkzeug's way, once all pages are there."""
        return self.url_map.bind("").build

    def _make_pattern(self, endpoint: str, names: tuple[str, ...]) -> str | None:
        """An address with a place for each value; none where a name is quoted, or only certain values taken."""
        if not all(map(PLAIN, names)):
            return None
        try:
            pattern = self._build_address(endpoint, {name: f"~{name}~" for name in names})
        except ValueError:
            return None
        for name in names:
            pattern = pattern.replace(f"~{name}~", f"{{{name}}}")
        return pattern

    def update_template_context(self, context: dict[str, Any]) -> None:
        """What the templates of a blueprint know. What all know are globals, and here once more as they are: quicker
        than the proxies that imported templates see.
        """
        here, asking = kept(), asked()
        context.setdefault("fmt", here.fmt)
        context.setdefault("g", here)
        context.setdefault("request", asking)
        for blueprint in asking.blueprints:
            for helpers in self.template_context_processors.get(blueprint, ()):
                context.update({**cast("dict[str, Any]", helpers()), **context})


@lru_cache(maxsize=MAX_PATTERNS)
def is_relative(endpoint: str, names: tuple[str, ...]) -> bool:
    """Whether an address with values of these names depends on the request that asks for it."""
    return endpoint.startswith(".") or any(name.startswith("_") for name in names)


def _start(
    environ: "WSGIEnvironment",
    start_response: "StartResponse",
    status: str,
    headers: list[tuple[str, str]],
    *error: Any,
) -> Callable[[bytes], object]:
    return start_response(status, complete_headers(environ, headers), *error)
