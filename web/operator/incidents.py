"""Incidents: what cannot go on by itself, by cause; trying again, with other values where these were the cause."""

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.commands.incidents import FixInvalid, fix_incident, retry_incidents
from engine.queries.incidents import MAX_ROWS, IncidentView, fetch_incident, list_causes, list_same
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.ids import new_token
from web.auditor.names import Names
from web.operator.fixing import FixForm, read_form, show_form
from web.rendering.display import Display
from web.security import current_actor

BULK = 100  # so that one press is answered within seconds


class IncidentDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def list_all(self) -> str:
        """Open incidents by cause."""
        groups = list_causes(self.engine)
        asked = request.args
        return render_template(
            "operator/incidents.html",
            groups=groups,
            total=sum(len(group.incidents) for group in groups),
            most=MAX_ROWS,
            bulk=BULK,
            is_retried="went_on" in asked,
            went_on=asked.get("went_on", 0, type=int),
            again=asked.get("again", 0, type=int),
            is_fixed="fixed" in asked,
        )

    def show(self, incident_id: str) -> str | Response:
        """One incident: where, why, what was kept, and the values it could be given. The address of one that was tried
        again in vain leads to the one there is now."""
        view = fetch_incident(self.engine, incident_id)
        if view.present:
            return _lead_to(view.present)
        return self._render(view, show_form(view.data, str(view.cause.facts.get("variable", ""))))

    def retry(self, incident_id: str) -> Response:
        """Runs the element again; says whether the case went on. What was resolved meanwhile is left as it is."""
        view = fetch_incident(self.engine, incident_id)
        if view.present:
            return _lead_to(view.present)
        return _tell(*retry_incidents(self.engine, current_actor(), [incident_id]))

    def retry_same(self, incident_id: str) -> Response:
        """The same for the oldest of those with the same element and message."""
        fetch_incident(self.engine, incident_id)
        return _tell(*retry_incidents(self.engine, current_actor(), list_same(self.engine, incident_id, BULK)))

    def fix(self, incident_id: str) -> str | tuple[str, int] | Response:
        """Shows what would change; once that is confirmed, changes it and runs the element again."""
        view = fetch_incident(self.engine, incident_id)
        if view.resolved_at is not None and "confirmed" not in request.form:
            return self._refuse_late(view)
        form = read_form(request.form, view.data)
        problem = _find_problem(form)
        if problem is not None:
            return self._render(view, form, problem=problem), 422
        if "edited" in request.form:
            return self._render(view, form)
        if "confirmed" not in request.form:
            return self._render(view, form, is_preview=True)
        token = request.form.get("token", "")
        try:
            went_on = fix_incident(
                self.engine, current_actor(), incident_id, form.values, form.reason, token, form.seen
            )
        except NotFound:
            return self._refuse_late(fetch_incident(self.engine, incident_id))
        except FixInvalid as refused:
            field = str(refused.facts["field"])
            form.wrong.add(field)
            problem = "reason" if field == "reason" else "refused"
            return self._render(view, form, problem=problem, detail=str(refused)), 422
        return _tell(int(went_on), int(not went_on), fixed=1)

    def _refuse_late(self, view: IncidentView) -> tuple[str, int] | Response:
        """A change of what is resolved meanwhile; if it failed again, the change can be sent to what there is now."""
        if view.present is None:
            return redirect(url_for("operator.incident", incident_id=view.incident.id), 303)
        now = fetch_incident(self.engine, view.present)
        return self._render(now, read_form(request.form, now.data), problem="meanwhile"), 409

    def _render(
        self, view: IncidentView, form: FixForm, problem: str = "", detail: str = "", is_preview: bool = False
    ) -> str:
        with self.engine.database.read() as connection:
            names = Names(connection, {view.kept.actor_id if view.kept else None}, g.fmt)
        return render_template(
            "operator/incident.html",
            view=view,
            form=form,
            problem=problem,
            detail=detail,
            is_preview=is_preview,
            names=names,
            display=Display(g.fmt),
            token=request.form.get("token") or new_token(),
        )


def _find_problem(form: FixForm) -> str | None:
    """The first thing that keeps a fix from being sent."""
    if form.wrong:
        return "json"
    if not form.values:
        return "unchanged"
    return None if form.reason.strip() else "reason"


def _lead_to(incident_id: str) -> Response:
    return redirect(url_for("operator.incident", incident_id=incident_id, meanwhile=1), 303)


def _tell(went_on: int, again: int, fixed: int | None = None) -> Response:
    return redirect(url_for("operator.incidents", went_on=went_on, again=again, fixed=fixed), 303)
