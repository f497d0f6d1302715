"""The inbox and the page of a task."""

from flask import Blueprint, Response

from engine.queries.definitions import drawing_of
from engine.runtime.engine import Engine
from web.staff.inbox import InboxDesk
from web.staff.starts import add_starts
from web.staff.task import TaskDesk


def make_staff(engine: Engine) -> Blueprint:
    """The blueprint `staff`."""
    blueprint = Blueprint("staff", __name__, template_folder="templates")
    inbox, task = InboxDesk(engine), TaskDesk(engine)

    def diagram(definition_id: str) -> Response:
        """The BPMN file of a process, for the viewer."""
        response = Response(drawing_of(engine, definition_id), mimetype="application/xml")
        response.headers["Cache-Control"] = "private, max-age=31536000, immutable"
        return response

    blueprint.add_url_rule("/inbox", "inbox", inbox.show)
    blueprint.add_url_rule("/inbox/claim", "claim_many", inbox.claim_many, methods=("POST",))
    blueprint.add_url_rule("/inbox/next", "next", inbox.go_next)
    blueprint.add_url_rule("/tasks/<task_id>", "task", task.show)
    blueprint.add_url_rule("/tasks/<task_id>", "complete", task.complete, methods=("POST",))
    blueprint.add_url_rule("/tasks/<task_id>/draft", "draft", task.save_draft, methods=("POST",))
    blueprint.add_url_rule("/tasks/<task_id>/code", "code", task.send_code, methods=("POST",))
    blueprint.add_url_rule("/tasks/<task_id>/comments", "comment", task.comment, methods=("POST",))
    blueprint.add_url_rule("/tasks/<task_id>/claim", "claim", task.claim, methods=("POST",))
    blueprint.add_url_rule("/tasks/<task_id>/unclaim", "unclaim", task.unclaim, methods=("POST",))
    blueprint.add_url_rule("/diagrams/<definition_id>", "diagram", diagram)
    add_starts(blueprint, engine)
    return blueprint
