"""Definitions: what is deployed, what was found in it, and how a new version comes in."""

import json
from collections.abc import Mapping

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.deployments import DefinitionInvalid, check, deploy
from engine.commands.imports import import_files
from engine.definitions.agreements import parse_agreement
from engine.definitions.calendars import parse_calendar
from engine.definitions.catalogue import AGREEMENT, CALENDAR, DECISION, FORM, POLICY, PROCESS, parts_of, path_of
from engine.definitions.findings import Finding
from engine.definitions.forms import bind
from engine.language.decisions import DecisionLogic
from engine.language.model import Element
from engine.queries.definitions import (
    DefinitionRow,
    DefinitionView,
    count_waiting,
    fetch_definition,
    list_definitions,
)
from engine.queries.drafts import list_drafts
from engine.runtime.engine import Engine
from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict
from web.analyst.drafts import add_drafts
from web.analyst.migrations import add_migrations
from web.analyst.offers import add_offers
from web.analyst.trials import add_trials
from web.analyst.uploads import Upload, list_checked, read_uploads
from web.auditor.names import Names
from web.rendering import render_form
from web.rendering.display import Display
from web.security import current_actor
from web.texts import current_language

KINDS = (PROCESS, FORM, DECISION, AGREEMENT, POLICY, CALENDAR)
MEDIA_TYPES = {PROCESS: "application/xml", DECISION: "application/xml", AGREEMENT: "text/markdown"}
MAX_NOTE = 2_000
HEAT_STEPS = 4  # above the coolest, see diagram.css


def make_analyst(engine: Engine) -> Blueprint:
    """The blueprint `analyst`."""
    blueprint = Blueprint("analyst", __name__, template_folder="templates")
    studio = Studio(engine)
    blueprint.add_url_rule("/definitions", "definitions", studio.list_all)
    blueprint.add_url_rule("/definitions/upload", "upload", studio.show_upload)
    blueprint.add_url_rule("/definitions/upload", "deploy", studio.receive, methods=("POST",))
    blueprint.add_url_rule("/definitions/<definition_id>", "definition", studio.show)
    blueprint.add_url_rule("/definitions/<definition_id>/file", "download", studio.download)
    add_drafts(blueprint, engine)
    add_offers(blueprint, engine)
    add_trials(blueprint, engine)
    add_migrations(blueprint, engine)
    return blueprint


class Studio:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def list_all(self) -> str:
        """The newest version of everything, by kind; searched by name or key."""
        kind, search = request.args.get("kind", PROCESS), request.args.get("q", "").strip()
        rows = list_definitions(self.engine)
        found = [row for row in rows if row.kind == kind and _matches(row, search)]
        return render_template(
            "analyst/definitions.html",
            rows=found,
            kind=kind,
            kinds={one: sum(row.kind == one for row in rows) for one in KINDS},
            search=search,
            fresh=request.args.getlist("new"),
            names=self._name_people(found),
            drafts={(one.kind, key): one for one in list_drafts(self.engine) for key in one.keys},
        )

    def show(self, definition_id: str) -> str:
        """One version: drawn or laid out, with its findings, its sisters and where it is used."""
        view = fetch_definition(self.engine, definition_id)
        row = view.definition
        is_newest = row.version == view.versions[0].version
        findings = self._check(view) if is_newest else []
        chosen = request.args.get("element", "")
        waiting = count_waiting(self.engine, definition_id) if row.kind == PROCESS else {}
        newest = {(one.kind, one.key): one.id for one in list_definitions(self.engine)}
        return render_template(
            "analyst/definition.html",
            view=view,
            row=row,
            is_newest=is_newest,
            findings=findings,
            chosen=chosen,
            waiting=waiting,
            marks=_heat(waiting) | _mark(findings) | ({chosen: "sel"} if chosen in view.elements else {}),
            names=self._name_people(view.versions),
            newest=newest,
            has_draft=any(one.kind == row.kind and row.key in one.keys for one in list_drafts(self.engine)),
            parts=_list_parts(view),
            preview=self._preview(view) if row.kind == FORM else "",
            logic=self._read_decision(row.id) if row.kind == DECISION else None,
            policy=json.loads(view.content) if row.kind == POLICY else {},
            days=parse_calendar(view.content) if row.kind == CALENDAR else None,
            agreement=parse_agreement(view.content) if row.kind == AGREEMENT else None,
            display=Display(g.fmt),
        )

    def download(self, definition_id: str) -> Response:
        """The file as it was deployed."""
        view = fetch_definition(self.engine, definition_id)
        row = view.definition
        response = Response(view.content, mimetype=MEDIA_TYPES.get(row.kind, "application/json"))
        name = path_of(row.kind, row.key).rpartition("/")[2]
        response.headers.set("Content-Disposition", "attachment", filename=name)
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return response

    def show_upload(self) -> str:
        """The page where files are chosen."""
        return self._render_upload([], [])

    def receive(self) -> BaseResponse | str | tuple[str, int]:
        """Checks the files; deploys or keeps them if asked to. Whatever is refused leaves everything as it was."""
        uploads = read_uploads(request, list_definitions(self.engine))
        files = {upload.path: upload.content for upload in uploads}
        if "draft" in request.form and files:
            return self._import(files)
        if "deploy" not in request.form or not files:
            return self._render_upload(uploads, check(self.engine, files))
        try:
            result = deploy(self.engine, current_actor(), files, request.form.get("note", "").strip()[:MAX_NOTE])
        except DefinitionInvalid as refused:
            return self._render_upload(uploads, refused.findings, is_refused=True), 422
        if result.id is None:
            return self._render_upload(uploads, result.warnings, is_unchanged=True)
        kind = min((one.kind for one in result.definitions), key=KINDS.index)
        return redirect(url_for("analyst.definitions", kind=kind, new=[one.id for one in result.definitions]), 303)

    def _import(self, files: Mapping[str, bytes]) -> BaseResponse | str:
        """Keeps the files as drafts; a single one is opened in its editor."""
        imported = import_files(self.engine, current_actor(), files)
        if len(imported) == 1 and not imported[0].problem:
            return redirect(url_for("analyst.draft", draft_id=imported[0].draft_id), 303)
        return render_template("analyst/imported.html", imported=imported)

    def _render_upload(
        self, uploads: list[Upload], findings: list[Finding], *, is_refused: bool = False, is_unchanged: bool = False
    ) -> str:
        return render_template(
            "analyst/upload.html",
            files=list_checked(uploads, findings, list_definitions(self.engine)),
            errors=sum(finding.severity == "error" for finding in findings),
            warnings=sum(finding.severity == "warning" for finding in findings),
            note=request.form.get("note", ""),
            is_refused=is_refused,
            is_unchanged=is_unchanged,
        )

    def _check(self, view: DefinitionView) -> list[Finding]:
        """What the checks of today say of a version; those of old versions would look for parts of their own time."""
        row = view.definition
        return check(self.engine, {path_of(row.kind, row.key): view.content})

    def _preview(self, view: DefinitionView) -> Markup:
        """The form as it looks before anybody typed, without the data of any case."""
        with self.engine.database.read() as connection:
            form = self.engine.catalogue.form(connection, view.definition.id)

        def evaluate(expression: str, values: Mapping[str, Plain]) -> Plain:
            return self.engine.sandbox.evaluate(expression, {"now": format_instant(self.engine.clock()), **values})

        data: PlainDict = {}
        bound = bind(form, data=data, language=current_language(), timezone=g.fmt.zone, evaluate=evaluate)
        return render_form(current_app.jinja_env, bound, g.fmt)

    def _read_decision(self, definition_id: str) -> DecisionLogic:
        with self.engine.database.read() as connection:
            return self.engine.catalogue.decision(connection, definition_id)

    def _name_people(self, rows: list[DefinitionRow]) -> Names:
        with self.engine.database.read() as connection:
            return Names(connection, {row.deployed_by for row in rows}, g.fmt)


def _matches(row: DefinitionRow, search: str) -> bool:
    return any(search.casefold() in words.casefold() for words in (row.key, row.name_zh, row.name_en))


def _heat(counts: dict[str, int]) -> dict[str, str]:
    """How warm each element is drawn, from h1 to h5 where most wait; a few are never hot."""
    most = max(HEAT_STEPS + 1, *counts.values()) if counts else 1
    return {element: f"h{1 + HEAT_STEPS * count // most}" for element, count in counts.items()}


def _mark(findings: list[Finding]) -> dict[str, str]:
    """Elements with findings; an error covers a warning."""
    warnings = {finding.element: "chg" for finding in findings if finding.severity == "warning"}
    return warnings | {finding.element: "err" for finding in findings if finding.severity == "error"}


def _list_parts(view: DefinitionView) -> list[tuple[str, str, Element]]:
    """What a process uses: kind, key and the element that names it."""
    named = [
        (kind, key, element)
        for element in view.elements.values()
        if element.process_key == view.definition.key
        for kind, key in parts_of(element)
    ]
    return sorted(named, key=lambda part: (KINDS.index(part[0]), part[1]))
