"""The operator's desk: what cannot go on by itself, what waits to happen, what is done outside, and who is who."""

from flask import Blueprint

from engine.runtime.engine import Engine
from web.auditor.timeline import say
from web.operator.incidents import IncidentDesk
from web.operator.outside import OutsideDesk
from web.operator.people import PeopleDesk
from web.operator.waiting import make_waiting


def make_operator(engine: Engine) -> Blueprint:
    """The blueprint `operator`."""
    blueprint = Blueprint("operator", __name__, template_folder="templates")
    incidents, outside = IncidentDesk(engine), OutsideDesk(engine)
    post = ("POST",)
    blueprint.add_url_rule("/incidents", "incidents", incidents.list_all)
    blueprint.add_url_rule("/incidents/<incident_id>", "incident", incidents.show)
    blueprint.add_url_rule("/incidents/<incident_id>/retry", "retry", incidents.retry, methods=post)
    blueprint.add_url_rule("/incidents/<incident_id>/retry-same", "retry_same", incidents.retry_same, methods=post)
    blueprint.add_url_rule("/incidents/<incident_id>/fix", "fix", incidents.fix, methods=post)
    blueprint.add_url_rule("/waiting", "waiting", make_waiting(engine))
    blueprint.add_url_rule("/jobs", "jobs", outside.show_jobs)
    blueprint.add_url_rule("/jobs/<job_id>/retry", "retry_job", outside.retry_job, methods=post)
    blueprint.add_url_rule("/workers", "workers", outside.show_workers)
    blueprint.add_url_rule("/workers/tokens", "create_token", outside.create_token, methods=post)
    blueprint.add_url_rule("/workers/tokens/<token_id>/revoke", "revoke_token", outside.revoke_token, methods=post)
    people = PeopleDesk(engine)
    blueprint.add_url_rule("/people", "people", people.list_all)
    blueprint.add_url_rule("/people/<party_id>", "person", people.show)
    blueprint.add_url_rule("/people/<party_id>/roles", "set_roles", people.set_roles, methods=post)
    blueprint.add_url_rule("/people/<party_id>/standing", "set_standing", people.set_standing, methods=post)
    blueprint.context_processor(lambda: {"say": say})
    return blueprint
