"""Forms of pages that belong to no task: the same fields, messages and look as the forms of tasks."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from flask import current_app, g, request
from markupsafe import Markup
from werkzeug.exceptions import BadRequest

from engine.definitions.forms import BoundForm, Form, bind, parse_form
from engine.runtime.engine import Engine
from engine.storage.plain import Plain, PlainDict
from web.rendering import render_form
from web.texts import current_language

FOLDER = Path(__file__).parent / "forms"
MAX_TOKEN_LENGTH = 64


@cache
def read_question(name: str, folder: Path = FOLDER) -> Form:
    """One of the forms of a folder of pages."""
    return parse_form(name, (folder / f"{name}.form").read_bytes())


def bind_question(
    engine: Engine, name: str, draft: PlainDict | None = None, folder: Path = FOLDER, *, is_sent: bool = True
) -> BoundForm:
    """The form before the reader: as he sent it, else filled from a draft, else empty. `is_sent`: whether what was
    posted is this form.
    """

    def evaluate(expression: str, values: Mapping[str, Plain]) -> Plain:
        return engine.sandbox.evaluate(expression, dict(values))

    return bind(
        read_question(name, folder),
        data={},
        language=current_language(),
        timezone=engine.zone,
        evaluate=evaluate,
        submitted=request.form if request.method == "POST" and is_sent else None,
        draft=draft,
    )


def draw_question(bound: BoundForm) -> Markup:
    """The fields, without the `<form>` around them."""
    return render_form(current_app.jinja_env, bound, g.fmt)


def read_token() -> str:
    """The token of the page that was sent: what makes a second press of its button harmless. Answers 400 without."""
    token = request.form.get("token", "")
    if not 0 < len(token) <= MAX_TOKEN_LENGTH:
        raise BadRequest
    return token
