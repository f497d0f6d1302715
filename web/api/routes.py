"""External tasks over HTTP: every request is a POST with a JSON object; docs/external-tasks.md describes them."""

from typing import Any

from flask import Blueprint, Response, g, jsonify, request

from engine.commands import external
from engine.commands.external import MAX_DETAILS_CHARACTERS, Worker
from engine.records.external import LockedTask
from engine.runtime.engine import Engine
from engine.services.identity.workers import MAX_TOPICS
from engine.storage.clock import format_instant
from web.api.bodies import Body

LOCK_SECONDS = 60
MAX_NAME_CHARACTERS = 80
MAX_CODE_CHARACTERS = 120
MAX_MESSAGE_CHARACTERS = 1000
LOCK_CHARACTERS = 32


def make_api(engine: Engine) -> Blueprint:
    """The blueprint `api`."""
    blueprint = Blueprint("api", __name__, url_prefix="/api/external-tasks")
    desk = ExternalDesk(engine)
    blueprint.add_url_rule("/fetch", "fetch", desk.fetch, methods=("POST",))
    one = "/<task_id>"
    blueprint.add_url_rule(f"{one}/extend-lock", "extend_lock", desk.extend_lock, methods=("POST",))
    blueprint.add_url_rule(f"{one}/unlock", "unlock", desk.unlock, methods=("POST",))
    blueprint.add_url_rule(f"{one}/complete", "complete", desk.complete, methods=("POST",))
    blueprint.add_url_rule(f"{one}/bpmn-error", "bpmn_error", desk.throw_error, methods=("POST",))
    blueprint.add_url_rule(f"{one}/failure", "failure", desk.report_failure, methods=("POST",))
    return blueprint


class ExternalDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def fetch(self) -> Response:
        """Locks free tasks of some topics."""
        body = Body(request)
        name = body.text("worker", MAX_NAME_CHARACTERS)
        topics = frozenset(body.texts("topics", MAX_TOPICS))
        lock, limit = body.seconds("lock_seconds", LOCK_SECONDS), body.number("max", 1)
        body.end()
        tasks = external.fetch_and_lock(self.engine, _worker(), name, topics, lock, limit)
        return jsonify(tasks=[_describe(one) for one in tasks])

    def extend_lock(self, task_id: str) -> Response:
        """Makes a lock last longer."""
        body, lock = _read_locked()
        duration = body.seconds("lock_seconds", LOCK_SECONDS)
        body.end()
        until = external.extend_lock(self.engine, _worker(), task_id, lock, duration)
        return jsonify(locked_until=format_instant(until))

    def unlock(self, task_id: str) -> Response:
        """Gives a task back."""
        body, lock = _read_locked()
        body.end()
        external.unlock(self.engine, _worker(), task_id, lock)
        return Response(status=204)

    def complete(self, task_id: str) -> Response:
        """The work is done."""
        body, lock = _read_locked()
        variables = body.variables()
        body.end()
        external.complete_external(self.engine, _worker(), task_id, lock, variables)
        return Response(status=204)

    def throw_error(self, task_id: str) -> Response:
        """The work ends with a business error."""
        body, lock = _read_locked()
        code = body.text("code", MAX_CODE_CHARACTERS)
        message, variables = body.text("message", MAX_MESSAGE_CHARACTERS, ""), body.variables()
        body.end()
        external.throw_external(self.engine, _worker(), task_id, lock, code, message, variables)
        return Response(status=204)

    def report_failure(self, task_id: str) -> Response:
        """The work could not be done."""
        body, lock = _read_locked()
        message = body.text("message", MAX_MESSAGE_CHARACTERS)
        details = body.text("details", MAX_DETAILS_CHARACTERS, "")
        retries, pause = body.number("retries"), body.seconds("retry_after_seconds", 0)
        body.end()
        external.fail_external(self.engine, _worker(), task_id, lock, message, details, retries, pause)
        return Response(status=204)


def _worker() -> Worker:
    """Who asks: the gate has let him in."""
    worker: Worker = g.worker
    return worker


def _read_locked() -> tuple[Body, str]:
    body = Body(request)
    return body, body.text("lock", LOCK_CHARACTERS)


def _describe(task: LockedTask) -> dict[str, Any]:
    return {
        "id": task.id,
        "lock": task.lock,
        "topic": task.topic,
        "variables": task.inputs,
        "process": task.process_key,
        "element": task.element,
        "case": task.instance_id,
        "business_key": task.business_key,
        "retries": task.retries,
        "created_at": format_instant(task.created_at),
        "locked_until": format_instant(task.locked_until),
    }
