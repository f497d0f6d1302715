"""What a scenario expects: read here, compared in `comparing`."""

from collections.abc import Mapping

from engine.language.suggest import suggest
from engine.scenarios.model import Expectation
from engine.scenarios.naming import Reader
from engine.scenarios.parts import Part
from engine.storage.columns import metadata
from engine.storage.plain import PlainDict

NOW = ("open", "data", "ledger", "rows", "visits", "incidents")
EXPECTED = (*NOW, "outcome", "path")
USER_TASK = "userTask"


def read_expectation(part: Part, fields: Mapping[str, Part], reader: Reader) -> Expectation:
    """The expectation in a part, made of those of its fields that belong to one. Raises ScenarioInvalid."""
    ledger = fields["ledger"].fields(optional=("wallets", "escrow", "held", "accounts")) if "ledger" in fields else {}
    wallets = ledger["wallets"].entries() if "wallets" in ledger else {}
    for name, one in wallets.items():
        if name not in reader.roles:
            raise one.error(f"Expected one of the people, but got {name!r}{suggest(name, reader.roles)}")
    visits = fields["visits"].entries() if "visits" in fields else {}
    return Expectation(
        place=reader.place(part),
        open=_read_open(fields["open"], reader) if "open" in fields else None,
        outcome=reader.element(fields["outcome"], "endEvent") if "outcome" in fields else None,
        path=tuple(reader.element(item) for item in fields["path"].items()) if "path" in fields else (),
        visits={reader.name(one, name): one.whole() for name, one in visits.items()},
        data=fields["data"].plain_dict() if "data" in fields else {},
        wallets={name: one.fen() for name, one in wallets.items()},
        escrow_fen=ledger["escrow"].fen() if "escrow" in ledger else None,
        held_fen=ledger["held"].fen() if "held" in ledger else None,
        accounts={code: one.fen() for code, one in ledger["accounts"].entries().items()}
        if "accounts" in ledger
        else {},
        rows=_read_rows(fields["rows"]) if "rows" in fields else {},
        incidents=frozenset(map(reader.element, fields["incidents"].items())) if "incidents" in fields else frozenset(),
        places={name: reader.place(one) for name, one in fields.items()},
    )


def _read_open(part: Part, reader: Reader) -> dict[tuple[str, str], frozenset[str] | None]:
    """A list of elements, or elements with who may do them; an empty list: nothing is open."""
    if not part.is_mapping:
        return {reader.element(item, USER_TASK): None for item in part.items()}
    return {
        reader.name(one, name, USER_TASK): frozenset(map(reader.actor, one.items()))
        for name, one in part.entries().items()
    }


def _read_rows(part: Part) -> dict[str, tuple[PlainDict, ...]]:
    """Of each table the rows in the order of their keys, with the columns that matter."""
    found: dict[str, tuple[PlainDict, ...]] = {}
    for name, rows in part.entries().items():
        if name not in metadata.tables:
            raise rows.error(f"Expected a table, but there is no {name}{suggest(name, metadata.tables)}")
        columns = {column.name for column in metadata.tables[name].columns}
        for row in rows.items():
            for column, value in row.entries().items():
                if column not in columns:
                    raise value.error(f"Expected a column of {name}, but {column!r} is none{suggest(column, columns)}")
        found[name] = tuple(row.plain_dict() for row in rows.items())
    return found
