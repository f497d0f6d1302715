"""The views of the inbox."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.tasks import claim_task
from engine.language.errors import EngineError
from engine.queries.definitions import ProcessName, ask_process_names
from engine.queries.inbox import FREE, SORTS, VIEWS, TaskFilter, TaskRow, Work, list_tasks, open_work
from engine.runtime.engine import Engine
from engine.runtime.starts import list_starts
from engine.storage.actor import Actor
from web.here import asked
from web.security import current_actor, is_partial, local_target
from web.staff.lines import State, Wanted, group_lines, make_chips, make_tag, write_count

PAGE_ROWS = 50


@dataclass(frozen=True)
class Claims:
    """What came of claiming several tasks; `known` are those of the missed ones that can still be seen."""

    claimed: int
    missed: int
    known: list[TaskRow]


@dataclass(frozen=True)
class Beside:
    """What stands beside the list: the processes it may be narrowed to, and whether its reader may start any."""

    processes: list[ProcessName]
    has_starts: bool


class InboxDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show(self) -> Response | str:
        """Open tasks: all, mine, my groups'; filtered, searched, sorted, paged. Unchanged: 304 to who names its tag."""
        actor, asking = current_actor(), asked()
        wanted = Wanted(asking.args.to_dict())
        try:
            with open_work(self.engine, actor) as work:
                find_counts = work.ask_count()
                if asking.if_none_match and self._is_known(work, actor, wanted, find_counts):
                    return Response(status=304)
                find_page = work.ask_page(wanted.filter, wanted.after, PAGE_ROWS)
                beside = None if is_partial(asking) else self._find_beside(work, actor)
                page, counts, claims = find_page(), find_counts(), _read_claims(work)
        except ValueError:  # an address somebody has cut off
            abort(400)
        state: State = ([(row.id, row.version) for row in page.rows], page.after is not None)
        tag = make_tag(wanted, actor, state, counts)
        shown = {
            "wanted": wanted,
            "views": VIEWS,
            "groups": group_lines(wanted, actor, page.rows),
            "after": page.after,
            "counts": {name: write_count(count) for name, count in counts.items()},
            "is_personal": actor.party_id == actor.user_id,
            "tag": tag,
        }
        response = Response(_render(wanted, shown, claims, beside))
        response.set_etag(tag, weak=True)
        return response

    def claim_many(self) -> BaseResponse:
        """Takes every task that was picked, each in a step of its own; tells which somebody else was faster with."""
        claimed, missed = list[str](), list[str]()
        for task_id in dict.fromkeys(request.form.getlist("task")[:PAGE_ROWS]):
            try:
                claim_task(self.engine, current_actor(), task_id)
                claimed.append(task_id)
            except EngineError:  # somebody else was faster, or it never was his business
                missed.append(task_id)
        back = local_target(request.form.get("back")) or url_for("staff.inbox")
        told = {"claimed": str(len(claimed)), "missed": ".".join(missed)}
        return redirect(f"{back}{'&' if '?' in back else '?'}{urlencode(told)}", 303)

    def go_next(self) -> BaseResponse:
        """The first task nobody else holds, but not the one he comes from."""
        rows = list_tasks(self.engine, current_actor(), TaskFilter(view=FREE), limit=2).rows
        others = [row.id for row in rows if row.id != request.args.get("from")]
        return redirect(url_for("staff.task", task_id=others[0]) if others else url_for("staff.inbox"), 303)

    def _find_beside(self, work: Work, actor: Actor) -> Beside:
        find_names = ask_process_names(work.connection)
        has_starts = bool(list_starts(self.engine, actor))
        return Beside(find_names(), has_starts)

    def _is_known(self, work: Work, actor: Actor, wanted: Wanted, find_counts: Callable[[], dict[str, int]]) -> bool:
        """Whether the browser has the page as it is."""
        rows = work.probe(wanted.filter, wanted.after, PAGE_ROWS)
        tag = make_tag(wanted, actor, (rows[:PAGE_ROWS], len(rows) > PAGE_ROWS), find_counts())
        return asked().if_none_match.contains_weak(tag)


def _render(wanted: Wanted, shown: dict[str, Any], claims: Claims | None, beside: Beside | None) -> str:
    """The page, or the parts of it that change while it is open."""
    if beside is None:
        return render_template("staff/inbox_parts.html", **shown)
    arguments = asked().args
    return render_template(
        "staff/inbox.html",
        sorts=SORTS,
        chips=list(make_chips(wanted, current_actor(), beside.processes, shown["counts"])),
        claims=claims,
        is_done="done" in arguments,
        is_started="started" in arguments,
        has_starts=beside.has_starts,
        **shown,
    )


def _read_claims(work: Work) -> Claims | None:
    arguments = asked().args
    if "claimed" not in arguments:
        return None
    missed = [one for one in arguments.get("missed", "").split(".") if one][:PAGE_ROWS]
    known = work.find(missed) if missed else []
    return Claims(arguments.get("claimed", 0, type=int), len(missed), known)
