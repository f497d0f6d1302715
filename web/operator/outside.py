"""What is done outside the steps of cases: failing jobs, batches under way, external tasks and tokens of workers."""

import re

from flask import g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.commands.external import RequestUnfit
from engine.commands.incidents import retry_job
from engine.queries.outside import count_topics, list_batches, list_external_tasks, list_failing_jobs
from engine.runtime.engine import Engine
from engine.services.identity.workers import create_token, list_tokens, revoke_token
from web.auditor.names import Names
from web.security import current_actor

_BETWEEN = re.compile(r"[\s,;，；、]+")


class OutsideDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_jobs(self) -> str:
        """Jobs that fail, with the next attempt of each, and batches under way."""
        with self.engine.database.read() as connection:
            return render_template(
                "operator/jobs.html",
                jobs=list_failing_jobs(connection),
                batches=list_batches(self.engine, connection),
                retried=request.args.get("retried"),
            )

    def retry_job(self, job_id: str) -> Response:
        """The next attempt at once."""
        is_there = retry_job(self.engine, current_actor(), job_id)
        return redirect(url_for("operator.jobs", retried="soon" if is_there else "done"), 303)

    def show_workers(self) -> str:
        """What waits for workers, and who they are."""
        return self._render_workers()

    def create_token(self) -> str | tuple[str, int]:
        """Makes a token and shows its secret, this once."""
        name, topics = request.form.get("name", ""), request.form.get("topics", "")
        try:
            found = [one for one in _BETWEEN.split(topics) if one]
            _, secret = create_token(self.engine, current_actor(), name, found)
        except RequestUnfit as refused:
            return self._render_workers(name=name, topics=topics, wrong=str(refused.facts["field"])), 422
        return self._render_workers(secret=secret, named=name)

    def revoke_token(self, token_id: str) -> Response:
        """Ends a token."""
        revoke_token(self.engine, current_actor(), token_id)
        return redirect(url_for("operator.workers", revoked=1), 303)

    def _render_workers(
        self, name: str = "", topics: str = "", wrong: str = "", secret: str = "", named: str = ""
    ) -> str:
        with self.engine.database.read() as connection:
            tasks, tokens = list_external_tasks(self.engine, connection), list_tokens(connection)
            people = {token.created_by for token in tokens} | {task.token_id for task in tasks}
            return render_template(
                "operator/workers.html",
                loads=count_topics(connection, self.engine.clock()),
                tasks=tasks,
                tokens=tokens,
                names=Names(connection, people, g.fmt),
                typed={"name": name, "topics": topics},
                wrong=wrong,
                secret=secret,
                named=named,
                is_revoked="revoked" in request.args,
            )
