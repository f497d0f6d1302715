"""Who of the programs outside may come in: a token in the header `Authorization: Bearer …`, not too often."""

from datetime import timedelta

from flask import Request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from engine.commands.external import Worker
from engine.runtime.engine import Engine
from engine.services.identity.workers import find_worker
from web.throttling import Throttle

REQUESTS_PER_MINUTE = 600
FAILURES = 50
FAILURE_WINDOW = timedelta(minutes=15)


class WorkerDoor:
    """Counts the requests of each token, and the failures of each address."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.by_token = Throttle(engine.clock, REQUESTS_PER_MINUTE, timedelta(minutes=1))
        self.by_address = Throttle(engine.clock, FAILURES, FAILURE_WINDOW)

    def admit(self, request: Request) -> Worker:
        """The worker who asks. Raises Unauthorized, TooManyRequests."""
        given = request.authorization
        secret = given.token if given is not None and given.type == "bearer" else None
        worker = find_worker(self.engine, secret) if secret else None
        if worker is None:
            self.by_address.count_attempt(request.remote_addr or "")
            raise Unauthorized(www_authenticate=WWWAuthenticate("bearer"))
        self.by_token.count_attempt(worker.actor.user_id)
        return worker
