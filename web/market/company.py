"""The certification of an enterprise, for its members: what is done, what is open, and where to go on."""

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from engine.queries.inbox import TaskFilter, TaskRow, list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.services.agreements.signatures import find_valid_agreement, is_bound
from engine.services.agreements.texts import SERVICE_ENTERPRISE
from engine.services.identity.people import ADMINISTRATOR
from engine.services.identity.standing import fetch_party
from engine.services.ledger.views import wallet_view
from engine.services.onboarding.company_checks import company_register_of
from engine.services.onboarding.enterprises import (
    PROCESS,
    RENEWAL_PROCESS,
    UNDER_WAY,
    describe_enterprise,
    find_onboarding_obstacle,
    is_enterprise_announced,
    request_enterprise_onboarding,
    withdraw_onboarding,
)
from engine.services.payments.methods import describe_method
from engine.storage.actor import Actor
from engine.storage.ids import new_token
from web.market.questions import read_token
from web.security import current_actor


class CompanyDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show(self) -> str:
        """What an enterprise needs, each with how it stands, and what is to be done now."""
        actor, now = current_actor(), self.engine.clock()
        with self.engine.database.read() as connection:
            standing = describe_enterprise(connection, actor.party_id)
            obstacle = find_onboarding_obstacle(connection, actor, now)
            agreement = find_valid_agreement(connection, actor.party_id, SERVICE_ENTERPRISE)
            method = describe_method(connection, self.engine.keys, actor.party_id)
            wallet = wallet_view(connection, actor.party_id)
            is_beginning = is_enterprise_announced(connection, actor.party_id, now)
            known = fetch_party(connection, actor.party_id)
            has_agreement = is_bound(connection, known)
        is_certified = bool(known.is_certified)
        return render_template(
            "market/company.html",
            standing=standing,
            is_certified=is_certified,
            has_agreement=has_agreement,
            may_begin=obstacle is None and not (standing is None and is_certified),
            may_withdraw=actor.role == ADMINISTRATOR and standing is not None and standing.state in UNDER_WAY,
            is_beginning=is_beginning,
            agreement=agreement,
            method=method,
            wallet=wallet,
            tasks=self._list_tasks(actor),
            is_simulated=company_register_of(self.engine).is_simulated,
            token=new_token(),
        )

    def begin(self) -> Response:
        """Begins the certification and goes to its first task."""
        actor = current_actor()
        request_enterprise_onboarding(self.engine, actor, read_token())
        tasks, here = self._list_tasks(actor), url_for("market.company")
        return redirect(url_for("staff.task", task_id=tasks[0].id, next=here) if tasks else here, 303)

    def withdraw(self) -> Response:
        """Withdraws the certification that is under way."""
        withdraw_onboarding(self.engine, current_actor(), read_token())
        return redirect(url_for("market.company"), 303)

    def _list_tasks(self, actor: Actor) -> list[TaskRow]:
        """Open tasks of the onboarding and of its reviews, which are the enterprise's alone, and of its renewal."""
        filters = (TaskFilter(process_key=key) for key in (PROCESS, RENEWAL_PROCESS))
        return [row for one in filters for row in list_tasks(self.engine, actor, one, limit=MAX_LIMIT).rows]
