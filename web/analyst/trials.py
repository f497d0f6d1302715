"""Trying out what is still being written: a form rendered, a table decided, a diagram arranged.

Nothing is stored and no case is touched; what is tried comes with the request.
"""

import json
from collections.abc import Mapping
from typing import TypeGuard

from flask import Blueprint, Response, current_app, g, jsonify, render_template, request
from markupsafe import Markup
from werkzeug.exceptions import BadRequest

from engine.definitions.drawing import NotDrawable, lay_out
from engine.definitions.forms import BoundForm, Form, FormInvalid, bind, parse_form
from engine.language.decisions import (
    Decision,
    DecisionError,
    DecisionInvalid,
    DecisionLogic,
    DecisionTable,
    decide,
    parse_decisions,
)
from engine.language.errors import BpmnUnreadable
from engine.language.model import read_bpmn
from engine.language.sandbox import SandboxBudgetExceeded, SandboxBusy
from engine.runtime.engine import Engine
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict
from web.formatting import Formatter
from web.rendering import render_form
from web.texts import LANGUAGES, Language, text

# Names of the trial's own fields; no key of a form begins with an underscore.
SCHEMA, LANGUAGE, CHECK, DATA = "_schema", "_language", "_check", "_data"
_KEY = "trial"


def add_trials(blueprint: Blueprint, engine: Engine) -> None:
    """The addresses of trials."""
    trials = Trials(engine)
    blueprint.add_url_rule("/trials/form", "try_form", trials.try_form, methods=("POST",))
    blueprint.add_url_rule("/trials/layout", "arrange", trials.arrange, methods=("POST",))
    blueprint.add_url_rule("/trials/table", "try_table", trials.try_table, methods=("POST",))


class Trials:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def try_form(self) -> Response:
        """A form before somebody who fills it in: the page, or what keeps it from being one.

        The other fields of the request are answers; with `_check` they are checked as if they had been sent.
        `_data` are the process data that read-only parts show.
        """
        language = _read_language(request.form.get(LANGUAGE))
        data = _read_object(request.form.get(DATA) or "{}")
        try:
            form = parse_form(_KEY, request.form.get(SCHEMA, "").encode())
        except FormInvalid as invalid:
            found = [{"element": one.component, "message": one.message(g.language)} for one in invalid.findings]
            return jsonify(page=None, findings=found)
        g.language, g.fmt = language, Formatter(language, g.fmt.zone, g.fmt.now)
        bound = self._bind(form, data, language)
        if CHECK in request.form:
            bound.validate()
        fields = render_form(current_app.jinja_env, bound, g.fmt)
        return jsonify(page=_render_page(fields, is_sound=CHECK in request.form and not bound.errors), findings=[])

    def _bind(self, form: Form, data: PlainDict, language: Language) -> BoundForm:
        def evaluate(expression: str, values: Mapping[str, Plain]) -> Plain:
            now = format_instant(self.engine.clock())
            return self.engine.form_sandbox.evaluate(expression, {"now": now, **values})

        own = {SCHEMA, LANGUAGE, CHECK, DATA, "csrf_token"}
        submitted = request.form if request.form.keys() - own else None
        return bind(form, data=data, language=language, timezone=g.fmt.zone, evaluate=evaluate, submitted=submitted)

    def try_table(self) -> Response:
        """What the decisions of a file ask for and, with `values`, what one of them decides for them."""
        asked = _read_object(request.get_data(as_text=True))
        content, key, values = asked.get("content"), asked.get("decision"), asked.get("values")
        if not isinstance(content, str) or not (values is None or _is_object(values)):
            raise BadRequest
        try:
            tables = {table.key: table for table in parse_decisions(content.encode())}
        except DecisionInvalid as invalid:
            found = [{"element": element, "message": problem.of(g.language)} for element, problem in invalid.findings]
            return jsonify(tables=[], findings=found, outcome=None)
        outcome = None
        if values is not None:
            if key not in tables:
                raise BadRequest
            outcome = self._decide(tables[str(key)], values)
        return jsonify(tables=[_describe(table) for table in tables.values()], findings=[], outcome=outcome)

    def arrange(self) -> tuple[Response, int]:
        """A diagram laid out anew; what it was drawn like is in the hands of who asks. 422 where it cannot be drawn."""
        content = request.get_data()
        try:
            read_bpmn(content)
            return Response(lay_out(content), mimetype="application/xml"), 200
        except (BpmnUnreadable, NotDrawable) as refused:
            return jsonify(error={"what": text("modeler.arrange.failed"), "detail": str(refused)}), 422

    def _decide(self, logic: DecisionLogic, values: PlainDict) -> PlainDict:
        try:
            decision = decide(logic, values, self.engine.form_sandbox)
        except DecisionError as error:
            return {"error": error.message.of(g.language)}
        except SandboxBudgetExceeded:
            return {"error": text("trial.too_long")}
        except SandboxBusy:
            return {"error": text("trial.busy")}
        return {**_tell(decision), "required": [_tell(one) for one in decision.required]}


def _render_page(fields: Markup, *, is_sound: bool) -> str:
    return render_template("analyst/trial_form.html", fields=fields, is_sound=is_sound)


def _tell(decision: Decision) -> PlainDict:
    return {
        "key": decision.key,
        "matched": list(decision.matched),
        "rows": list(decision.rows),
        "result": decision.result,
    }


def _describe(logic: DecisionLogic) -> PlainDict:
    """A decision by its key and the variables it reads, those of the input columns first."""
    columns = [column.text.strip() for column in logic.inputs] if isinstance(logic, DecisionTable) else []
    names = sorted(logic.names, key=lambda name: (columns.index(name) if name in columns else len(columns), name))
    return {"key": logic.key, "variables": [*names]}


def _read_language(name: str | None) -> Language:
    """Raises BadRequest."""
    for language in LANGUAGES:
        if name == language:
            return language
    raise BadRequest


def _read_object(text_: str) -> PlainDict:
    """Raises BadRequest for anything but a JSON object."""
    try:
        found: object = json.loads(text_)
    except (ValueError, RecursionError):
        raise BadRequest from None
    if not _is_object(found):
        raise BadRequest
    return found


def _is_object(found: object) -> TypeGuard[PlainDict]:
    return isinstance(found, dict)
