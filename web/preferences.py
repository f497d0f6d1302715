"""How a person wants to read: language, light or dark, time zone."""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo, available_timezones

from flask import Request, g, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response

from engine.runtime.engine import Engine
from engine.services.identity.people import set_language
from engine.services.identity.sessions import Session
from web.formatting import Formatter
from web.here import asked, kept
from web.texts import LANGUAGES, Language

Theme: TypeAlias = Literal["light", "dark", "auto"]
THEMES: tuple[Theme, ...] = get_args(Theme)
LANGUAGE_COOKIE, THEME_COOKIE, ZONE_COOKIE = "language", "theme", "zone"
KEPT_FOR = timedelta(days=365)
KNOWN_ZONES = available_timezones()


def load_preferences(engine: Engine) -> None:
    """Sets language, theme and formats for this request."""
    here, asking = kept(), asked()
    cookies = asking.cookies
    language = here.language = _choose_language(asking, here.session)
    theme = _read(cookies, THEME_COOKIE)
    here.theme = theme if theme in THEMES else "auto"
    zone = _read(cookies, ZONE_COOKIE)
    here.fmt = Formatter(language, ZoneInfo(zone) if zone in KNOWN_ZONES else engine.zone, engine.clock())


def save_preferences(engine: Engine, response: Response, language: str | None, theme: str | None) -> None:
    """Remembers what was chosen in the browser, and the language also in the account."""
    if language in LANGUAGES:
        _set_cookie(response, LANGUAGE_COOKIE, language)
        if g.session is not None:
            set_language(engine, g.session.user_id, language)
    if theme in THEMES:
        _set_cookie(response, THEME_COOKIE, theme)


def _choose_language(asking: Request, session: Session | None) -> Language:
    for chosen in (session and session.language, _read(asking.cookies, LANGUAGE_COOKIE)):
        for language in LANGUAGES:
            if chosen == language:
                return language
    return _choose_accepted(asking.environ.get("HTTP_ACCEPT_LANGUAGE", ""))


def _read(cookies: Mapping[str, str], name: str) -> str | None:
    """Most browsers have none of these; asked for one that is not there, Werkzeug makes an error page first."""
    if name not in cookies:
        return None
    return cookies[name]


@lru_cache(maxsize=1024)
def _choose_accepted(header: str) -> Language:
    accepted = parse_accept_header(header, LanguageAccept)
    return "en" if accepted.best_match(("zh", "zh-CN", "en")) == "en" else "zh"


def _set_cookie(response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=KEPT_FOR, httponly=True, samesite="Lax", secure=request.is_secure)
