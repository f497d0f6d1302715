"""The page of one case: its diagram, its time slider, and what was known at the record the slider stands at."""

from itertools import islice
from typing import Any

from flask import Response, current_app, g, render_template, request
from markupsafe import Markup
from sqlalchemy import select

from engine.definitions.catalogue import PROCESS
from engine.language.model import read_bpmn, read_frames
from engine.queries.cases import require_reader
from engine.queries.comments import list_comments
from engine.queries.inspection import FORM, CaseView, Drawing, FilledForm, Look, fetch_case, fetch_drawing
from engine.queries.marks import mark_elements
from engine.queries.waits import MESSAGE, SENT, TIMER
from engine.runtime.engine import Engine
from engine.services.chat.looking import find_room_of_case
from engine.services.ledger.views import EntryView, ledger_of
from engine.services.tracking.queries import has_trail
from engine.services.verification import verify
from engine.services.verification.raw_rows import read_snapshot
from engine.storage.tables import definition
from web.auditor.audience import Waiting, list_waiting, parties_in
from web.auditor.books import find_case_number, list_escrows, owners_in, sum_by_element
from web.auditor.data import list_standings
from web.auditor.names import Names
from web.auditor.proof import tell_findings
from web.auditor.slider import KINDS, draw_marks, find_records, kind_of
from web.auditor.timeline import stage_scenes
from web.formatting import format_money
from web.policy import Verdict, judge
from web.rendering import render_readonly
from web.rendering.display import Display
from web.security import current_actor

MAX_BROKEN = 100
PEOPLE_FACTS = ("user", "reviewer", "rater", "ratee")  # facts of events that are ids of people
KEPT = ("at", "drawing")  # what a link within the case keeps of its address
FILTERS = ("people", "element", "variable")  # which a link within the timeline keeps as well
TABS = ("timeline", "data", "forms", "messages", "timers", "money", "work", "proof")
Context = dict[str, Any]


class CasePage:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.tabs = TABS
        self._sides = {
            "timeline": self._show_timeline,
            "forms": self._show_forms,
            "work": self._show_work,
            "proof": self._show_proof,
        }

    def show(self, instance_id: str, tab: str = "timeline") -> str:
        """A case at one of its records, the last one without being asked, from one side.

        One that was damaged may be impossible to read: what is wrong with it is shown in the place of every side.
        """
        require_reader(current_actor())
        try:
            return self._show(instance_id, tab)
        except Exception:
            findings = list(islice(verify(self.engine, instance_id), MAX_BROKEN))
            if not findings:
                raise
        with self.engine.database.reader.connect() as fresh, read_snapshot(fresh) as connection:
            number = find_case_number(connection, instance_id)
        told = tell_findings(self.engine, findings)
        return render_template("auditor/damaged.html", number=number, findings=told, now=g.fmt.now)

    def _show(self, instance_id: str, tab: str) -> str:
        view = fetch_case(self.engine, current_actor(), instance_id, _read_look())
        with self.engine.database.read() as connection:
            entries = ledger_of(connection, instance_id)
            seqs = find_records(view.records, (entry.at for entry in entries))
            known = [entry for entry, seq in zip(entries, seqs, strict=True) if seq <= view.moment.seq]
            waiting = list_waiting(self.engine, connection, view)
            escrows = list_escrows(connection, known, is_now=view.is_now, has_ended=view.case.ended_at is not None)
            people = _list_people(view, waiting) | owners_in(known) | {entry.actor_id for entry in known}
            names = Names(connection, people, g.fmt)
        shown: Context = {
            "waiting": waiting,
            "entries": known,
            "escrows": escrows,
            "standings": list_standings(view),
            "messages": [wait for wait in view.waits if wait.kind != TIMER],
            "timers": [wait for wait in view.waits if wait.kind == TIMER],
        }
        return render_template(
            "auditor/case.html",
            view=view,
            case=view.case,
            tab=tab,
            tabs=TABS,
            counts=_count(view, shown),
            names=names,
            display=Display(g.fmt),
            kept=_read_address(KEPT if tab != "timeline" else KEPT + FILTERS),
            slider=draw_marks(view.records, set(seqs)),
            kinds=KINDS,
            kind=kind_of(view.moment),
            outcome=next((e for e in view.story.elements.values() if e.id == view.case.outcome), None),
            definition_id=self._find_definition(view),
            chat_order=self._find_chat(view),
            has_trail=self._has_trail(view.case.id),
            **shown,
            **_draw(view, known if tab == "money" else None),
            **(self._sides[tab](view) if tab in self._sides else {}),
        )

    def _has_trail(self, instance_id: str) -> bool:
        with self.engine.database.read() as connection:
            return has_trail(connection, current_actor(), instance_id)

    def show_drawing(self, instance_id: str, process_key: str) -> Response:
        """A diagram of the case in the version it runs on, or ran on, for the viewer."""
        xml = fetch_drawing(self.engine, current_actor(), instance_id, process_key, request.args.get("pins"))
        response = Response(xml, mimetype="application/xml")
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"  # pinned
        return response

    def _find_chat(self, view: CaseView) -> str | None:
        """The order whose chat room the reader may ask for."""
        with self.engine.database.read() as connection:
            return find_room_of_case(connection, current_actor(), view.case.id)

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
    def _show_timeline(self, view: CaseView) -> Context:
        look = _read_look()
        scenes = stage_scenes(reversed(view.story.chapters))
        elements = {one.id: one for one in view.story.elements.values()}
        return {
            "scenes": [scene for scene in scenes if scene.chapter.seq in view.told],
            "look": look,
            "asked_element": elements.get(look.element),
            "elements": sorted(elements.values(), key=lambda one: g.fmt.name(one.name_zh, one.name_en) or one.id),
            "variables": sorted({name for _, name in view.story.origins}),
        }

    def _show_forms(self, view: CaseView) -> Context:
        return {"filled": [(form, self._render_form(form)) for form in reversed(view.forms)]}

    def _render_form(self, filled: FilledForm) -> Markup:
        with self.engine.database.read() as connection:
            form = self.engine.catalogue.form(connection, filled.form_id)
        return render_readonly(current_app.jinja_env, form, filled.content, g.fmt)

    def _show_work(self, view: CaseView) -> Context:
        """What people said until then; the texts are theirs who take part."""
        comments = list_comments(self.engine, current_actor(), view.case.id)
        return {"comments": [one for one in comments if view.is_now or one.written_at <= view.moment.at]}

    def _show_proof(self, view: CaseView) -> Context:
        findings = islice(verify(self.engine, view.case.id), MAX_BROKEN)
        checked = {"history": len(view.records), "instance": 1, "submission": view.counts[FORM]}
        return {"findings": tell_findings(self.engine, findings), "checked": checked, "now": g.fmt.now}


def _read_look() -> Look:
    asked = request.args
    return Look(
        at=asked.get("at", type=int),
        before=asked.get("before", type=int),
        is_people_only="people" in asked,
        element=asked.get("element", ""),
        variable=asked.get("variable", ""),
    )


def _read_address(names: tuple[str, ...]) -> dict[str, str]:
    return {name: request.args[name] for name in names if request.args.get(name)}


def _draw(view: CaseView, entries: list[EntryView] | None) -> Context:
    """The diagram that was asked for: its path, its tokens, and how often each element was entered or what it moved."""
    wanted = request.args.get("drawing", view.case.process_key)
    drawing: Drawing = next((one for one in view.drawings if one.process_key == wanted), view.drawings[0])
    key = drawing.process_key
    notes = {e: f"×{count}" for (process, e), count in view.story.visits.items() if process == key and count > 1}
    if entries is not None:
        sums = sum_by_element(entries)
        notes = {e: format_money(sums[e]) for process, e in view.story.visits if process == key and e in sums}
    return {
        "drawing": drawing,
        "marks": mark_elements(view.story, key, read_frames(read_bpmn(drawing.xml))),
        "notes": notes,
        "standing_in": {token.element.process_key for token in view.story.tokens},
    }


def _count(view: CaseView, shown: Context) -> dict[str, int]:
    """How much each side shows, where that can be counted."""
    open_incidents = sum(incident.resolved_at is None for incident in view.incidents)
    return {
        "timeline": view.moment.seq,
        "data": sum(len(standing.data) for standing in shown["standings"]),
        "forms": view.counts[FORM],
        "messages": view.counts.get(MESSAGE, 0) + view.counts.get(SENT, 0),
        "timers": view.counts.get(TIMER, 0),
        "money": len(shown["entries"]),
        "work": len(view.open_work) + open_incidents,
    }


def _list_people(view: CaseView, waiting: list[Waiting]) -> set[str | None]:
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
        | parties_in(waiting)
    )
