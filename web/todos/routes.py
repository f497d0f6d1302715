"""To-do items in the browser; what is filled in is a task in the inbox, these pages show and lead there."""

import re
from datetime import date, datetime, time
from itertools import zip_longest

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from sqlalchemy import RowMapping
from werkzeug.wrappers import Response

from engine.language.errors import EngineError
from engine.queries.inbox import find_tasks_of_case
from engine.runtime.engine import Engine
from engine.services.todos.commands import KINDS, add_item, change_item, end_absence, enter_absence
from engine.services.todos.content import FIELDS, differences
from engine.services.todos.people import list_handlers
from engine.services.todos.queries import (
    count_items,
    fetch_handling_view,
    fetch_item_view,
    list_absences,
    list_items,
    list_overdue,
)
from engine.services.todos.rules import list_rules
from engine.services.todos.showing import show_value
from engine.storage.ids import new_id
from engine.storage.plain import Plain
from web.auditor.names import Names
from web.rendering.display import Display
from web.security import current_actor, is_partial
from web.todos.links import LinkDesk

STATES = ("active", "pending", "deleted")
TOKEN = re.compile(r"[0-9a-f]{32}")
DAY_ENDS = time(23, 59)


def make_todos(engine: Engine) -> Blueprint:
    """The blueprint `todos`."""
    blueprint = Blueprint("todos", __name__, template_folder="templates")
    desk, links, post = TodoDesk(engine), LinkDesk(engine), ("POST",)
    blueprint.add_url_rule("/todos", "items", desk.list_items)
    blueprint.add_url_rule("/todos/new", "add", desk.add, methods=post)
    blueprint.add_url_rule("/todos/rules", "rules", desk.show_rules)
    blueprint.add_url_rule("/todos/items/<item_id>", "item", desk.show_item)
    blueprint.add_url_rule("/todos/items/<item_id>/change", "change", desk.change, methods=post)
    blueprint.add_url_rule("/todos/handlings/<handling_id>", "handling", desk.show_handling)
    blueprint.add_url_rule("/todos/supervision", "supervision", desk.supervise)
    blueprint.add_url_rule("/todos/absence", "absence", desk.show_absence)
    blueprint.add_url_rule("/todos/absence", "enter_absence", desk.enter_absence, methods=post)
    blueprint.add_url_rule("/todos/absence/<absence_id>/end", "end_absence", desk.end_absence, methods=post)
    blueprint.add_url_rule("/act/<token>", "link", links.show)
    blueprint.add_url_rule("/act/<token>", "act", links.act, methods=post)
    return blueprint


class TodoDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def list_items(self) -> str:
        """The items by state, searched; with what is open and late of each, and a change that waits."""
        state, search = request.args.get("state", STATES[0]), request.args.get("q", "").strip()
        if state not in STATES:
            abort(404)
        with self.engine.database.read() as connection:
            lines = list_items(connection, self.engine.clock(), state, search)
            handlers = {one for line in lines for one in line.row["content"]["handlers"]}
            return render_template(
                "todos/items.html",
                lines=lines,
                state=state,
                states=STATES,
                counts=count_items(connection),
                search=search,
                names=Names(connection, handlers, g.fmt),
                may_add=current_actor().role == "todo_manager",
                token=new_id(),
            )

    def add(self) -> Response:
        """Begins a new item: its form opens."""
        return self._open_task(add_item(self.engine, current_actor(), _read_token()))

    def change(self, item_id: str) -> Response:
        """Begins a change of an item: its form opens."""
        kind = request.form.get("kind", "")
        if kind not in KINDS:
            abort(400)
        return self._open_task(change_item(self.engine, current_actor(), _read_token(), item_id, kind))

    def _open_task(self, instance_id: str) -> Response:
        with self.engine.database.read() as connection:
            for task_id in find_tasks_of_case(connection, current_actor(), instance_id).values():
                return redirect(url_for("staff.task", task_id=task_id, next=url_for("todos.items")), 303)
        return redirect(url_for("todos.items"), 303)

    def show_item(self, item_id: str) -> str:
        """An item with its versions field by field, its handlings, and the change that waits."""
        display = Display(g.fmt)
        with self.engine.database.read() as connection:
            view = fetch_item_view(connection, item_id)

            def show(name: str, value: Plain) -> str:
                shown = show_value(connection, name, value)
                said = g.fmt.name(shown["zh"], shown["en"]) if isinstance(shown, dict) else shown
                return " ".join(display.show_datum(name, said).lines)

            versions = [
                (
                    new,
                    [
                        (FIELDS[name], show(name, before), show(name, after))
                        for name, before, after in _compare(new, old)
                    ],
                )
                for new, old in zip_longest(view.versions, view.versions[1:])
            ]
            people = {one for row in view.handlings for one in (*row["handlers"], row["handled_by"]) if one}
            people |= {one for row in view.versions for one in (row["maker_id"], row["reviewer_id"]) if one}
            change = view.change
            tasks = find_tasks_of_case(connection, current_actor(), change["id"]) if change else {}
            return render_template(
                "todos/item.html",
                item=view.item,
                fields=[
                    (words, show(name, view.item["content"][name]))
                    for name, words in FIELDS.items()
                    if name not in ("title", "body")
                ],
                versions=versions,
                handlings=view.handlings,
                change=change,
                task_id=next(iter(tasks.values()), None),
                names=Names(connection, people, g.fmt),
                may_change=current_actor().role == "todo_manager",
                token=new_id(),
            )

    def show_handling(self, handling_id: str) -> str:
        """One handling: the item, who has it, what happened, how each message got there."""
        view = fetch_handling_view(self.engine, current_actor(), handling_id)
        people = {*view.row["handlers"], *view.row["chain"], *(one.user_id for one in view.receipts)}
        people |= {one[name] for one in view.transfers for name in ("from_id", "to_id")}
        people |= {one["filed_by"] for one in view.exceptions} | ({view.row["handled_by"]} - {None})
        with self.engine.database.read() as connection:
            names = Names(connection, people, g.fmt)
        return render_template("todos/handling.html", view=view, names=names)

    def supervise(self) -> str:
        """What has escalated and which exceptions are open; fresh while the page is open."""
        with self.engine.database.read() as connection:
            rows = list_overdue(connection)
            tasks = {
                row["id"]: next(iter(found.values()))
                for row, _ in rows
                if (found := find_tasks_of_case(connection, current_actor(), row["instance_id"]))
            }
            names = Names(connection, {one for row, _ in rows for one in row["handlers"]}, g.fmt)
        template = "todos/_overdue.html" if is_partial(request) else "todos/supervision.html"
        return render_template(template, rows=rows, tasks=tasks, names=names)

    def show_rules(self) -> str:
        """The rules by which reminders, escalation and exceptions go, as they are deployed."""
        return render_template("todos/rules.html", tables=list_rules(self.engine))

    def show_absence(self, wrong: bool = False) -> str:
        """The actor's absences, and a form for one more."""
        actor = current_actor()
        with self.engine.database.read() as connection:
            absences = list_absences(connection, actor.user_id, self.engine.clock())
            others = [one for one in list_handlers(connection) if one != actor.user_id]
            names = Names(connection, {*others, *(one["substitute_id"] for one in absences)}, g.fmt)
        return render_template(
            "todos/absence.html", absences=absences, others=others, names=names, token=new_id(), wrong=wrong
        )

    def enter_absence(self) -> Response | tuple[str, int]:
        """Whole days, on the wall clock of the platform."""
        try:
            first, last = (date.fromisoformat(request.form.get(name, "")) for name in ("first", "last"))
            begin = datetime.combine(first, time(), self.engine.zone)
            end = datetime.combine(last, DAY_ENDS, self.engine.zone)
            substitute = request.form.get("substitute", "")
            enter_absence(self.engine, current_actor(), _read_token(), substitute, begin, end)
        except (ValueError, EngineError):
            return self.show_absence(wrong=True), 422
        return redirect(url_for("todos.absence"), 303)

    def end_absence(self, absence_id: str) -> Response:
        """The actor is back."""
        end_absence(self.engine, current_actor(), absence_id)
        return redirect(url_for("todos.absence"), 303)


def _compare(new: RowMapping, old: RowMapping | None) -> list[tuple[str, Plain, Plain]]:
    return differences(old["content"], new["content"]) if old else []


def _read_token() -> str:
    token = request.form.get("token", "")
    if not TOKEN.fullmatch(token):
        abort(400)
    return token
