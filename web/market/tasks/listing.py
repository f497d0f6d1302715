"""The work tasks one may sign up for, those of one's own, and how a new one begins."""

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import abort, g, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from engine.queries.inbox import TaskRow
from engine.runtime.engine import Engine
from engine.services.ratings.queries import rating_of
from engine.services.work_tasks.commands import create_work_task
from engine.services.work_tasks.dossiers import list_own_engagements
from engine.services.work_tasks.market import NEWEST, SORTS, TaskFilter
from engine.services.work_tasks.queries import (
    count_task_choices,
    count_tasks_on_market,
    list_own_tasks,
    list_signed_up,
    list_tasks_on_market,
)
from engine.storage.ids import new_token
from web.market.find import PLACES, Chip, read_amount
from web.market.questions import read_token
from web.market.tasks.turns import OpenTasks, read_open_tasks
from web.policy import ENTERPRISE
from web.security import current_actor
from web.texts import text

PAGE_ROWS = 20
MODES = ("prepayment", "on_completion", "negotiable", "piecework")
CATEGORIES = ("design", "software", "content", "survey", "event", "installation", "assembly", "other")
DRAFT_FORM = "normal_task/draft_task"
ENGAGED, SIGNED_UP = "engaged", "signed_up"
DONE = ("cancel", "withdraw")


@dataclass(frozen=True)
class TaskSearch:
    """A filter of the market, and the addresses that change it. `min_pay`: as it was typed."""

    wanted: TaskFilter
    min_pay: str

    def url(self, **changed: object) -> str:
        """The page with this search, changed in some of its parameters."""
        wanted = self.wanted
        parameters: dict[str, object] = {
            "q": wanted.search,
            "category": sorted(wanted.categories),
            "mode": wanted.mode,
            "place": wanted.place_mode,
            "min_pay": self.min_pay,
            "sort": wanted.sort if wanted.sort != NEWEST else "",
            **changed,
        }
        kept = urlencode({name: value for name, value in parameters.items() if value}, doseq=True)
        return url_for("market.tasks") + (f"?{kept}" if kept else "")

    @property
    def is_wrong(self) -> bool:
        """Whether what was typed is no amount, and therefore does not narrow."""
        return bool(self.min_pay) and read_amount(self.min_pay) is None

    @property
    def chips(self) -> list[Chip]:
        """Every filter in force."""
        wanted = self.wanted
        chips = [
            Chip(text(f"task.category.{one}"), self.url(category=sorted(wanted.categories - {one})))
            for one in CATEGORIES
            if one in wanted.categories
        ]
        if wanted.mode:
            chips.append(Chip(text(f"task.mode.{wanted.mode}"), self.url(mode="")))
        if wanted.place_mode:
            chips.append(Chip(text(f"market.place.{wanted.place_mode}"), self.url(place="")))
        if wanted.min_pay_fen:
            chips.append(Chip(text("task.pay_from", amount=g.fmt.money(wanted.min_pay_fen)), self.url(min_pay="")))
        return chips


def read_task_search(arguments: MultiDict[str, str]) -> TaskSearch:
    """The search an address asks for; what it does not know it leaves out."""

    def known(name: str, values: tuple[str, ...]) -> str:
        value = arguments.get(name, "")
        return value if value in values else ""

    min_pay = arguments.get("min_pay", "").strip()
    wanted = TaskFilter(
        search=arguments.get("q", "").strip(),
        categories=frozenset(arguments.getlist("category")) & frozenset(CATEGORIES),
        mode=known("mode", MODES),
        place_mode=known("place", PLACES),
        min_pay_fen=read_amount(min_pay) or 0,
        sort=known("sort", tuple(SORTS)) or NEWEST,
    )
    return TaskSearch(wanted, min_pay)


class TaskLists:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def show_market(self) -> str:
        """The work tasks that take sign-ups: searched, filtered, sorted, page by page."""
        actor, search = current_actor(), read_task_search(request.args)
        after = request.args.get("after")
        try:
            page = list_tasks_on_market(self.engine, actor, search.wanted, after, PAGE_ROWS)
        except ValueError:  # an address somebody has cut off
            abort(400)
        with self.engine.database.read() as connection:
            standings = {one: rating_of(connection, one) for one in {card.enterprise_id for card in page.rows}}
        return render_template(
            "market/tasks/market.html",
            search=search,
            page=page,
            standings=standings,
            is_first=after is None,
            found=count_tasks_on_market(self.engine, search.wanted),
            total=count_tasks_on_market(self.engine, TaskFilter()),
            counts=count_task_choices(self.engine, search.wanted),
            choices={"category": CATEGORIES, "mode": MODES, "place": PLACES, "sort": SORTS},
        )

    def show_own(self) -> str:
        """What the enterprise has published; for a person what he works on, or has signed up for."""
        actor, after = current_actor(), request.args.get("after")
        opened = read_open_tasks(self.engine, actor)
        done = request.args.get("done")
        shared = {"opened": opened, "done": done if done in DONE else None}
        if actor.role in ENTERPRISE:
            published = list_own_tasks(self.engine, actor, after, PAGE_ROWS)
            return render_template(
                "market/tasks/published.html", page=published, drafts=find_task_drafts(opened), **shared
            )
        side = SIGNED_UP if request.args.get("side") == SIGNED_UP else ENGAGED
        if side == SIGNED_UP:
            signed_up = list_signed_up(self.engine, actor, after, PAGE_ROWS)
            return render_template("market/tasks/engaged.html", side=side, page=signed_up, **shared)
        engaged = list_own_engagements(self.engine, actor, after, PAGE_ROWS)
        return render_template("market/tasks/engaged.html", side=side, page=engaged, **shared)

    def open_task(self) -> Response | str:
        """Starts a work task; filling it in is its first task."""
        actor = current_actor()
        if request.method == "GET":
            drafts = find_task_drafts(read_open_tasks(self.engine, actor))
            return render_template("market/tasks/open.html", modes=MODES, drafts=drafts, token=new_token())
        task_id = create_work_task(self.engine, actor, read_token())
        page = url_for("market.task", task_id=task_id)
        own = read_open_tasks(self.engine, actor).of_task(task_id)
        if not own:  # sent twice, and it is filled in by now
            return redirect(page, 303)
        return redirect(url_for("staff.task", task_id=own[0].id, next=url_for("market.own_tasks")), 303)


def find_task_drafts(opened: OpenTasks) -> list[TaskRow]:
    """Work tasks nobody has filled in yet: they are no rows so far, only user tasks."""
    return [task for task in opened.tasks if task.element.form_key == DRAFT_FORM]
