"""Whatever is changed behind the application's back is found, and the row named."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, text

from engine.runtime.engine import Engine
from engine.services.ledger.tables import account, journal, posting
from engine.services.verification import Finding, verify
from engine.storage.columns import metadata
from engine.storage.settings import Settings
from engine.storage.tables import definition, deployment, file, history, instance, pin_set, submission, vault_item
from tests.support.clock import ManualClock
from tests.support.stage import Stage
from web.demo.data import hand_in
from web.demo.demands import read_demands
from web.demo.player import APPROVAL, Player

COVERED = (history, instance, submission, definition, deployment, pin_set, file, vault_item, account, journal, posting)
# a row nobody speaks of can go unseen: a text that was never submitted, versions no case was started with
DELETABLE = tuple(table for table in COVERED if table is not pin_set)


@dataclass
class Vandal:
    """Somebody with the database in his hands, and no keys."""

    engine: Engine
    connection: sqlite3.Connection

    def rows(self, table: Table, limit: int = 3) -> list[sqlite3.Row]:
        """Some rows of a table: the first, one in the middle, the last."""
        found = self.connection.execute(f"SELECT rowid AS _rowid, * FROM {table.name} ORDER BY rowid").fetchall()
        if table is history:  # the newest events of the platform itself are covered by a shipped checkpoint only
            found = [row for row in found if not row["stream"].startswith("system:")]
        places = sorted({0, len(found) // 2, len(found) - 1})[:limit]
        return [found[place] for place in places]

    def run(self, sql: str, *values: object) -> None:
        self.connection.execute(sql, values)

    def findings(self) -> list[Finding]:
        return list(verify(self.engine))


def play(stage: Stage) -> str:
    """A paid order with texts of persons and a file; gives its id."""
    player = Player(stage.engine)
    publisher, taker = stage.person("publisher"), stage.person("taker")
    player.top_up(publisher, 100_000)
    order_id = hand_in(player, publisher, taker, read_demands(player.local_now())["projector"], "陈思远")
    player.do(stage.staff("reviewer", "platform_reviewer"), order_id, "review", APPROVAL)
    player.do(publisher, order_id, "confirm_or_object", {"publisher_answer": "confirm"})
    player.do(taker, order_id, "rate_b", {"stars": "5", "comment": "很好。"})
    return order_id


@pytest.fixture(scope="module")
def played_folder(deployed_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one played case."""
    folder = Path(shutil.copytree(deployed_sqlite, tmp_path_factory.mktemp("played") / "data"))
    clock = ManualClock()
    engine = Engine(Settings(data_dir=folder, password_cost=1), clock)
    play(Stage(engine, clock))
    engine.close()
    return folder


@pytest.fixture
def vandal(played_folder: Path, tmp_path: Path) -> Iterator[Vandal]:
    """A vandal at a copy of it, its triggers gone."""
    folder = Path(shutil.copytree(played_folder, tmp_path / "data"))
    connection = sqlite3.connect(folder / "baton.db", isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.text_factory = lambda content: content.decode("utf-8", "surrogateescape")
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    engine = Engine(Settings(data_dir=folder), ManualClock())
    yield Vandal(engine, connection)
    engine.close()
    connection.close()


def key_of(table: Table, row: sqlite3.Row | dict[str, Any]) -> set[str]:
    """The names under which a finding may speak of a row."""
    parts = [str(row[column.name]) for column in table.primary_key.columns]
    return {"/".join(parts), parts[0]}


def changes_of(value: object) -> Iterator[object]:
    """Other values than this one: of its kind, and of kinds nobody expects there."""
    if isinstance(value, int):
        yield from (value + 1, -value - 7, "a word", 0.5)
    elif isinstance(value, bytes):
        yield from (flip(value, len(value) // 2), value[:-1], b"", "text")
    elif isinstance(value, str):
        content = value.encode()
        places = sorted({0, len(content) // 2}) if content else []
        yield from (flip(content, place, 1).decode("utf-8", "surrogateescape") for place in places)
        yield from (f"{value} ", "", "[1]", "{}")
    else:
        yield from ("x", 1, b"\x00")


def flip(content: bytes, place: int, mask: int = 0x40) -> bytes:
    """One byte changed."""
    return content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :] if content else b"\x01"


@pytest.mark.parametrize("table", COVERED, ids=lambda table: table.name)
def test_every_change_of_every_column_is_found(vandal: Vandal, table: Table) -> None:
    assert [one for one in vandal.findings() if one.row != "all"] == []
    missed = []
    first, *others = vandal.rows(table)
    for column in table.c:
        missed += [(column.name, value) for value in change_and_restore(vandal, table, first, column.name)]
        for row in others:
            missed += [(column.name, value) for value in change_and_restore(vandal, table, row, column.name, 1)]
    assert missed == []


def change_and_restore(
    vandal: Vandal, table: Table, row: sqlite3.Row, column: str, limit: int | None = None
) -> Iterator[object]:
    """Writes other values into one place of one row; gives those that were not found. The old one is put back."""
    for value in islice(changes_of(row[column]), limit):
        if value == row[column]:
            continue
        try:
            write(vandal, table, row, column, value)
        except sqlite3.IntegrityError:
            continue  # the database itself refuses it
        now = vandal.connection.execute(f"SELECT * FROM {table.name} WHERE rowid = ?", (row["_rowid"],)).fetchone()
        is_same = now[column] == row[column] and type(now[column]) is type(row[column])  # the column converts
        names = key_of(table, row) | key_of(table, now)
        if not is_same and not any(one.table == table.name and one.row in names for one in vandal.findings()):
            yield value
        write(vandal, table, row, column, row[column])


def write(vandal: Vandal, table: Table, row: sqlite3.Row, column: str, value: object) -> None:
    """Text with bytes that are no UTF-8 can only be written by way of a cast."""
    place = "CAST(? AS TEXT)" if isinstance(value, str) else "?"
    stored = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
    vandal.run(f"UPDATE {table.name} SET {column} = {place} WHERE rowid = ?", stored, row["_rowid"])


@pytest.mark.parametrize("table", DELETABLE, ids=lambda table: table.name)
def test_every_deleted_row_is_missed(vandal: Vandal, table: Table) -> None:
    for row in vandal.rows(table):
        vandal.run("BEGIN")
        vandal.run(f"DELETE FROM {table.name} WHERE rowid = ?", row["_rowid"])
        vandal.run("COMMIT")
        speaks = [one for one in vandal.findings() if one.table == table.name]
        assert any(one.row in key_of(table, row) or _follows(row, one) for one in speaks), (dict(row), speaks)
        put(vandal, table, row, {})


def _follows(row: sqlite3.Row, finding: Finding) -> bool:
    """A gap in a chain is named by the row behind it."""
    return "seq" in row.keys() and "follow" in finding.message  # noqa: SIM118  # a Row is no mapping


def put(vandal: Vandal, table: Table, row: sqlite3.Row, changed: dict[str, object]) -> None:
    """Inserts a row once more, with some values changed."""
    values = {column.name: row[column.name] for column in table.c} | changed
    places = ", ".join("?" * len(values))
    vandal.run(f"INSERT INTO {table.name} ({', '.join(values)}) VALUES ({places})", *values.values())


COPIES: dict[Table, dict[str, object]] = {
    history: {"seq": 900},
    instance: {"id": "f" * 32},
    submission: {"token": "another"},
    definition: {"id": "f" * 32, "version": 9},
    deployment: {"id": "f" * 32},
    file: {"id": "f" * 32},
    vault_item: {"id": "f" * 32},
    account: {"code": "wallet:nobody"},
    journal: {"id": "f" * 32, "key": "another", "seq": 900, "reverses_id": None},
    posting: {"account": "wallet:nobody", "seq": 900},
}


@pytest.mark.parametrize("table", COPIES, ids=lambda table: table.name)
def test_every_copied_row_is_found(vandal: Vandal, table: Table) -> None:
    row = vandal.rows(table)[0]
    put(vandal, table, row, COPIES[table])
    names = key_of(table, {**{column.name: row[column.name] for column in table.c}, **COPIES[table]})
    assert any(one.table == table.name and one.row in names for one in vandal.findings())


@pytest.mark.parametrize(("table", "chain"), [(history, "stream"), (journal, "stream"), (posting, "account")])
def test_rows_in_another_order_are_found(vandal: Vandal, table: Table, chain: str) -> None:
    longest = f"SELECT {chain} FROM {table.name} GROUP BY {chain} ORDER BY count(*) DESC LIMIT 1"
    (name,) = vandal.connection.execute(longest).fetchone()
    vandal.run(f"UPDATE {table.name} SET seq = -1 WHERE {chain} = ? AND seq = 1", name)
    vandal.run(f"UPDATE {table.name} SET seq = 1 WHERE {chain} = ? AND seq = 2", name)
    vandal.run(f"UPDATE {table.name} SET seq = 2 WHERE {chain} = ? AND seq = -1", name)
    assert table.name in {one.table for one in vandal.findings()}


def test_swapped_texts_of_a_person_are_found(vandal: Vandal) -> None:
    query = "SELECT subject_id FROM vault_item GROUP BY subject_id HAVING count(*) > 1"
    (subject,) = vandal.connection.execute(query).fetchone()
    pair = vandal.connection.execute("SELECT * FROM vault_item WHERE subject_id = ? LIMIT 2", (subject,)).fetchall()
    for row, other in (pair, pair[::-1]):
        vandal.run("UPDATE vault_item SET ciphertext = ? WHERE id = ?", other["ciphertext"], row["id"])
    found = {one.row for one in vandal.findings() if one.table == "vault_item"}
    assert {row["id"] for row in pair} <= found


@pytest.mark.parametrize("harm", [lambda path: path.write_bytes(flip(path.read_bytes(), 9)), Path.unlink])
def test_a_file_changed_or_gone_on_disk_is_found(vandal: Vandal, harm: Callable[[Path], object]) -> None:
    row = vandal.rows(file)[0]
    harm(vandal.engine.files.path(row["sha256"]))
    assert [(one.table, one.row) for one in vandal.findings() if one.row != "all"] == [("file", row["id"])]


def test_an_older_state_put_back_is_found(vandal: Vandal, played_folder: Path) -> None:
    row = vandal.rows(instance)[0]
    vandal.run("DELETE FROM history WHERE stream = ? AND seq = ?", row["id"], row["history_seq"])
    assert ("history", f"{row['id']}/{row['history_seq']}") in {(one.table, one.row) for one in vandal.findings()}


def test_one_case_is_verified_by_itself(vandal: Vandal) -> None:
    row = vandal.rows(instance)[0]
    assert list(verify(vandal.engine, row["id"])) == []
    vandal.run("UPDATE instance SET subject_zh = 'x' WHERE id = ?", row["id"])
    assert [(one.table, one.row) for one in verify(vandal.engine, row["id"])] == [("instance", row["id"])]


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("history", "acting_role = 'auditor' WHERE seq = 2"),
        ("submission", "content = '{}' WHERE element = 'describe_demand'"),
        ("submission", "content = '{' WHERE element = 'describe_demand'"),
        ("journal", "facts = '{\"a\"' WHERE rule = 'P-SETTLE'"),
        ("posting", "balance_fen = balance_fen + 1 WHERE seq = 1"),
        ("instance", "version = version + 1"),
    ],
)
def test_changes_are_found_on_both_databases(any_stage: Stage, table: str, change: str) -> None:
    play(any_stage)
    assert list(verify(any_stage.engine)) == []
    is_sqlite = any_stage.engine.database.is_sqlite
    drop = f"DROP TRIGGER {table}_no_update" if is_sqlite else f"ALTER TABLE {table} DISABLE TRIGGER ALL"

    def harm(unit: Any) -> None:
        if table in {name for name, found in metadata.tables.items() if found.info.get("append_only")}:
            unit.connection.execute(text(drop))
        unit.connection.execute(text(f"UPDATE {table} SET {change}"))

    any_stage.engine.database.transact(harm)
    assert table in {one.table for one in verify(any_stage.engine)}


def test_changed_pins_are_named_first_and_nothing_they_name(vandal: Vandal) -> None:
    row, case = vandal.rows(pin_set)[0], vandal.rows(instance)[0]
    vandal.run("UPDATE pin_set SET pins = replace(pins, '0', '9') WHERE id = ?", row["id"])
    for found in (vandal.findings(), list(verify(vandal.engine, case["id"]))):
        assert [(one.table, one.row) for one in found if one.row != "all"] == [("pin_set", row["id"])]


def test_a_case_by_itself_misses_its_whole_history(vandal: Vandal) -> None:
    row = vandal.rows(instance)[0]
    vandal.run("DELETE FROM history WHERE stream = ?", row["id"])
    found = list(verify(vandal.engine, row["id"]))
    assert (found[0].table, found[0].row) == ("history", f"{row['id']}/{row['history_seq']}")
    assert {one.table for one in found[1:]} == {"submission"}


def test_a_case_by_itself_is_on_the_definitions_that_were_deployed(vandal: Vandal) -> None:
    pinned, case = vandal.rows(definition)[0], vandal.rows(instance)[0]
    vandal.run("UPDATE definition SET content = x'00' WHERE id = ?", pinned["id"])
    assert [(one.table, one.row) for one in verify(vandal.engine, case["id"])] == [("definition", pinned["id"])]
