"""Migrating running cases: a plan is made, its verdicts are read, cases are chosen, taken over and put back."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from engine.commands.migrations import (
    Draft,
    cancel_migration,
    pause_migration,
    plan_migration,
    resume_migration,
    revert_migration,
    run_migration,
)
from engine.definitions.catalogue import PROCESS
from engine.language.model import Element
from engine.queries.definitions import DefinitionRow, fetch_definition
from engine.queries.migrations import fetch_migration, find_missing, list_migrations, require_analyst
from engine.records.migrations import CLEAN, DIFFERS, Filters
from engine.runtime.engine import Engine
from engine.runtime.errors import NotFound
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from engine.storage.plain import PlainDict
from web.auditor.days import read_day
from web.auditor.names import Names
from web.security import current_actor
from web.texts import text

FEN = 100
RENAMED = "as:"  # of the fields that say what an element is called in the target
# Where a case may be looked for by where it waits.
PLACES = frozenset({"userTask", "serviceTask", "receiveTask", "intermediateCatchEvent", "callActivity", "subProcess"})
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
    blueprint.context_processor(lambda: {"explain": explain})


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
        require_analyst(current_actor())
        view = fetch_definition(self.engine, definition_id)
        if view.definition.kind != PROCESS:
            raise NotFound("definition", definition_id)
        sources, target = _choose_versions(view.versions, view.definition)
        return render_template(
            "analyst/migrate.html",
            row=view.definition,
            versions=view.versions,
            sources=[one.id for one in sources],
            target=target,
            missing=find_missing(self.engine, [one.id for one in sources], target.id),
            places=self._list_places(sources),
            asked=request.args,
            token=new_id(),
            past=list_migrations(self.engine, current_actor(), view.definition.key),
        )

    def plan(self, definition_id: str) -> BaseResponse:
        """Makes the plan and begins to try its cases."""
        fields = request.form
        renamed = {name.removeprefix(RENAMED): new for name, new in fields.items() if name.startswith(RENAMED) and new}
        target = fields.get("target", definition_id)
        draft = Draft(tuple(fields.getlist("source")), target, renamed, _read_filters(fields))
        made = plan_migration(self.engine, current_actor(), fields.get("token", "") or new_id(), draft)
        return redirect(url_for("analyst.migration", migration_id=made), 303)

    def show(self, migration_id: str) -> str:
        """How far a plan is, why cases are not clean, and the cases one by one."""
        asked = {name: request.args.get(name, "") for name in ("verdict", "state", "element")}
        view = fetch_migration(self.engine, current_actor(), migration_id, **asked, after=request.args.get("after", ""))
        return render_template(
            "analyst/migration.html",
            view=view,
            row=view.row,
            asked={name: value for name, value in asked.items() if value},
            names=self._name({view.row.actor_id}),
        )

    def run(self, migration_id: str) -> BaseResponse:
        """Takes over what was chosen: the clean ones, all but the blocked ones, or those ticked."""
        scope = request.form.get("scope", "")
        picked = request.form.getlist("case") if scope == "picked" else None
        run_migration(self.engine, current_actor(), migration_id, RUN.get(scope, ()), picked)
        return _show_again(migration_id)

    def revert(self, migration_id: str) -> BaseResponse:
        """Puts cases back: those ticked, or all that have not gone on."""
        picked = request.form.getlist("case") if request.form.get("scope") == "picked" else None
        revert_migration(self.engine, current_actor(), migration_id, picked)
        return _show_again(migration_id)

    def ask(self, command: Callable[[Engine, Actor, str], None]) -> Callable[[str], BaseResponse]:
        """The view of a command that needs nothing but the plan."""

        def view(migration_id: str) -> BaseResponse:
            command(self.engine, current_actor(), migration_id)
            return _show_again(migration_id)

        return view

    def _list_places(self, sources: list[DefinitionRow]) -> list[Element]:
        found: dict[str, Element] = {}
        with self.engine.database.read() as connection:
            for source in sources:
                found |= self.engine.catalogue.elements(connection, source.id)
        return [one for one in found.values() if one.kind in PLACES]

    def _name(self, people: set[str]) -> Names:
        with self.engine.database.read() as connection:
            return Names(connection, people, g.fmt)


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


def _choose_versions(versions: list[DefinitionRow], shown: DefinitionRow) -> tuple[list[DefinitionRow], DefinitionRow]:
    """What the form asks for; at first every older version with running cases, to the newest one."""
    asked = request.args.getlist("source")
    target = next((one for one in versions if one.id == request.args.get("target")), versions[0])
    chosen = [one for one in versions if one.id in asked]
    if not asked:
        is_older = shown.id != target.id and shown.running
        chosen = [shown] if is_older else [one for one in versions if one.running and one.id != target.id]
    return chosen or [target], target


def _read_filters(fields: Mapping[str, str]) -> Filters:
    until = read_day(fields.get("to", ""))
    return Filters(
        element=fields.get("element", ""),
        text=fields.get("q", "").strip(),
        party=fields.get("party", "").strip(),
        started_from=read_day(fields.get("from", "")),
        started_to=_next_day(until),
        least_fen=_read_fen(fields.get("least", "")),
        most_fen=_read_fen(fields.get("most", "")),
    )


def _next_day(day: datetime | None) -> datetime | None:
    return None if day is None else day + timedelta(days=1)


def _read_fen(typed: str) -> int | None:
    """An amount as people write it; none for what is no amount."""
    try:
        return round(float(typed.replace(",", "")) * FEN)
    except (ValueError, OverflowError):
        return None


def _show_again(migration_id: str) -> BaseResponse:
    return redirect(url_for("analyst.migration", migration_id=migration_id), 303)
