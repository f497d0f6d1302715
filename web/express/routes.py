"""The addresses of express tasks."""

from flask import Blueprint

from engine.runtime.engine import Engine
from web.express.enterprise import ExpressDesk
from web.express.lists import ListDesk
from web.express.looks import FORM_STEPS, HELPERS, TASK_GUIDES
from web.express.worker import ConfirmationDesk
from web.navigation import may_open

BOTH = ("GET", "POST")


def make_express(engine: Engine) -> Blueprint:
    """The blueprint `express`."""
    blueprint = Blueprint("express", __name__, template_folder="templates")
    desk, lists, worker = ExpressDesk(engine), ListDesk(engine), ConfirmationDesk(engine)
    task, line = "/express/tasks/<task_id>", "/express/tasks/<task_id>/lines/<line_id>"
    blueprint.add_url_rule("/express/tasks", "tasks", desk.show_tasks)
    blueprint.add_url_rule("/express/tasks/new", "open_task", desk.open_task, methods=BOTH)
    blueprint.add_url_rule(task, "task", desk.show_task)
    blueprint.add_url_rule(f"{task}/cancel", "cancel", desk.cancel, methods=BOTH)
    blueprint.add_url_rule("/express/template.<any(xlsx, csv):ending>", "template", lists.send_template)
    blueprint.add_url_rule(f"{task}/lines", "lines", lists.show_lines)
    blueprint.add_url_rule(f"{task}/import", "import_list", lists.import_list, methods=("POST",))
    blueprint.add_url_rule(f"{task}/import/progress", "progress", lists.show_progress)
    blueprint.add_url_rule(line, "line", lists.edit_line, methods=BOTH)
    blueprint.add_url_rule(f"{line}/remove", "remove_line", lists.remove_line, methods=("POST",))
    blueprint.add_url_rule("/express/confirmations", "confirmations", worker.show_confirmations)
    blueprint.add_url_rule("/express/confirmations/<line_id>", "confirmation", worker.show_confirmation)
    blueprint.add_url_rule("/express/confirmations/<line_id>/next", "next_step", worker.go_on)
    blueprint.add_url_rule("/express/<line_id>/<proof>", "link", worker.follow_link, methods=BOTH)
    blueprint.context_processor(lambda: {**HELPERS, "may_open": may_open})
    shared = {name: HELPERS[name] for name in ("express_line_steps",)}
    shared |= {"task_guides": TASK_GUIDES, "express_form_steps": FORM_STEPS}
    blueprint.record(lambda state: state.app.jinja_env.globals.update(shared))
    return blueprint
