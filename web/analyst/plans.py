"""The form of a plan of a migration: the versions and filters it asks for, and a plan as the form it came from."""

from collections.abc import Mapping
from datetime import timedelta

from flask import g
from werkzeug.datastructures import MultiDict

from engine.definitions.forms.typed import InputRefused, parse_yuan
from engine.queries.definitions import DefinitionRow
from engine.queries.migrations import MigrationRow
from engine.records.migrations import Filters
from web.auditor.days import read_day

RENAMED = "as:"  # of the fields that say what an element is called in the target
FILTERS = ("q", "party", "element", "from", "to", "least", "most")
FEN = 100

Fields = MultiDict[str, str]


def choose_versions(
    versions: list[DefinitionRow], shown: DefinitionRow, asked: Fields
) -> tuple[list[DefinitionRow], DefinitionRow]:
    """Sources and target as they are asked for; at first every older version with running cases, to the newest one."""
    sources = asked.getlist("source")
    target = next((one for one in versions if one.id == asked.get("target")), versions[0])
    chosen = [one for one in versions if one.id in sources]
    if not sources:
        is_older = shown.id != target.id and shown.running
        chosen = [shown] if is_older else [one for one in versions if one.running and one.id != target.id]
    return chosen or [target], target


def read_renamed(fields: Fields) -> dict[str, str]:
    """What is called otherwise in the target."""
    return {name.removeprefix(RENAMED): new for name, new in fields.items() if name.startswith(RENAMED) and new}


def read_filters(fields: Fields) -> tuple[Filters, list[str]]:
    """Which cases are meant, and the fields nobody could make sense of: without them it would be more cases."""
    typed = {name: fields.get(name, "").strip() for name in FILTERS}
    days = {"from": read_day(typed["from"]), "to": read_day(typed["to"])}
    amounts = {"least": _read_fen(typed["least"]), "most": _read_fen(typed["most"])}
    read = {**days, **amounts}
    filters = Filters(
        element=typed["element"],
        text=typed["q"],
        party=typed["party"],
        started_from=days["from"],
        started_to=days["to"] and days["to"] + timedelta(days=1),
        least_fen=amounts["least"],
        most_fen=amounts["most"],
    )
    return filters, [name for name, value in read.items() if typed[name] and value is None]


def write_plan(row: MigrationRow) -> dict[str, object]:
    """The fields of the form a plan was made with, for the address of one that begins with them."""
    filters, zone = row.filters, g.fmt.zone
    last = filters.started_to and filters.started_to.astimezone(zone) - timedelta(days=1)
    fields: Mapping[str, object] = {
        "q": filters.text,
        "party": filters.party,
        "element": filters.element,
        "from": filters.started_from and filters.started_from.astimezone(zone).date().isoformat(),
        "to": last and last.date().isoformat(),
        "least": _write_fen(filters.least_fen),
        "most": _write_fen(filters.most_fen),
        **{f"{RENAMED}{old}": new for old, new in row.renamed.items()},
    }
    return {"source": row.source_ids, "target": row.target_id} | {n: value for n, value in fields.items() if value}


def _read_fen(typed: str) -> int | None:
    """An amount as people write it; none for what is no amount."""
    try:
        amount_fen = parse_yuan(typed)
    except InputRefused:
        return None
    return amount_fen if amount_fen >= 0 else None


def _write_fen(amount_fen: int | None) -> str:
    return "" if amount_fen is None else f"{amount_fen // FEN}.{amount_fen % FEN:02}"
