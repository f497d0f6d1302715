"""A person's own certification: what is done, what is open, and where to go on."""

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from engine.queries.inbox import TaskFilter, TaskRow, list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.services.agreements.signatures import find_valid_agreement, is_bound
from engine.services.agreements.texts import SERVICE_INDIVIDUAL
from engine.services.identity.standing import fetch_party
from engine.services.onboarding.identity_checks import register_of
from engine.services.onboarding.persons import (
    PROCESS,
    UNDER_WAY,
    describe_standing,
    is_person_announced,
    request_onboarding,
)
from engine.services.payments.methods import describe_method
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from web.market.questions import read_token
from web.security import current_actor

CAPACITY_ICONS = {
    "worker": "briefcase",
    "courier_ordinary": "bike",
    "courier_professional": "bike",
    "technician": "wrench",
}


class CertificationDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show(self) -> str:
        """The four things one needs, each with how it stands, and what is to be done now."""
        actor = current_actor()
        with self.engine.database.read() as connection:
            known = fetch_party(connection, actor.user_id)
            standing = describe_standing(connection, actor.user_id)
            agreement = find_valid_agreement(connection, actor.user_id, SERVICE_INDIVIDUAL)
            has_agreement = is_bound(connection, known)
            method = describe_method(connection, self.engine.keys, actor.user_id)
            is_beginning = is_person_announced(connection, actor.user_id, self.engine.clock())
        return render_template(
            "market/certification.html",
            standing=standing,
            is_certified=bool(known.is_certified),
            has_agreement=has_agreement,
            may_begin=standing is None or standing.state not in UNDER_WAY,
            is_beginning=is_beginning,
            agreement=agreement,
            method=method,
            tasks=self._list_tasks(actor, standing.certification_id) if standing else [],
            capacity_icons=CAPACITY_ICONS,
            is_simulated=register_of(self.engine).is_simulated,
            token=new_token(),
        )

    def begin(self) -> Response:
        """Begins the certification and goes to its first task."""
        actor = current_actor()
        case_id = request_onboarding(self.engine, actor, read_token())
        tasks = self._list_tasks(actor, case_id)
        if tasks:
            return redirect(url_for("staff.task", task_id=tasks[0].id, next=url_for("market.certification")), 303)
        return redirect(url_for("market.certification"), 303)

    def _list_tasks(self, actor: Actor, case_id: str) -> list[TaskRow]:
        rows = list_tasks(self.engine, actor, TaskFilter(process_key=PROCESS), limit=MAX_LIMIT).rows
        return [row for row in rows if row.instance_id == case_id]
