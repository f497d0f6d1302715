"""Cases as their two parties see them: the list, one case, opening one, evidence, taking a claim back."""

from dataclasses import dataclass
from datetime import datetime

from flask import redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from engine.definitions.forms import BoundForm, is_refresh
from engine.queries.inbox import TaskFilter, TaskRow, list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.runtime.tasks import bind_form
from engine.services.cases.commands import (
    SHOWS_EVIDENCE,
    add_evidence,
    find_openable,
    open_case,
    withdraw_case,
)
from engine.services.cases.errors import CaseNotPossible
from engine.services.cases.queries import CaseSummary, fetch_case, list_own_cases
from engine.services.cases.states import UNDECIDED
from engine.services.cases.subjects import Subject
from engine.services.cases.words import name_kind
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from engine.storage.plain import PlainDict
from engine.storage.tables import party
from web.market.questions import draw_question, read_question, read_token
from web.policy import RULES
from web.rendering.display import show_file
from web.security import current_actor, is_partial
from web.texts import current_language
from web.uploads import collect_fields

Answer = Response | str | tuple[str, int]
CATEGORIES_OF = {"order": "hire_order", "engagement": "task_engagement", "errand": "errand"}
"""What a case may be about, by its word in addresses."""
DONE = ("opened", "evidence", "withdrawn")
_STEP_OF = {
    "open": 1,
    "triaged": 1,
    "answered": 5,
    "responding": 2,
    "negotiating": 3,
    "mediating": 3,
    "arbitrating": 4,
    "decided": 4,
    "appealed": 4,
    "closed": 5,
}
STEPS = 4


@dataclass(frozen=True)
class Line:
    """A line of the timeline as drawn."""

    what: tuple[str, str]
    who: tuple[str, str] | None  # none: the platform
    at: datetime
    text: str | None
    pay_fen: int | None
    refund_fen: int | None
    files: list[object]


class CasePages:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_cases(self) -> str:
        """The cases of the party, newest first, each with whose turn it is."""
        actor = current_actor()
        rows = list_own_cases(self.engine, actor)
        return render_template(
            "market/cases/list.html", rows=rows, names=self._name(rows), party_id=actor.party_id, step_of=step_of
        )

    def show_case(self, case_ref: str) -> str:
        """One case: what was said, whose turn it is, and what silence means."""
        return self._draw(case_ref, self._bind("evidence"))

    def open_case(self, kind: str, subject_id: str) -> Answer:
        """Asks what a case is about, and opens it."""
        actor, category = current_actor(), CATEGORIES_OF[kind]
        if request.method == "GET":
            subject = find_openable(self.engine, actor, category, subject_id)
            return self._ask(kind, subject, self._bind("open_case"))
        token = read_token()
        bound = self._bind("open_case", is_sent=True)
        if is_refresh(request.form):
            subject = find_openable(self.engine, actor, category, subject_id)
            return draw_question(bound) if is_partial(request) else self._ask(kind, subject, bound, token)
        if not bound.validate():
            return self._ask(kind, find_openable(self.engine, actor, category, subject_id), bound, token), 422
        values = bound.values
        claim = values.get("claim_fen")
        case_ref = open_case(
            *(self.engine, actor, category, subject_id, token, str(values["kind"]), str(values["text"])),
            claim_fen=claim if isinstance(claim, int) else 0,
            files=_files(bound),
        )
        return redirect(url_for("market.case", case_ref=case_ref, done="opened"), 303)

    def add_evidence(self, case_ref: str) -> Answer:
        """Keeps what a party shows."""
        token, bound = read_token(), self._bind("evidence", is_sent=True)
        if not bound.validate():
            return self._draw(case_ref, bound, token), 422
        add_evidence(self.engine, current_actor(), case_ref, token, str(bound.values["text"]), _files(bound))
        return redirect(url_for("market.case", case_ref=case_ref, done="evidence"), 303)

    def withdraw(self, case_ref: str) -> Response:
        """Takes the claim back."""
        withdraw_case(self.engine, current_actor(), case_ref, read_token())
        return redirect(url_for("market.case", case_ref=case_ref, done="withdrawn"), 303)

    def _bind(self, name: str, *, is_sent: bool = False) -> BoundForm:
        actor = current_actor()
        submitted = collect_fields(self.engine, actor) if is_sent else None
        return bind_form(self.engine, actor, read_question(name), {}, "", current_language(), submitted)

    def _ask(self, kind: str, subject: Subject, bound: BoundForm, token: str = "") -> str:
        return render_template(
            "market/cases/open.html",
            kind=kind,
            subject=subject,
            fields=draw_question(bound),
            token=token or new_token(),
        )

    def _draw(self, case_ref: str, bound: BoundForm, token: str = "") -> str:
        actor = current_actor()
        view = fetch_case(self.engine, actor, case_ref)
        case = view.summary
        names = self._name([case])
        done = request.args.get("done")
        may_act = actor.role in RULES["market.case_evidence"].roles
        return render_template(
            "market/cases/case.html",
            case=case,
            title=view.title,
            names=names,
            scores=view.scores,
            lines=[
                Line(
                    name_kind(one.kind),
                    names.get(one.party_id or ""),
                    one.at,
                    one.text,
                    one.pay_fen,
                    one.refund_fen,
                    [show_file(file) for file in one.files if isinstance(file, dict)],
                )
                for one in view.entries
            ],
            tasks=self._list_tasks(actor, case),
            party_id=actor.party_id,
            step=step_of(case),
            may_show=may_act and case.state in SHOWS_EVIDENCE and bool(case.instance_id),
            may_withdraw=may_act
            and case.party_a == actor.party_id
            and case.turn is not None
            and case.state in UNDECIDED
            and not case.round,
            fields=draw_question(bound),
            token=token or new_token(),
            done=done if done in DONE else None,
        )

    def _list_tasks(self, actor: Actor, case: CaseSummary) -> list[TaskRow]:
        """What the reader may do now in this case."""
        rows = list_tasks(self.engine, actor, TaskFilter(), limit=MAX_LIMIT).rows
        form = "service_case/"
        own = [row for row in rows if row.instance_id == case.instance_id]
        return [row for row in own if (row.element.form_key or "").startswith(form)]

    def _name(self, cases: list[CaseSummary]) -> dict[str, tuple[str, str]]:
        ids = {party_id for case in cases for party_id in (case.party_a, case.party_b)}
        query = select(party.c.id, party.c.name_zh, party.c.name_en).where(party.c.id.in_(ids))
        with self.engine.database.read() as connection:
            return {row.id: (row.name_zh, row.name_en) for row in connection.execute(query)}


def may_open_case(engine: Engine, actor: Actor, kind: str, subject_id: str) -> bool:
    """Whether a page of an order or engagement offers to open a case about it."""
    if actor.role not in RULES["market.open_case"].roles:
        return False
    try:
        find_openable(engine, actor, CATEGORIES_OF[kind], subject_id)
    except CaseNotPossible:
        return False
    return True


def step_of(case: CaseSummary) -> int:
    """At which of the four steps a case stands: triage, response, agreement, decision; 5 when all are behind it."""
    return _STEP_OF[case.state]


def _files(bound: BoundForm) -> tuple[PlainDict, ...]:
    found = bound.values.get("files")
    return tuple(one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()
