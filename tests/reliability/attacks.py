"""Random attacks on a database: by somebody who has it in his hands, knows how it is built, and has no keys."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import Table

from engine.records.packing import pack_events, unpack_events
from engine.services.agreements.tables import signature
from engine.services.documents.tables import document
from engine.services.ledger.tables import account, journal, posting
from engine.storage.columns import Json
from engine.storage.proving import checkpoint, checkpoint_head, keyframe
from engine.storage.tables import definition, deployment, file, history, instance, pin_set, submission, vault_item

Row = dict[str, Any]
Name = tuple[str, str]  # table, row
CHANGED = (
    *(history,) * 4,
    *(instance,) * 3,
    *(submission, vault_item) * 2,
    *(file, definition, deployment, pin_set, keyframe, document, signature, journal, posting, account),
)
LEDGER = (account, journal, posting)


class NoTarget(Exception):
    """Nothing is left in this round that was not attacked already."""


@dataclass(frozen=True)
class Attack:
    """What was done; a verification has named it if it speaks of one of `names`."""

    kind: str
    names: frozenset[Name]
    is_covered: bool


@dataclass
class Attacker:
    """Attacks rows, each of which is attacked once at most in a round, and one stream once.

    `former`: instance rows as they were after earlier steps. `covered`: how far each stream is covered by a checkpoint.
    """

    connection: sqlite3.Connection
    chance: random.Random
    former: list[Row]
    covered: dict[str, int]
    touched: set[str] = field(default_factory=set)

    # --- what he may choose from --------------------------------------------------------------------------------------
    def rows(self, table: Table, condition: str = "1", *values: object) -> list[Row]:
        query = f"SELECT rowid AS _rowid, * FROM {table.name} WHERE {condition}"
        return [dict(row) for row in self.connection.execute(query, values)]

    def pick(self, rows: list[Row], owner: Callable[[Row], str]) -> Row:
        """A row whose owner (a stream, or the row itself) was not attacked yet."""
        free = [row for row in rows if owner(row) not in self.touched]
        if not free:
            raise NoTarget
        row = self.chance.choice(free)
        self.touched.add(owner(row))
        return row

    def pick_chain(self, least: int, *, is_case: bool | None = None) -> list[Row]:
        """All rows of a stream that has at least so many."""
        rows = self.rows(history, "1 ORDER BY stream, seq")
        chains = [list(chain) for _, chain in groupby(rows, key=lambda row: row["stream"])]
        fitting = [chain for chain in chains if len(chain) >= least and is_case in (None, not _is_system(chain[0]))]
        last = self.pick([chain[-1] for chain in fitting], lambda row: str(row["stream"]))
        return next(chain for chain in fitting if chain[-1] is last)

    def run(self, sql: str, *values: object) -> None:
        self.connection.execute(sql, values)

    def is_covered(self, row: Row) -> bool:
        return bool(row["seq"] <= self.covered.get(row["stream"], 0))

    # --- changes ------------------------------------------------------------------------------------------------------
    def change_a_column(self) -> Attack:
        table = self.chance.choice(CHANGED)
        row = self.pick(self.rows(table), lambda one: _owner(table, one))
        keys = {column.name for column in table.primary_key.columns}
        column = self.chance.choice([one for one in table.c if one.name not in keys])
        value = self.change(row[column.name], is_json=isinstance(column.type, Json))
        self.run(f"UPDATE {table.name} SET {column.name} = ? WHERE rowid = ?", value, row["_rowid"])
        is_covered = self.is_covered(row) if table is history else True
        names = _names(table, row) | _names(table, {**row, column.name: value})
        return Attack(f"change {table.name}", names, is_covered)

    def change(self, value: object, *, is_json: bool) -> object:
        """Another value of the same kind."""
        if isinstance(value, int):
            return value + self.chance.choice((-1, 1, 1_000))
        if isinstance(value, bytes):
            place = self.chance.randrange(len(value))
            return value[:place] + bytes([value[place] ^ 1 << self.chance.randrange(8)]) + value[place + 1 :]
        if is_json and isinstance(value, str):
            said = orjson.loads(value)
            return orjson.dumps({**said, "x": 1} if isinstance(said, dict) else [said]).decode()
        return f"{value or ''}{self.chance.choice('abcdef')}"

    def rewrite_an_event(self) -> Attack:
        """Not a byte here or there: events that read well and tell something else."""
        row = self.chance.choice(self.pick_chain(1))
        events = unpack_events(row["events"])
        events[0] = {**events[0], "set": {"amount_fen": self.chance.randrange(10**6)}}
        self.run("UPDATE history SET events = ? WHERE rowid = ?", pack_events(events), row["_rowid"])
        return Attack("rewrite an event", _names(history, row), self.is_covered(row))

    def put_an_older_case_back(self) -> Attack:
        """Its row alone, sealed as it was."""
        now = {row["id"]: row["seal"] for row in self.rows(instance)}
        older = [row for row in self.former if row["history_seq"] and now.get(row["id"], row["seal"]) != row["seal"]]
        row = self.pick(older, lambda one: str(one["id"]))
        self.restore(row)
        return Attack("put back an instance", _names(instance, row), True)

    def restore(self, row: Row) -> None:
        values = [(name, value) for name, value in row.items() if name != "id"]
        places = ", ".join(f"{name} = ?" for name, _ in values)
        self.run(f"UPDATE instance SET {places} WHERE id = ?", *(value for _, value in values), row["id"])

    # --- deletions ----------------------------------------------------------------------------------------------------
    def delete_a_record(self) -> Attack:
        chain = self.pick_chain(2)
        row = self.chance.choice(chain)
        self.run("DELETE FROM history WHERE rowid = ?", row["_rowid"])
        following = ("history", f"{row['stream']}/{row['seq'] + 1}")  # a gap is named by the row behind it
        return Attack("delete history", _names(history, row) | {following}, self.is_covered(row))

    def delete_a_row(self) -> Attack:
        table = self.chance.choice((submission, vault_item, definition, deployment, file, posting, journal))
        rows = self.rows(table, "instance_id IS NOT NULL") if table is file else self.rows(table)
        row = self.pick_text() if table is vault_item else self.pick(rows, lambda one: _owner(table, one))
        self.run(f"DELETE FROM {table.name} WHERE rowid = ?", row["_rowid"])
        return Attack(f"delete {table.name}", _names(table, row), True)

    def pick_text(self) -> Row:
        """A person's text that a submission names, of whose case it is part: one that nobody names is nobody's loss."""
        query = "SELECT instance_id FROM submission WHERE content LIKE ?"
        found = [
            (row, self.connection.execute(query, (f'%"{row["id"]}"%',)).fetchone()) for row in self.rows(vault_item)
        ]
        owners = {row["id"]: str(case[0]) for row, case in found if case is not None}
        return self.pick([row for row, _ in found if row["id"] in owners], lambda row: owners[row["id"]])

    def cut_off_a_chain(self) -> Attack:
        chain = self.pick_chain(2)
        kept = self.chance.randrange(1, len(chain))
        self.run("DELETE FROM history WHERE stream = ? AND seq > ?", chain[0]["stream"], chain[kept - 1]["seq"])
        return Attack("cut off a chain", self.lost(chain, kept), self.is_covered(chain[kept]))

    def take_steps_back(self) -> Attack:
        """The end of a case is cut off, and everything of it put back to what it was before."""
        chain = self.pick_chain(2, is_case=True)
        stream = chain[0]["stream"]
        older = {row["history_seq"]: row for row in self.former if row["id"] == stream}
        kept = self.chance.choice([seq for seq in older if 1 <= seq < len(chain)])
        self.restore(older[kept])
        for row in chain[kept:]:
            for event in unpack_events(row["events"]):
                if event["kind"] == "submitted":
                    key = (event["scope"], event["token"])
                    self.run("DELETE FROM submission WHERE scope = ? AND token = ?", *key)
        self.run("DELETE FROM history WHERE stream = ? AND seq > ?", stream, kept)
        return Attack("take steps back", self.lost(chain, kept), self.is_covered(chain[kept]))

    def delete_a_case(self) -> Attack:
        chain = self.pick_chain(1, is_case=True)
        stream = chain[0]["stream"]
        for table, column in ((history, "stream"), (instance, "id"), (submission, "instance_id"), (keyframe, "stream")):
            self.run(f"DELETE FROM {table.name} WHERE {column} = ?", stream)
        return Attack("delete a case", self.lost(chain, 0), True)

    def lost(self, chain: list[Row], kept: int) -> frozenset[Name]:
        """Any of the rows behind those that were kept."""
        return frozenset(("history", f"{row['stream']}/{row['seq']}") for row in chain[kept:])

    # --- what is put elsewhere ----------------------------------------------------------------------------------------
    def insert_a_record(self) -> Attack:
        chain = self.pick_chain(1)
        row = {**self.chance.choice(chain), "seq": chain[-1]["seq"] + 1}
        self.insert(history, row)
        return Attack("insert history", _names(history, row), self.is_covered(chain[-1]))

    def insert_a_row(self) -> Attack:
        table = self.chance.choice((submission, instance, file, vault_item, definition))
        row = dict(self.pick(self.rows(table), lambda one: _owner(table, one)))
        changed = {"token": "forged"} if table is submission else {"id": f"{self.chance.getrandbits(128):032x}"}
        row |= changed | ({"version": 900} if table is definition else {})
        self.insert(table, row)
        return Attack(f"insert {table.name}", _names(table, row), True)

    def insert(self, table: Table, row: Row) -> None:
        names = [column.name for column in table.c]
        places = ", ".join("?" * len(names))
        self.run(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({places})", *(row[name] for name in names))

    def reorder(self) -> Attack:
        chain = self.pick_chain(2)
        first, second = sorted(self.chance.sample(chain, 2), key=lambda row: int(row["seq"]))
        for row, seq in ((first, -1), (second, first["seq"]), (first, second["seq"])):
            self.run("UPDATE history SET seq = ? WHERE rowid = ?", seq, row["_rowid"])
        return Attack("reorder history", _names(history, first) | _names(history, second), self.is_covered(second))

    def move_a_record(self) -> Attack:
        """A row of one stream as the newest of another."""
        row, other = self.pick_chain(1)[-1], self.pick_chain(1)[-1]
        moved = {**row, "stream": other["stream"], "seq": other["seq"] + 1}
        self.run("UPDATE history SET stream = ?, seq = ? WHERE rowid = ?", moved["stream"], moved["seq"], row["_rowid"])
        return Attack("move history", _names(history, row) | _names(history, moved), self.is_covered(row))

    def swap_ciphertexts(self) -> Attack:
        first, second = (self.pick_text() for _ in range(2))
        return self.swap(vault_item, "ciphertext", first, second)

    def swap_submissions(self) -> Attack:
        first, second = (self.pick(self.rows(submission), lambda one: _owner(submission, one)) for _ in range(2))
        if first["content"] == second["content"]:
            raise NoTarget
        return self.swap(submission, "content", first, second)

    def swap(self, table: Table, column: str, first: Row, second: Row) -> Attack:
        for row, other in ((first, second), (second, first)):
            self.run(f"UPDATE {table.name} SET {column} = ? WHERE rowid = ?", other[column], row["_rowid"])
        return Attack(f"swap {table.name}", _names(table, first) | _names(table, second), True)

    # --- the checkpoints themselves -----------------------------------------------------------------------------------
    def touch_a_checkpoint(self) -> Attack:
        row = self.pick(self.rows(checkpoint), lambda one: f"checkpoint:{one['number']}")
        number, column = row["number"], self.chance.choice(("at", "statement", "signature"))
        value = self.change(row[column], is_json=False)
        self.run(f"UPDATE checkpoint SET {column} = ? WHERE number = ?", value, number)
        return Attack("change checkpoint", frozenset({("checkpoint", str(number))}), True)

    def touch_a_head(self) -> Attack:
        number = self.pick(self.rows(checkpoint), lambda one: f"checkpoint:{one['number']}")["number"]
        row = self.chance.choice(self.rows(checkpoint_head, "number = ?", number))
        if self.chance.random() < 0.5:
            self.run("DELETE FROM checkpoint_head WHERE rowid = ?", row["_rowid"])
        else:
            value = self.change(row["mac"], is_json=False)
            self.run("UPDATE checkpoint_head SET mac = ? WHERE rowid = ?", value, row["_rowid"])
        return Attack("change heads", frozenset({("checkpoint", str(number))}), True)


def choose_attacks(attacker: Attacker, count: int) -> Iterator[Attack]:
    """So many attacks, of all kinds; one of the ledger at most, whose checks see its rows together."""
    kinds: list[Callable[[], Attack]] = [
        *(attacker.change_a_column,) * 6,
        *(attacker.rewrite_an_event, attacker.delete_a_record, attacker.insert_a_record, attacker.reorder) * 2,
        *(attacker.cut_off_a_chain, attacker.take_steps_back, attacker.delete_a_case, attacker.move_a_record),
        *(attacker.delete_a_row, attacker.insert_a_row, attacker.put_an_older_case_back),
        *(attacker.swap_ciphertexts, attacker.swap_submissions, attacker.touch_a_checkpoint, attacker.touch_a_head),
    ]
    done = 0
    while done < count:
        attacker.connection.execute("SAVEPOINT attack")
        try:
            attack = attacker.chance.choice(kinds)()
        except (NoTarget, sqlite3.IntegrityError):  # the database itself refuses, or there is nothing left
            attacker.connection.execute("ROLLBACK TO attack")
            continue
        yield attack
        done += 1


def _owner(table: Table, row: Row) -> str:
    """What must not be attacked twice in a round: the stream of what belongs to a case, else the row."""
    if table in (history, keyframe):
        return str(row["stream"])
    if table in (submission, file) and row["instance_id"]:
        return str(row["instance_id"])
    if table in LEDGER:
        return "ledger"
    return str(row[next(iter(table.primary_key.columns)).name])


def _names(table: Table, row: Row) -> frozenset[Name]:
    parts = [str(row[column.name]) for column in table.primary_key.columns]
    key = str(row["number"]) if table is document else "/".join(parts)
    return frozenset({(table.name, key), (table.name, parts[0])})


def _is_system(row: Row) -> bool:
    return str(row["stream"]).startswith("system:")
