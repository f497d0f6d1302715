"""Puts the web application together."""

from functools import cache, partial
from hashlib import sha256
from pathlib import Path

from flask import Blueprint
from flask.json.provider import DefaultJSONProvider
from jinja2 import StrictUndefined
from markupsafe import Markup

from engine.runtime.engine import Engine
from web.analyst.routes import make_analyst
from web.api.door import WorkerDoor
from web.api.routes import make_api
from web.api.todos import make_todo_api
from web.application import Application, is_relative
from web.auditor.routes import make_auditor
from web.chat.routes import make_chat
from web.couriers.routes import make_couriers
from web.documents import make_documents
from web.editions import Known
from web.errands.routes import make_errands
from web.errors import init_errors
from web.express.routes import make_express
from web.finance.routes import make_finance
from web.health import make_health
from web.here import kept
from web.identity.routes import make_identity
from web.installing import serve_manifest
from web.live import make_live
from web.market.routes import make_market
from web.navigation import draw_bars, list_groups
from web.notices.routes import make_notices
from web.operator.routes import make_operator
from web.payments import make_payments
from web.preferences import load_preferences
from web.repairs.routes import make_repairs
from web.security import (
    answered_token,
    finish_response,
    form_field,
    form_token,
    load_session,
    pass_gate,
)
from web.staff.routes import make_staff
from web.statics import STATIC, serve_static, serve_worker
from web.texts import HTML_LANGUAGE, Language, current_language, text, text_in, texts_under
from web.todos.routes import make_todos
from web.tracking.routes import make_tracking
from web.uploads import make_files

ICONS = frozenset((Path(__file__).parent / "assets" / "icons.txt").read_text().split())


class Formats:
    """The formats of the present request, for templates that are imported without it."""

    def __getattr__(self, name: str) -> object:
        found: object = getattr(kept().fmt, name)
        return found


def create_app(engine: Engine) -> Application:
    """The application over a running engine. The caller closes the engine."""
    app = Application(engine)
    assert isinstance(app.json, DefaultJSONProvider)
    app.json.ensure_ascii = False
    app.view_functions["static"] = serve_static
    app.add_url_rule("/worker.js", "worker", serve_worker)
    app.add_url_rule("/app.webmanifest", "manifest", serve_manifest)
    _init_templates(app, engine)
    init_errors(app, engine)
    app.before_request(partial(load_session, engine))
    app.before_request(partial(load_preferences, engine))
    app.before_request(partial(pass_gate, engine, WorkerDoor(engine)))
    app.after_request(finish_response)
    for blueprint in list_blueprints(engine):
        app.register_blueprint(blueprint)
    return app


def list_blueprints(engine: Engine) -> list[Blueprint]:
    """The pages of every audience."""
    return [
        make_identity(engine),
        make_market(engine),
        make_staff(engine),
        make_live(engine),
        make_files(engine),
        make_analyst(engine),
        make_auditor(engine),
        make_operator(engine),
        make_finance(engine),
        make_documents(engine),
        make_notices(engine),
        make_todos(engine),
        make_repairs(engine),
        make_express(engine),
        make_errands(engine),
        make_couriers(engine),
        make_tracking(engine),
        make_chat(engine),
        make_payments(engine),
        make_api(engine),
        make_todo_api(engine),
        make_health(engine),
    ]


def _init_templates(app: Application, engine: Engine) -> None:
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    app.jinja_env.know = partial(_know, app)
    app.jinja_env.globals.update(
        t=text,
        texts_under=texts_under,
        fmt=Formats(),
        icon=draw_icon,
        asset=asset_url,
        csrf_token=partial(form_token, engine),
        form_token=partial(form_field, engine),
        answered_token=answered_token,
        draw_bars=draw_bars,
        nav_groups=list_groups,
        html_language=lambda: HTML_LANGUAGE[current_language()],
    )


def _know(app: Application, language: Language) -> Known:
    """What templates may ask that has one answer in a language. Baton stands at the root of its host."""

    def find_address(endpoint: str, /, **values: object) -> str:
        if is_relative(endpoint, tuple(values)):
            raise LookupError("Expected what does not depend on the request")
        return app.find_address(endpoint, values)

    return {
        "t": partial(text_in, language),
        "html_language": lambda: HTML_LANGUAGE[language],
        "icon": draw_icon,
        "asset": asset_url,
        "has_asset": lambda name: (STATIC / name).exists(),
        "fixed": lambda name: Markup(app.jinja_env.get_template(name).render()),
        "url_for": find_address,
    }


def draw_icon(name: str, classes: str = "") -> Markup:
    """An icon of the sprite; decoration only, so a button with nothing else needs a label of its own.

    Raises ValueError for a name that is not in web/assets/icons.txt.
    """
    return _draw_icon(name, f"i {classes}".rstrip(), asset_url("build/icons.svg"))


@cache
def _draw_icon(name: str, classes: str, sprite: str) -> Markup:
    if name not in ICONS:
        raise ValueError(f"Expected an icon listed in web/assets/icons.txt, but got {name!r}")
    return Markup('<svg class="{}" aria-hidden="true"><use href="{}#{}"/></svg>').format(classes, sprite, name)


@cache
def asset_url(name: str) -> str:
    """The address of a static file, with a mark of its content so that browsers may keep it for a year.

    Of our own scripts and style sheets the build makes smaller ones; without it they go out as they are.
    """
    small = f"build/own/{name}"
    chosen = small if (STATIC / small).exists() else name
    file = STATIC / chosen
    mark = sha256(file.read_bytes()).hexdigest()[:10] if file.exists() else "missing"
    return f"/static/{chosen}?v={mark}"
