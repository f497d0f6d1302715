"""To-do items of other systems over HTTP: PUT an item under the system's own id, DELETE to withdraw it."""

import hashlib

from flask import Blueprint, Response, g, jsonify, request

from engine.commands.external import RequestUnfit, Worker
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.services.notifications.channels.chosen import check_channel_address
from engine.services.notifications.channels.port import WEBHOOK, AddressUnfit
from engine.services.todos.commands import take_in_item, withdraw_item
from engine.services.todos.content import FIELDS
from engine.services.todos.errors import ItemUnfit
from engine.services.todos.people import find_logins
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict
from web.api.bodies import Body

TOPIC = "todo.intake"
"""What a token must be made for."""
MAX_EXTERNAL_ID = 100


def make_todo_api(engine: Engine) -> Blueprint:
    """The blueprint `todo_api`."""
    blueprint = Blueprint("todo_api", __name__, url_prefix="/api/todos")
    desk = TodoIntake(engine)
    blueprint.add_url_rule("/<external_id>", "put", desk.put, methods=("PUT",))
    blueprint.add_url_rule("/<external_id>", "withdraw", desk.withdraw, methods=("DELETE",))
    return blueprint


class TodoIntake:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def put(self, external_id: str) -> Response:
        """Takes an item in, or its new content. Sent again it changes nothing."""
        worker = _worker(external_id)
        fields = self._read_fields()
        try:
            number = take_in_item(self.engine, worker.actor, _token(external_id), external_id, fields)
        except ItemUnfit as unfit:
            raise RequestUnfit(unfit.problems[0], str(unfit)) from unfit
        return jsonify(number=number, external_id=external_id)

    def withdraw(self, external_id: str) -> Response:
        """Withdraws an item everywhere."""
        worker = _worker(external_id)
        withdraw_item(self.engine, worker.actor, _token(external_id), external_id)
        return Response(status=204)

    def _read_fields(self) -> PlainDict:
        """The fields of an item; `handlers` are logins."""
        body = Body(request)
        values = body.variables("item")
        body.end()
        for name in values.keys() - FIELDS.keys():
            raise RequestUnfit(name, f"Expected no field {name}")
        if url := values.get("callback_url"):
            try:
                check_channel_address(self.engine.settings, WEBHOOK, str(url))
            except AddressUnfit as unfit:
                raise RequestUnfit("callback_url", "Expected an address the settings allow") from unfit
        if "handlers" in values:
            values["handlers"] = self._find_people(values["handlers"])
        return values

    def _find_people(self, logins: Plain) -> list[Plain]:
        wanted = [str(one) for one in logins] if isinstance(logins, list) else []
        with self.engine.database.read() as connection:
            known = find_logins(connection, wanted)
        if unknown := [one for one in wanted if one not in known]:
            raise RequestUnfit("handlers", f"Expected logins of handlers, but {unknown[0]!r} is none")
        return [known[one] for one in wanted]


def _worker(external_id: str) -> Worker:
    """The system that asks, if its token is for this and its id can be kept. Raises NotFound, RequestUnfit."""
    worker: Worker = g.worker
    if TOPIC not in worker.topics:
        raise NotFound("todo", external_id)
    if len(external_id) > MAX_EXTERNAL_ID:
        raise RequestUnfit("external_id", f"Expected an id of at most {MAX_EXTERNAL_ID} characters")
    return worker


def _token(external_id: str) -> str:
    """What is sent under one `Idempotency-Key` is one act. Without one, what is as it is wanted stays as it is."""
    given = request.headers.get("Idempotency-Key")
    return hashlib.sha256(f"{external_id}:{given}".encode()).hexdigest() if given else new_id()
