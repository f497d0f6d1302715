"""The views of the inbox."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.tasks import claim_task
from engine.language.errors import EngineError
from engine.queries.definitions import name_processes
from engine.queries.inbox import (
    FREE,
    SORTS,
    VIEWS,
    TaskFilter,
    TaskRow,
    count_tasks,
    find_tasks,
    list_tasks,
    probe_tasks,
)
from engine.runtime.engine import Engine
from engine.storage.actor import Actor
from web.security import current_actor, is_partial, local_target
from web.staff.lines import Asked, State, group_lines, make_chips, make_tag, write_count

PAGE_ROWS = 50


@dataclass(frozen=True)
class Claims:
    """What came of claiming several tasks; `known` are those of the missed ones that can still be seen."""

    claimed: int
    missed: int
    known: list[TaskRow]


class InboxDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show(self) -> Response | str:
        """Open tasks: all, mine, my groups'; filtered, searched, sorted, paged. Unchanged: 304 to who names its tag."""
        actor, asked = current_actor(), Asked(request.args)
        counts = count_tasks(self.engine, actor, asked.horizons)
        try:
            if request.if_none_match and request.if_none_match.contains_weak(self._probe(actor, asked, counts)):
                return Response(status=304)
            page = list_tasks(self.engine, actor, asked.filter, asked.after, PAGE_ROWS)
        except ValueError:  # an address somebody has cut off
            abort(400)
        state: State = ([(row.id, row.version) for row in page.rows], page.after is not None)
        tag = make_tag(asked, actor, state, counts)
        is_whole = not is_partial(request)
        response = Response(
            render_template(
                "staff/inbox.html" if is_whole else "staff/inbox_parts.html",
                asked=asked,
                views=VIEWS,
                sorts=SORTS,
                groups=group_lines(asked, actor, page.rows),
                after=page.after,
                counts={name: write_count(count) for name, count in counts.items()},
                chips=list(make_chips(asked, actor, name_processes(self.engine), counts)) if is_whole else [],
                claims=self._tell_claims(actor),
                is_done="done" in request.args,
                is_personal=actor.party_id == actor.user_id,
                tag=tag,
            )
        )
        response.set_etag(tag, weak=True)
        return response

    def claim_many(self) -> BaseResponse:
        """Takes every task that was picked, each in a step of its own; tells which somebody else was faster with."""
        claimed, missed = list[str](), list[str]()
        for task_id in dict.fromkeys(request.form.getlist("task")[:PAGE_ROWS]):
            try:
                claim_task(self.engine, current_actor(), task_id)
                claimed.append(task_id)
            except EngineError:  # claimed or done by somebody else, or never his business: only the first can be seen
                missed.append(task_id)
        back = local_target(request.form.get("back")) or url_for("staff.inbox")
        told = {"claimed": str(len(claimed)), "missed": ".".join(missed)}
        return redirect(f"{back}{'&' if '?' in back else '?'}{urlencode(told)}", 303)

    def go_next(self) -> BaseResponse:
        """The first task nobody else holds, but not the one he comes from."""
        rows = list_tasks(self.engine, current_actor(), TaskFilter(view=FREE), limit=2).rows
        others = [row.id for row in rows if row.id != request.args.get("from")]
        return redirect(url_for("staff.task", task_id=others[0]) if others else url_for("staff.inbox"), 303)

    def _probe(self, actor: Actor, asked: Asked, counts: dict[str, int]) -> str:
        rows = probe_tasks(self.engine, actor, asked.filter, asked.after, PAGE_ROWS)
        return make_tag(asked, actor, (rows[:PAGE_ROWS], len(rows) > PAGE_ROWS), counts)

    def _tell_claims(self, actor: Actor) -> Claims | None:
        if "claimed" not in request.args:
            return None
        missed = [one for one in request.args.get("missed", "").split(".") if one][:PAGE_ROWS]
        known = find_tasks(self.engine, actor, missed) if missed else []
        return Claims(request.args.get("claimed", 0, type=int), len(missed), known)
