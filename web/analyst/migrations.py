"""Migrating running cases: a plan is made, its verdicts are read, cases are chosen, taken over and put back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.migrations import (
    Draft,
    PlanInvalid,
    cancel_migration,
    pause_migration,
    plan_migration,
    resume_migration,
    revert_migration,
    run_migration,
)
from engine.definitions.catalogue import PROCESS
from engine.language.model import Element
from engine.queries.definitions import fetch_definition
from engine.queries.migrations import (
    MigrationView,
    fetch_migration,
    find_missing,
    list_migrations,
    list_places,
    require_analyst,
)
from engine.records.migrations import CLEAN, DIFFERS, ITEM_STATES, VERDICTS
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from web.analyst.plans import FILTERS, RENAMED, Fields, choose_versions, read_filters, read_renamed, write_plan
from web.auditor.names import Names
from web.security import current_actor
from web.texts import text

TOLD = ("unticked", "unmoved", "unreverted")  # why nothing came of a button
RUN = {"clean": (CLEAN,), "all": (CLEAN, DIFFERS), "picked": (CLEAN, DIFFERS)}


def add_migrations(blueprint: Blueprint, engine: Engine) -> None:
    """The addresses of migrations."""
    desk, post = MigrationDesk(engine), ("POST",)
    blueprint.add_url_rule("/migrations", "migrations", desk.list_all)
    blueprint.add_url_rule("/definitions/<definition_id>/migrate", "migrate", desk.show_plan)
    blueprint.add_url_rule("/definitions/<definition_id>/migrate", "plan_migration", desk.plan, methods=post)
    one = "/migrations/<migration_id>"
    blueprint.add_url_rule(one, "migration", desk.show)
    blueprint.add_url_rule(f"{one}/run", "run_migration", desk.run, methods=post)
    blueprint.add_url_rule(f"{one}/pause", "pause_migration", desk.ask(pause_migration), methods=post)
    blueprint.add_url_rule(f"{one}/resume", "resume_migration", desk.ask(resume_migration), methods=post)
    blueprint.add_url_rule(f"{one}/cancel", "cancel_migration", desk.ask(cancel_migration), methods=post)
    blueprint.add_url_rule(f"{one}/revert", "revert_migration", desk.revert, methods=post)
    blueprint.context_processor(lambda: {"explain": explain, "name_place": name_place})


@dataclass(frozen=True)
class Chip:
    """Something the list of cases is narrowed to, and the address of the list without it."""

    words: str
    url: str


class MigrationDesk:
    """The views, over one engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def list_all(self) -> str:
        """Every plan, the newest first."""
        rows = list_migrations(self.engine, current_actor())
        return render_template("analyst/migrations.html", rows=rows, names=self._name({row.actor_id for row in rows}))

    def show_plan(self, definition_id: str) -> str:
        """The form of a plan: which versions, where to, which cases, and what is called otherwise there."""
        return self._show_form(definition_id, request.args, {})

    def _show_form(self, definition_id: str, asked: Fields, wrong: dict[str, str]) -> str:
        """The form as it is filled in, with what is wrong in words by field."""
        require_analyst(current_actor())
        view = fetch_definition(self.engine, definition_id)
        if view.definition.kind != PROCESS:
            raise NotFound("definition", definition_id)
        sources, target = choose_versions(view.versions, view.definition, asked)
        source_ids = [one.id for one in sources]
        return render_template(
            "analyst/migrate.html",
            row=view.definition,
            versions=view.versions,
            sources=source_ids if asked.getlist("source") or not wrong else [],
            target=target,
            missing=find_missing(self.engine, source_ids, target.id),
            places=list_places(self.engine, view.definition.key, source_ids),
            asked=asked,
            is_filtered=any(asked.get(name) for name in FILTERS),
            wrong=wrong,
            token=new_id(),
            past=list_migrations(self.engine, current_actor(), view.definition.key),
        )

    def plan(self, definition_id: str) -> BaseResponse | tuple[str, int]:
        """Makes the plan and begins to try its cases; or shows the form with the versions that were chosen."""
        fields = request.form
        if "compare" in fields:
            typed = {name: fields.getlist(name) for name in fields if _is_of_plan(name)}
            kept: dict[str, Any] = {name: values for name, values in typed.items() if any(values)}
            return redirect(url_for("analyst.migrate", definition_id=definition_id, **kept), 303)
        filters, unread = read_filters(fields)
        if unread:
            wrong = {name: text(f"migration.wrong.{name}") for name in unread}
            return self._show_form(definition_id, fields, wrong), 422
        target = fields.get("target", definition_id)
        draft = Draft(tuple(fields.getlist("source")), target, read_renamed(fields), filters)
        try:
            made = plan_migration(self.engine, current_actor(), fields.get("token", "") or new_id(), draft)
        except PlanInvalid as refused:
            field, place = str(refused.facts["field"]), str(refused.facts["element"])
            wrong = {field: text(f"migration.wrong.{field}", element=self._name_element(target, place))}
            return self._show_form(definition_id, fields, wrong), 422
        return redirect(url_for("analyst.migration", migration_id=made), 303)

    def show(self, migration_id: str) -> str:
        """How far a plan is, why cases are not clean, and the cases one by one."""
        asked = _read_asked(request.args)
        view = fetch_migration(self.engine, current_actor(), migration_id, **asked, after=request.args.get("after", ""))
        told = request.args.get("told", "")
        return render_template(
            "analyst/migration.html",
            view=view,
            row=view.row,
            asked=asked,
            chips=_list_chips(view, asked),
            told=told if told in TOLD else "",
            plan=write_plan(view.row),
            names=self._name({view.row.actor_id}),
        )

    def run(self, migration_id: str) -> BaseResponse:
        """Takes over what was chosen: the clean ones, all but the blocked ones, or those ticked."""
        g.back = url_for("analyst.migration", migration_id=migration_id)
        scope = request.form.get("scope", "")
        picked = request.form.getlist("case") if scope == "picked" else None
        count = run_migration(self.engine, current_actor(), migration_id, RUN.get(scope, ()), picked)
        return _show_again(migration_id, "" if count else "unticked" if picked == [] else "unmoved")

    def revert(self, migration_id: str) -> BaseResponse:
        """Puts cases back: those ticked, or all that have not gone on."""
        g.back = url_for("analyst.migration", migration_id=migration_id)
        picked = request.form.getlist("case") if request.form.get("scope") == "picked" else None
        count = revert_migration(self.engine, current_actor(), migration_id, picked)
        return _show_again(migration_id, "" if count else "unticked" if picked == [] else "unreverted")

    def ask(self, command: Callable[[Engine, Actor, str], None]) -> Callable[[str], BaseResponse]:
        """The view of a command that needs nothing but the plan."""

        def view(migration_id: str) -> BaseResponse:
            g.back = url_for("analyst.migration", migration_id=migration_id)
            command(self.engine, current_actor(), migration_id)
            return _show_again(migration_id)

        return view

    def _name_element(self, target: str, place: str) -> str:
        with self.engine.database.read() as connection:
            elements = self.engine.catalogue.elements(connection, target)
        return name_place({f"{one.process_key}/{one.id}": one for one in elements.values()}, place)

    def _name(self, people: set[str]) -> Names:
        with self.engine.database.read() as connection:
            return Names(connection, people, g.fmt)


def name_place(elements: Mapping[str, Element], place: str) -> str:
    """The name of `process/element`, or the id of an element nobody knows."""
    found = elements.get(place)
    return (found and g.fmt.name(found.name_zh, found.name_en)) or place.partition("/")[2]


def explain(reason: str, facts: PlainDict) -> str:
    """Why a case is not clean, in words."""
    told = facts.get("differences")
    first = told[0] if isinstance(told, list) and told else {}
    known = {**facts, **(first if isinstance(first, dict) else {})}
    named = {
        name: g.fmt.name(str(known.get(f"{prefix}zh", "")), str(known.get(f"{prefix}en", "")))
        for name, prefix in (("name", ""), ("other", "other_"), ("taken", "taken_"), ("now", "now_"))
    }
    if reason == "table":
        named |= {name: _shorten(known.get(name)) for name in ("taken", "now")}
    rest = {name: known.get(name) or "–" for name in ("table", "topic", "called", "problem")}
    return text(f"migration.reason.{reason}", **named, **rest)


def _shorten(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} = {part}" for name, part in value.items())
    return "–" if value is None else str(value)[:120]


def _is_of_plan(name: str) -> bool:
    """Whether a field says something of the plan, and not only of this one form."""
    return name in (*FILTERS, "source", "target") or name.startswith(RENAMED)


def _read_asked(asked: Fields) -> dict[str, str]:
    """Which cases are asked for; what nobody knows is left out."""
    known = {"verdict": VERDICTS, "state": ITEM_STATES}
    found = {name: asked.get(name, "") for name in ("verdict", "state", "reason", "element")}
    return {name: value for name, value in found.items() if value and value in known.get(name, (value,))}


def _list_chips(view: MigrationView, asked: Mapping[str, str]) -> list[Chip]:
    """What the list is narrowed to; a reason and the element to blame for it are one."""
    words = {
        "verdict": text(f"migration.verdict.{asked['verdict']}") if "verdict" in asked else "",
        "state": text(f"migration.item.{asked['state']}") if "state" in asked else "",
        "reason": _say_reason(view, asked),
    }

    def without(*names: str) -> str:
        rest: dict[str, Any] = {name: value for name, value in asked.items() if name not in names}
        return url_for("analyst.migration", migration_id=view.row.id, **rest) + "#h-cases"

    return [
        Chip(said, without("reason", "element") if name == "reason" else without(name))
        for name, said in words.items()
        if said
    ]


def _say_reason(view: MigrationView, asked: Mapping[str, str]) -> str:
    reason, place = asked.get("reason"), asked.get("element", "")
    found = next((one for one in view.findings if one.reason == reason and one.place == place), None)
    if found is not None:
        return explain(found.reason, found.facts)
    return name_place(view.elements, place) if place else text("migration.reason") if reason else ""


def _show_again(migration_id: str, told: str = "") -> BaseResponse:
    return redirect(url_for("analyst.migration", migration_id=migration_id, told=told or None), 303)
