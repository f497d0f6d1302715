"""How a person wants to read: language, light or dark, time zone."""

from datetime import timedelta
from functools import lru_cache
from typing import Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo, available_timezones

from flask import g, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.services.identity.people import set_language
from web.formatting import Formatter
from web.texts import LANGUAGES, Language

Theme: TypeAlias = Literal["light", "dark", "auto"]
THEMES: tuple[Theme, ...] = get_args(Theme)
LANGUAGE_COOKIE, THEME_COOKIE, ZONE_COOKIE = "language", "theme", "zone"
KEPT_FOR = timedelta(days=365)
KNOWN_ZONES = available_timezones()


def load_preferences(engine: Engine) -> None:
    """Sets language, theme and formats for this request."""
    g.language = _choose_language()
    g.theme = request.cookies.get(THEME_COOKIE, "auto")
    if g.theme not in THEMES:
        g.theme = "auto"
    zone = request.cookies.get(ZONE_COOKIE)
    g.fmt = Formatter(g.language, ZoneInfo(zone) if zone in KNOWN_ZONES else engine.zone, engine.clock())


def save_preferences(engine: Engine, response: Response, language: str | None, theme: str | None) -> None:
    """Remembers what was chosen in the browser, and the language also in the account."""
    if language in LANGUAGES:
        _set_cookie(response, LANGUAGE_COOKIE, language)
        if g.session is not None:
            set_language(engine, g.session.user_id, language)
    if theme in THEMES:
        _set_cookie(response, THEME_COOKIE, theme)


def _choose_language() -> Language:
    account = g.session.language if g.session else None
    for chosen in (account, request.cookies.get(LANGUAGE_COOKIE)):
        for language in LANGUAGES:
            if chosen == language:
                return language
    return _choose_accepted(request.headers.get("Accept-Language", ""))


@lru_cache(maxsize=1024)
def _choose_accepted(header: str) -> Language:
    accepted = parse_accept_header(header, LanguageAccept)
    return "en" if accepted.best_match(("zh", "zh-CN", "en")) == "en" else "zh"


def _set_cookie(response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=KEPT_FOR, httponly=True, samesite="Lax", secure=request.is_secure)
