"""Flask, as this product uses it: what every request passes costs as little as it can."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from flask import Flask

from engine.runtime.engine import Engine
from web.editions import Pages
from web.here import asked, kept
from web.security import complete_headers
from web.statics import STATIC

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


class Application(Flask):
    """The application over a running engine."""

    jinja_environment = Pages
    jinja_env: Pages

    def __init__(self, engine: Engine) -> None:
        super().__init__("web", static_folder=str(STATIC))
        self.engine = engine

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answers a request, with headers added where they are still a list."""

        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            return start_response(status, complete_headers(environ, headers), *error)

        return super().wsgi_app(environ, start)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view is async; to ask it of each function a request passes costs more than most of these."""
        return func

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
