"""Drafts: begun, edited in the browser, saved as one types, checked with every save, deployed together."""

from dataclasses import dataclass

from flask import Blueprint, Response, g, jsonify, make_response, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.deployments import DefinitionInvalid, read_what_can_be_read
from engine.commands.drafts import (
    DefinitionExists,
    DraftConflict,
    NameUnfit,
    check_drafts,
    create_draft,
    deploy_drafts,
    discard_draft,
    open_draft,
    save_draft,
)
from engine.definitions.catalogue import AGREEMENT, CALENDAR, DECISION, FORM, POLICY, PROCESS
from engine.definitions.findings import Finding, has_errors
from engine.queries.definitions import fetch_definition, find_uses, list_definitions
from engine.queries.drafts import Draft, fetch_draft, list_drafts, list_parts
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.clock import format_instant
from engine.storage.plain import Plain
from web.analyst.palette import describe_components
from web.auditor.names import Names
from web.security import EDITOR_POLICY, current_actor
from web.texts import current_language

EDITORS = {
    PROCESS: "edit_process",
    FORM: "edit_form",
    DECISION: "edit_table",
    POLICY: "edit_values",
    CALENDAR: "edit_values",
    AGREEMENT: "edit_values",
}
NEW_KINDS = (PROCESS, FORM, DECISION)
MEDIA_TYPES = {PROCESS: "application/xml", DECISION: "application/xml"}
MAX_NOTE = 2_000


@dataclass(frozen=True)
class Candidate:
    """A draft that may be deployed, with what was found in it."""

    draft: Draft
    findings: list[Finding]
    is_chosen: bool

    @property
    def has_errors(self) -> bool:
        return has_errors(self.findings)


def add_drafts(blueprint: Blueprint, engine: Engine) -> None:
    """Adds the views to the blueprint `analyst`."""
    desk = DraftDesk(engine)
    rules = (
        ("/drafts/new", "new_draft", desk.show_new, "GET"),
        ("/drafts/new", "create_draft", desk.create, "POST"),
        ("/drafts", "open_draft", desk.open, "POST"),
        ("/drafts/deploy", "review_drafts", desk.review, "GET"),
        ("/drafts/deploy", "deploy_drafts", desk.deploy, "POST"),
        ("/drafts/<draft_id>", "draft", desk.show, "GET"),
        ("/drafts/<draft_id>", "save_draft", desk.save, "PUT"),
        ("/drafts/<draft_id>/file", "draft_file", desk.download, "GET"),
        ("/drafts/<draft_id>/compare", "compare_draft", desk.compare, "GET"),
        ("/drafts/<draft_id>/discard", "discard_draft", desk.discard, "POST"),
    )
    for rule, endpoint, view, method in rules:
        blueprint.add_url_rule(rule, endpoint, view, methods=(method,))


class DraftDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_new(self) -> str:
        """The page where something new gets its key and names."""
        return self._render_new()

    def create(self) -> BaseResponse | tuple[str, int]:
        """Begins something new; what is wrong with its key or names is said beside the field."""
        form = request.form
        values = [form.get(name, "").strip() for name in ("kind", "key", "name_zh", "name_en")]
        try:
            draft_id = create_draft(self.engine, current_actor(), *values)
        except NameUnfit as unfit:
            if unfit.facts["field"] == "kind":
                raise BadRequest from None
            return self._render_new(str(unfit.facts["field"]), "unfit"), 422
        except DefinitionExists:
            return self._render_new("key", "exists"), 422
        return redirect(url_for("analyst.draft", draft_id=draft_id), 303)

    def open(self) -> BaseResponse:
        """Goes to the draft of a definition, which begins one where there is none."""
        draft_id = open_draft(self.engine, current_actor(), request.form.get("definition", ""))
        return redirect(url_for("analyst.draft", draft_id=draft_id, element=request.form.get("element") or None), 303)

    def show(self, draft_id: str) -> Response:
        """The editor of a draft."""
        draft = fetch_draft(self.engine, draft_id)
        base = fetch_definition(self.engine, draft.base_id) if draft.base_id else None
        page = render_template(
            f"analyst/{EDITORS[draft.kind]}.html",
            draft=draft,
            base=base.definition if base else None,
            title=_name(draft),
            is_changed=base is None or base.content != draft.content,
            is_overtaken=draft.newest_version > draft.base_version,
            findings=self._find(draft),
            parts=list_parts(draft, list_drafts(self.engine)),
            names=self._name_people([draft]),
            chosen=request.args.get("element", ""),
            palette=describe_components() if draft.kind == FORM else {},
            uses=find_uses(self.engine, draft.kind, draft.key),
            processes={one.key: one.id for one in list_definitions(self.engine, PROCESS)},
        )
        response = make_response(page)
        response.headers["Content-Security-Policy"] = EDITOR_POLICY
        return response

    def compare(self, draft_id: str) -> Response:
        """The draft of a process beside the version it began from. Raises NotFound where there is none."""
        draft = fetch_draft(self.engine, draft_id)
        if draft.kind != PROCESS or draft.base_id is None:
            raise NotFound("draft", draft_id)
        base = fetch_definition(self.engine, draft.base_id).definition
        page = render_template("analyst/compare_process.html", draft=draft, base=base, title=_name(draft))
        response = make_response(page)
        response.headers["Content-Security-Policy"] = EDITOR_POLICY
        return response

    def save(self, draft_id: str) -> tuple[Response, int]:
        """Keeps the content and says what is wrong with it; 409 where somebody else has saved since it was loaded."""
        try:
            revision = int(request.headers.get("If-Match", ""))
        except ValueError:
            raise BadRequest from None
        try:
            revision = save_draft(self.engine, current_actor(), draft_id, request.get_data(), revision)
        except DraftConflict as conflict:
            return jsonify(self._tell_conflict(conflict)), 409
        draft = fetch_draft(self.engine, draft_id)
        answer: dict[str, Plain] = {
            "revision": revision,
            "saved_at": format_instant(draft.updated_at),
            "findings": list(self._find(draft)),
        }
        return jsonify(answer), 200

    def download(self, draft_id: str) -> Response:
        """The content as it was saved last, with its revision."""
        draft = fetch_draft(self.engine, draft_id)
        response = Response(draft.content, mimetype=MEDIA_TYPES.get(draft.kind, "application/json"))
        response.headers["ETag"] = str(draft.revision)
        return response

    def discard(self, draft_id: str) -> BaseResponse:
        """Throws the draft away as it was seen."""
        draft = fetch_draft(self.engine, draft_id)
        discard_draft(self.engine, draft_id, _read_revision(request.form.get("revision", "")))
        return redirect(url_for("analyst.definitions", kind=draft.kind), 303)

    def review(self) -> str:
        """What would be deployed: a draft, and those it uses, each with its findings."""
        draft = fetch_draft(self.engine, request.args.get("draft", ""))
        drafts = [draft, *list_parts(draft, list_drafts(self.engine))]
        return self._render_review({one.id: one.revision for one in drafts}, drafts)

    def deploy(self) -> BaseResponse | tuple[str, int]:
        """Deploys the chosen drafts, all or none."""
        listed = [fetch_draft(self.engine, draft_id) for draft_id in request.form.getlist("listed")]
        pairs = [pair.partition(":") for pair in request.form.getlist("draft")]
        chosen = {draft_id: _read_revision(revision) for draft_id, _, revision in pairs}
        if not chosen or not listed:
            return self._render_review(chosen, listed, is_empty=True), 422
        note = request.form.get("note", "").strip()[:MAX_NOTE]
        try:
            result = deploy_drafts(self.engine, current_actor(), chosen, note)
        except DefinitionInvalid:
            return self._render_review(chosen, listed, is_refused=True), 422
        fresh = [one.id for one in result.definitions]
        return redirect(url_for("analyst.definitions", kind=listed[0].kind, new=fresh), 303)

    def _render_new(self, field: str = "", problem: str = "") -> str:
        kind = request.values.get("kind", PROCESS)
        return render_template(
            "analyst/new_draft.html",
            kinds=NEW_KINDS,
            kind=kind if kind in NEW_KINDS else PROCESS,
            values=request.values,
            field=field,
            problem=problem,
        )

    def _render_review(
        self, chosen: dict[str, int], listed: list[Draft], *, is_refused: bool = False, is_empty: bool = False
    ) -> str:
        if not listed:
            raise NotFound("draft", "")
        findings = check_drafts(self.engine, [one.id for one in listed])
        candidates = [
            Candidate(one, [found for found in findings if found.file == one.path], one.id in chosen) for one in listed
        ]
        return render_template(
            "analyst/review_drafts.html",
            candidates=candidates,
            errors=sum(found.severity == "error" for one in candidates if one.is_chosen for found in one.findings),
            warnings=sum(found.severity == "warning" for one in candidates if one.is_chosen for found in one.findings),
            names=self._name_people(listed),
            note=request.form.get("note", ""),
            is_refused=is_refused,
            is_empty=is_empty,
        )

    def _find(self, draft: Draft) -> list[dict[str, Plain]]:
        """What is wrong with a draft, in the reader's language."""
        language = current_language()
        return [
            {
                "file": found.file,
                "element": found.element,
                "rule": found.rule,
                "severity": found.severity,
                "message": (found.message_zh if language == "zh" else "") or found.message,
            }
            for found in check_drafts(self.engine, [draft.id])
        ]

    def _tell_conflict(self, conflict: DraftConflict) -> dict[str, Plain]:
        by = str(conflict.facts["by"])
        with self.engine.database.read() as connection:
            name = Names(connection, {by}, g.fmt).of(by)
        return {"revision": conflict.facts["revision"], "by": name, "at": conflict.facts["at"]}

    def _name_people(self, drafts: list[Draft]) -> Names:
        with self.engine.database.read() as connection:
            return Names(connection, {one.updated_by for one in drafts}, g.fmt)


def _name(draft: Draft) -> str:
    """The name its content gives, else its key: it may be unreadable for now."""
    for one in read_what_can_be_read(draft.path, draft.content):
        if one.kind != FORM:
            return g.fmt.name(one.name_zh, one.name_en) or draft.key
    return draft.key


def _read_revision(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise BadRequest from None
