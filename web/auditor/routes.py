"""Cases, ledger and proof. An auditor changes nothing: every view here only reads."""

from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from flask import Blueprint, Response, abort, current_app, g, render_template, request
from markupsafe import Markup
from sqlalchemy import select

from engine.definitions.catalogue import PROCESS
from engine.queries.cases import CaseFilter, CaseView, FilledForm, fetch_case, search_cases
from engine.queries.definitions import list_definitions
from engine.queries.marks import ARMED_KINDS, mark_elements
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.services.ledger.checks import trial_balance
from engine.services.ledger.views import ledger_of
from engine.services.verification import count_rows, verify
from engine.storage.tables import definition
from web.auditor.audience import PARTY, list_audience
from web.auditor.books import (
    check_invariants,
    find_entries,
    list_accounts,
    list_escrows,
    name_account,
    owners_in,
    shorten,
    sums_by_kind,
)
from web.auditor.data import list_standings
from web.auditor.names import Names
from web.auditor.timeline import PAGE_CHAPTERS, name_fact, say, say_role, stage_scenes
from web.policy import Verdict, judge
from web.rendering import render_readonly
from web.rendering.display import Display
from web.security import current_actor

PAGE_ROWS = 50
MAX_BROKEN = 100
LATEST_CHAPTERS = 8
STATUSES = ("active", "incident", "completed", "cancelled")
KINDS_OF_ACCOUNTS = ("asset", "expense", "liability", "income")
PEOPLE_FACTS = ("user", "reviewer", "rater", "ratee")  # facts of events that are ids of people
CONTAINERS = frozenset({"callActivity", "subProcess", "transaction"})
Context = dict[str, Any]


def make_auditor(engine: Engine) -> Blueprint:
    """The blueprint `auditor`."""
    blueprint = Blueprint("auditor", __name__, template_folder="templates")
    desk = AuditDesk(engine)
    tabs = f"<any({', '.join(desk.tabs)}):tab>"
    blueprint.add_url_rule("/cases", "cases", desk.list_cases)
    blueprint.add_url_rule("/cases/<instance_id>", "case", desk.show_case)
    blueprint.add_url_rule(f"/cases/<instance_id>/{tabs}", "case", desk.show_case)
    blueprint.add_url_rule("/cases/<instance_id>/drawings/<process_key>", "drawing", desk.show_drawing)
    blueprint.add_url_rule("/ledger", "ledger", desk.show_ledger)
    blueprint.add_url_rule("/verify", "verify", desk.verify_all, methods=("GET", "POST"))
    helpers = (say, say_role, name_fact, name_account, shorten)
    blueprint.context_processor(lambda: {helper.__name__: helper for helper in helpers})
    return blueprint


class AuditDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.tabs = {
            "diagram": self._show_diagram,
            "timeline": self._show_timeline,
            "data": self._show_data,
            "forms": self._show_forms,
            "money": self._show_money,
            "work": self._show_work,
            "proof": self._show_proof,
        }

    def list_cases(self) -> str:
        """Cases by what is known of them, newest first."""
        page = search_cases(self.engine, current_actor(), _read_filter(), request.args.get("after"), PAGE_ROWS)
        with self.engine.database.read() as connection:
            names = Names(connection, {row.started_by for row in page.rows}, g.fmt)
        asked = {name: value for name, value in request.args.items() if value and name != "after"}
        return render_template(
            "auditor/cases.html",
            page=page,
            asked=asked,
            names=names,
            statuses=STATUSES,
            processes=list_definitions(self.engine, PROCESS),
        )

    def show_case(self, instance_id: str, tab: str = "diagram") -> str:
        """One case from one side."""
        view = fetch_case(self.engine, current_actor(), instance_id)
        with self.engine.database.read() as connection:
            names = Names(connection, _list_people(view), g.fmt)
        waits = [token for token in view.story.tokens if token.element.kind not in ARMED_KINDS | CONTAINERS]
        shown = self.tabs[tab](view, names)
        context: Context = {"names": names} | shown
        return render_template(
            "auditor/case.html",
            view=view,
            case=view.case,
            tab=tab,
            tabs=self._count_tabs(view),
            waits=waits,
            outcome=next((e for e in view.story.elements.values() if e.id == view.case.outcome), None),
            definition_id=self._find_definition(view),
            display=Display(g.fmt),
            **context,
        )

    def show_drawing(self, instance_id: str, process_key: str) -> Response:
        """A diagram of the case in the version it runs on, for the viewer."""
        view = fetch_case(self.engine, current_actor(), instance_id)
        found = next((drawing for drawing in view.drawings if drawing.process_key == process_key), None)
        if found is None:
            abort(404)
        response = Response(found.xml, mimetype="application/xml")
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"  # pinned at the start of the case
        return response

    def show_ledger(self) -> str:
        """Trial balance, accounts, invariants as they are now; the entries of an order that was asked for."""
        order_ref = request.args.get("order", "").strip()
        with self.engine.database.read() as connection:
            entries = find_entries(connection, order_ref) if order_ref else []
            sums = list_accounts(connection)
            return render_template(
                "auditor/ledger.html",
                balance=trial_balance(connection),
                accounts={kind: sums_by_kind(sums, kind) for kind in KINDS_OF_ACCOUNTS},
                invariants=check_invariants(connection),
                order_ref=order_ref,
                entries=entries,
                names=Names(connection, owners_in(entries) | {entry.actor_id for entry in entries}, g.fmt),
            )

    def verify_all(self) -> str:
        """What a full verification covers; on request runs it and names what is broken first."""
        with self.engine.database.read() as connection:
            counts = count_rows(connection)
        is_run = request.method == "POST"
        findings = list(islice(verify(self.engine), MAX_BROKEN)) if is_run else []
        return render_template("auditor/verify.html", counts=counts, is_run=is_run, findings=findings, now=g.fmt.now)

    def _find_definition(self, view: CaseView) -> str | None:
        """The version the case runs on, for whoever may look at definitions."""
        if judge("analyst.definition", g.session) is not Verdict.ALLOWED:
            return None
        case = view.case
        with self.engine.database.read() as connection:
            found: str = connection.execute(
                select(definition.c.id).where(
                    definition.c.kind == PROCESS,
                    definition.c.key == case.process_key,
                    definition.c.version == case.version,
                )
            ).scalar_one()
        return found

    # --- sides of a case ----------------------------------------------------------------------------------------------
    def _count_tabs(self, view: CaseView) -> dict[str, int | None]:
        open_incidents = sum(incident.resolved_at is None for incident in view.incidents)
        counts: dict[str, int | None] = dict.fromkeys(self.tabs)
        return counts | {
            "timeline": len(view.story.chapters),
            "forms": len(view.forms),
            "work": len(view.open_work) + open_incidents,
        }

    def _show_diagram(self, view: CaseView, _names: Names) -> Context:
        wanted = request.args.get("drawing", view.case.process_key)
        drawing = next((one for one in view.drawings if one.process_key == wanted), view.drawings[0])
        key = drawing.process_key
        scenes = stage_scenes(reversed(view.story.chapters[-LATEST_CHAPTERS:]))
        marks = mark_elements(view.story, key, drawing.xml)
        return {"drawing": drawing, "marks": marks, "notes": _count(view, key), "scenes": scenes}

    def _show_timeline(self, view: CaseView, _names: Names) -> Context:
        before = request.args.get("before", type=int)
        is_people_only = "people" in request.args
        scenes = [
            scene
            for scene in reversed(stage_scenes(view.story.chapters))
            if before is None or scene.chapter.seq < before
        ]
        if is_people_only:
            scenes = [scene for scene in scenes if scene.is_human]
        return {
            "scenes": scenes[:PAGE_CHAPTERS],
            "is_people_only": is_people_only,
            "before": scenes[PAGE_CHAPTERS - 1].chapter.seq if len(scenes) > PAGE_CHAPTERS else None,
        }

    def _show_data(self, view: CaseView, _names: Names) -> Context:
        with self.engine.database.read() as connection:
            return {"standings": list_standings(read_stream(connection, view.case.id), view.story)}

    def _show_forms(self, view: CaseView, _names: Names) -> Context:
        return {"filled": [(form, self._render_form(form)) for form in reversed(view.forms)]}

    def _render_form(self, filled: FilledForm) -> Markup:
        with self.engine.database.read() as connection:
            form = self.engine.catalogue.form(connection, filled.form_id)
        return render_readonly(current_app.jinja_env, form, filled.content, g.fmt)

    def _show_money(self, view: CaseView, _names: Names) -> Context:
        with self.engine.database.read() as connection:
            entries = ledger_of(connection, view.case.id)
            escrows = list_escrows(connection, entries, view.case.ended_at is not None)
            people = owners_in(entries) | {entry.actor_id for entry in entries} | _list_people(view)
            return {"entries": entries, "escrows": escrows, "names": Names(connection, people, g.fmt)}

    def _show_work(self, view: CaseView, _names: Names) -> Context:
        """Open tasks come from the work list; everything else that waits is a token."""
        with self.engine.database.read() as connection:
            audience = list_audience(connection, view.case.id)
            parties = {value for group in audience.values() for kind, value in group if kind == PARTY}
            names = Names(connection, parties | _list_people(view), g.fmt)
        waits = [token for token in view.story.tokens if token.element.kind not in CONTAINERS | {"userTask"}]
        return {"other_waits": waits, "audience": audience, "names": names}

    def _show_proof(self, view: CaseView, _names: Names) -> Context:
        findings = list(islice(verify(self.engine, view.case.id), MAX_BROKEN))
        counts = {"history": len(view.story.chapters), "instance": 1, "submission": len(view.forms)}
        return {"findings": findings, "counts": counts, "now": g.fmt.now}


def _read_filter() -> CaseFilter:
    asked = request.args
    started_to = _read_day(asked.get("to", ""))
    return CaseFilter(
        text=asked.get("q", "").strip(),
        party=asked.get("party", "").strip(),
        process_key=asked.get("process", ""),
        status=asked.get("status", ""),
        element=asked.get("element", "").strip(),
        started_from=_read_day(asked.get("from", "")),
        started_to=started_to + timedelta(days=1) if started_to else None,
    )


def _read_day(typed: str) -> datetime | None:
    """The first moment of a day in the reader's zone; none for what is no day."""
    try:
        return datetime.combine(date.fromisoformat(typed), time.min, g.fmt.zone)
    except ValueError:
        return None


def _list_people(view: CaseView) -> set[str | None]:
    """Everybody the pages of a case name."""
    facts = (entry.facts for chapter in view.story.chapters for entry in chapter.entries)
    noted = {one.get(name) for one in facts for name in PEOPLE_FACTS}
    return (
        {chapter.actor_id for chapter in view.story.chapters}
        | {str(one) for one in noted if one}
        | {form.actor_id for form in view.forms}
        | {form.party_id for form in view.forms}
        | {work.assignee_id for work in view.open_work}
        | {one.party_id for one in view.parties}
        | {view.case.started_by}
    )


def _count(view: CaseView, process_key: str) -> dict[str, str]:
    """How often each element was entered, where that was more than once."""
    return {
        element: f"×{count}" for (key, element), count in view.story.visits.items() if key == process_key and count > 1
    }
