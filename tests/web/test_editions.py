"""What is the same on every page of a language is text of the template; what is not is asked for."""

from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask, g
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment, UndefinedError
from markupsafe import Markup, escape
from werkzeug.local import LocalProxy

from engine.runtime.engine import Engine
from web.app import create_app
from web.editions import Pages

TEMPLATES = {
    "same": "{{ t('word') }}{{ icon('x') }}",
    "joined": "{{ icon('x') ~ t('word') }}",
    "asked": "{{ t(key) }}",
    "macro": "{% macro box(word) %}<b>{{ word }}</b>{{ caller() if caller }}{% endmacro %}"
    "{{ box('<') }}{% call box('>') %}<u>{% endcall %}",
    "looped": "{% for one in 'ab' %}{{ loop.cycle('+', '-') }}{{ t(one) if one == word }}{% endfor %}",
    "unknown": "{{ nothing('x') }}",
    "frame": "<a>{% block top %}{{ shown.text }}{% endblock %}</a>{% block rest %}{% endblock %}{% include 'part' %}",
    "page": "{% extends 'frame' %}{% from 'macro' import box %}{% set word = shown.other %}lost"
    "{% block top %}{{ super() }}+{{ word }}{% endblock %}"
    "{% block rest %}{% for one in shown.entries if one.text %}{{ loop.index }}{{ box(one.text) }}"
    "{% else %}none{% endfor %}{% set kept %}<i>{{ shown.text }}</i>{% endset %}{{ kept }}{{ shown.text|upper }}"
    "{{ shown.deep.text ~ shown.deep.number }}{{ shown.missing }}{% filter lower %}{{ shown.html }}A{% endfilter %}"
    "{% endblock %}",
    "part": "{{ shown.number }}{{ shown.html }}{{ shown.nothing }}{{ word }}",
    "wrong": "{% if False %}{{ t('missing') }}{% endif %}fine",
}


@pytest.fixture
def calls() -> list[str]:
    """What was asked for, in order."""
    return []


@pytest.fixture
def app(calls: list[str]) -> Flask:
    app = Flask(__name__)
    app.jinja_environment = Pages
    app.jinja_options = {"loader": DictLoader(TEMPLATES), "autoescape": True}

    def word(language: str, key: str) -> str:
        calls.append(key)
        return {"word": f"<{language}>"}[key]

    pages = app.jinja_env
    assert isinstance(pages, Pages)
    pages.know = lambda language: {"t": lambda key: word(language, key), "icon": lambda name: Markup("<i>") + name}
    pages.globals["t"] = lambda key: word("called", key)
    return app


def _render(app: Flask, template: str, language: str, **values: Any) -> str:
    with app.app_context():
        g.language = language
        return app.jinja_env.get_template(template).render(**values)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_known_answers_are_asked_for_once(app: Flask, calls: list[str], language: str) -> None:
    pages = {_render(app, "same", language) for _ in range(3)}
    assert pages == {f"&lt;{language}&gt;<i>x"}
    assert calls == ["word"]


def test_joined_answers_stay_what_they_are(app: Flask) -> None:
    assert _render(app, "joined", "zh") == "<i>x&lt;zh&gt;"


def test_what_depends_on_the_page_is_asked_for_each_time(app: Flask, calls: list[str]) -> None:
    assert [_render(app, "asked", "zh", key="word") for _ in range(2)] == ["&lt;zh&gt;"] * 2
    assert calls == ["word", "word"]


def test_a_wrong_call_is_told_of_where_it_is_made(app: Flask) -> None:
    assert _render(app, "wrong", "zh") == "fine"


def test_what_is_called_is_called_as_in_any_template(app: Flask, calls: list[str]) -> None:
    assert _render(app, "macro", "zh") == "<b>&lt;</b><b>&gt;</b><u>"
    with pytest.raises(KeyError):
        _render(app, "looped", "zh", word="b")
    assert calls == ["b"]
    assert _render(app, "looped", "zh", word="c") == "+-"
    with pytest.raises(UndefinedError, match="nothing"):
        _render(app, "unknown", "zh")


class Shown:
    """An object, for a template that reads attributes."""

    text, other, number, nothing, html = "<&'\">", "é<", 7, None, Markup("<b>&amp;</b>")

    def __init__(self) -> None:
        self.entries = [{"text": "<x>"}, {"text": ""}, {"text": "y"}, SimpleNamespace(text="z>")]
        self.deep = {"text": Markup("<u>"), "number": 1.5, "items": 3}


def test_a_page_is_as_jinja_draws_it(app: Flask) -> None:
    plain = Environment(loader=DictLoader(TEMPLATES), autoescape=True)
    cases: list[Any] = [Shown(), vars(Shown()) | {"text": "map"}, {"deep": {}}]
    for shown in cases:
        values = {"shown": shown, "word": "outer"}
        assert _render(app, "page", "zh", **values) == plain.get_template("page").render(**values)


@given(text=st.text() | st.integers() | st.none() | st.booleans() | st.floats())
def test_text_is_escaped_as_by_jinja(text: object) -> None:
    pages = Pages(Flask(__name__), autoescape=True)
    pages.language = "zh"
    drawn = pages.from_string("{{ text }}").render(text=text)
    assert drawn == escape(text)


def test_nothing_that_templates_call_wants_their_context(engine: Engine) -> None:
    known = create_app(engine).jinja_env.globals.items()
    called = {name: value for name, value in known if not isinstance(value, LocalProxy) and callable(value)}
    assert len(called) > 10
    assert [name for name, value in called.items() if getattr(value, "jinja_pass_arg", None)] == []
