"""The operator's desk: what cannot go on by itself, and what waits to happen by itself."""

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.commands.incidents import retry_incident
from engine.queries.waiting import list_case_starts, list_waiting_messages
from engine.runtime.engine import Engine
from web.auditor.names import Names
from web.operator.incidents import MAX_ROWS, count_open, find_instance, list_causes
from web.security import current_actor


def make_operator(engine: Engine) -> Blueprint:
    """The blueprint `operator`."""
    blueprint = Blueprint("operator", __name__, template_folder="templates")

    def incidents() -> str:
        """Open incidents by cause."""
        causes = list_causes(engine)
        return render_template(
            "operator/incidents.html",
            causes=causes,
            total=sum(len(cause.incidents) for cause in causes),
            most=MAX_ROWS,
            retried=request.args.get("retried"),
        )

    def retry(incident_id: str) -> Response:
        """Runs the element again; says whether the case went on."""
        with engine.database.read() as connection:
            instance_id = find_instance(connection, incident_id)
            before = count_open(connection, instance_id)
        retry_incident(engine, current_actor(), incident_id)
        with engine.database.read() as connection:
            has_failed = count_open(connection, instance_id) >= before
        return redirect(url_for("operator.incidents", retried="again" if has_failed else "went_on"), 303)

    def waiting() -> str:
        """Messages nobody has taken yet, and what begins cases by itself."""
        messages, total = list_waiting_messages(engine)
        senders = {one.sender for one in messages if one.sender}
        with engine.database.read() as connection:
            names = Names(connection, senders, g.fmt)
        return render_template(
            "operator/waiting.html",
            messages=messages,
            total=total,
            starts=list_case_starts(engine),
            names=names,
        )

    blueprint.add_url_rule("/waiting", "waiting", waiting)
    blueprint.add_url_rule("/incidents", "incidents", incidents)
    blueprint.add_url_rule("/incidents/<incident_id>/retry", "retry", retry, methods=("POST",))
    return blueprint
