"""One work task and one engagement, each for whoever may see it, with what is his to do."""

from typing import Any

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.definitions.forms import BoundForm
from engine.queries.progress import fetch_progress
from engine.runtime.engine import Engine
from engine.services.cases.queries import list_cases
from engine.services.documents.settled import list_settled_for
from engine.services.ratings.queries import rating_of, ratings_of_case
from engine.services.work_tasks.applications import apply_for_task, withdraw_application
from engine.services.work_tasks.dossiers import ENTERPRISE, WORKER, fetch_engagement
from engine.services.work_tasks.eligibility import PUBLISHERS, SIDES
from engine.services.work_tasks.errors import MayNotApply
from engine.services.work_tasks.notes import NEGOTIABLE, PIECEWORK
from engine.services.work_tasks.oversight import oversee, read_reliability
from engine.services.work_tasks.queries import TaskView, fetch_task
from engine.storage.clock import parse_instant
from engine.storage.ids import new_token
from engine.storage.plain import Plain, PlainDict
from web.market.attachments import send_attachment
from web.market.cases import may_open_case
from web.market.questions import bind_question, draw_question, read_token
from web.market.tasks.looks import CANCELLABLE, CANCELLABLE_TASK, DISPUTABLE, is_improvable
from web.market.tasks.turns import read_open_tasks
from web.rendering.display import Display, Shown, ShownFile, show_file
from web.security import current_actor
from web.staff.turns import list_turns
from web.texts import current_language

SIGN_UP_FORMS = {NEGOTIABLE: "apply_negotiable", PIECEWORK: "apply_piecework"}
SIGN_UP_FORM = "apply"
DONE = ("apply", "cancel", "dispute", "improve", "offer", "withdraw")
# above the terms: shown in a place of their own
ATTACHMENTS = "attachments"
SHOWN_ABOVE = frozenset(
    {ATTACHMENTS, "number", "title", "description", "pay_fen", "headcount", "category", "signup_deadline_at"}
)


class TaskPages:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_task(self, task_id: str) -> str:
        """One work task, with the sign-up for who may and the reader's own part in it."""
        task = fetch_task(self.engine, current_actor(), task_id)
        bound = bind_question(self.engine, _name_form(task)) if task.obstacle == "" else None
        return self._draw(task, bound, new_token())

    def apply(self, task_id: str) -> Response | tuple[str, int]:
        """Signs the reader up; who has signed up already is shown how that stands."""
        actor, token = current_actor(), read_token()
        task = fetch_task(self.engine, actor, task_id)
        if task.side:
            return redirect(url_for("market.task", task_id=task_id), 303)
        bound = bind_question(self.engine, _name_form(task))
        if not bound.validate():
            return self._draw(task, bound, token), 422
        try:
            apply_for_task(self.engine, actor, task_id, **_read_sign_up(bound.values, task))
        except MayNotApply as refused:
            fresh = fetch_task(self.engine, actor, task_id)
            return self._draw(fresh, bound if fresh.obstacle == "" else None, token, refused.reason), 422
        return redirect(url_for("market.task", task_id=task_id, done="apply"), 303)

    def withdraw(self, task_id: str) -> Response:
        """Takes the reader's sign-up back."""
        withdraw_application(self.engine, current_actor(), task_id)
        return redirect(url_for("market.own_tasks", side="signed_up", done="withdraw"), 303)

    def show_attachment(self, task_id: str, file_id: str) -> Response:
        """A file of the task, for whoever may read of it."""
        task = fetch_task(self.engine, current_actor(), task_id)
        return send_attachment(self.engine, _find_files(task.facts), file_id)

    def show_engagement(self, task_id: str, worker_id: str) -> str:
        """One engagement for one of its sides."""
        actor = current_actor()
        dossier = fetch_engagement(self.engine, actor, task_id, worker_id)
        card = dossier.card
        progress = fetch_progress(self.engine, actor, card.instance_id) if card.instance_id else None
        with self.engine.database.read() as connection:
            ratings = ratings_of_case(connection, self.engine.keys, card.id, actor.party_id)
            settled = list_settled_for(connection, [card.id])
        own = read_open_tasks(self.engine, actor).of_engagement(card.instance_id)
        done = request.args.get("done")
        may_act = dossier.side == WORKER or actor.role in SIDES
        return render_template(
            "market/tasks/engagement.html",
            cases=list_cases(self.engine, actor, card.id),
            may_open_case=card.closed_at is not None and may_open_case(self.engine, actor, "engagement", card.id),
            dossier=dossier,
            progress=progress,
            turns=list_turns(progress) if progress else [],
            tasks=own,
            own_elements={row.element.id for row in own},
            ratings=ratings,
            settled=settled,
            facts=_tell(dossier.facts, frozenset({ATTACHMENTS, "number", "title", "headcount", "signup_deadline_at"})),
            attachments=_list_files(dossier.facts),
            may_cancel=may_act and card.state in CANCELLABLE and not dossier.claim_kind,
            may_dispute=may_act and card.state in DISPUTABLE and not dossier.claim_kind,
            done=done if done in DONE else None,
        )

    def _draw(self, task: TaskView, bound: BoundForm | None, token: str, refused: str = "") -> str:
        actor = current_actor()
        opened = read_open_tasks(self.engine, actor) if task.side else None
        may_cancel = task.side == ENTERPRISE and actor.role in PUBLISHERS
        with self.engine.database.read() as connection:
            standing = rating_of(connection, task.card.enterprise_id)
            reliability = read_reliability(connection, task.card.enterprise_id) if task.side else None
        done = request.args.get("done")
        return render_template(
            "market/tasks/task.html",
            task=task,
            standing=standing,
            reliability=reliability,
            oversight=oversee(self.engine, actor, task.card.id) if task.side == ENTERPRISE else None,
            facts=_tell(task.facts, SHOWN_ABOVE),
            attachments=_list_files(task.facts),
            fields=draw_question(bound) if bound else None,
            chosen=request.form.getlist("qualifications"),
            opened=opened,
            negotiations=opened.of_negotiations(task.card.number) if opened else [],
            may_cancel=may_cancel and task.card.state in CANCELLABLE_TASK and not task.cancelled_at,
            may_improve=may_cancel and is_improvable(task.card),
            refused=refused,
            token=token,
            done=done if done in DONE else None,
        )


def _find_files(facts: list[Plain]) -> list[Plain]:
    named = (one["value"] for one in facts if isinstance(one, dict) and one["name"] == ATTACHMENTS)
    return [file for files in named if isinstance(files, list) for file in files]


def _list_files(facts: list[Plain]) -> list[ShownFile]:
    return [show_file(one) for one in _find_files(facts) if isinstance(one, dict)]


def _name_form(task: TaskView) -> str:
    return SIGN_UP_FORMS.get(task.card.mode, SIGN_UP_FORM)


def _read_sign_up(values: PlainDict, task: TaskView) -> dict[str, Any]:
    """The arguments of the command. Qualifications are boxes beside the form: which there are is the task's own."""
    stated = [one for one in request.form.getlist("qualifications") if one in task.qualifications]
    available = values.get("available_from")
    version = request.form.get("terms_version", "")
    return {
        "message": str(values.get("message") or ""),
        "qualifications": tuple(stated),
        "offer_fen": values.get("offer_fen"),
        "quantity": values.get("quantity") or 0,
        "available_from": parse_instant(str(available)) if available else None,
        "terms_version": int(version) if version.isdecimal() else 0,
    }


def _tell(facts: list[Plain], left_out: frozenset[str]) -> list[tuple[str, Shown]]:
    display = Display(g.fmt)
    return [_show(display, fact) for fact in facts if isinstance(fact, dict) and fact["name"] not in left_out]


def _show(display: Display, fact: PlainDict) -> tuple[str, Shown]:
    words = fact["zh" if current_language() == "zh" else "en"]
    value = fact["value"]
    if isinstance(value, dict) and set(value) == {"zh", "en"}:
        value = value[current_language()]
    return str(words), display.show_datum(str(fact["name"]), value)
