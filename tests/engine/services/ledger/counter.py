"""A counter at which topics are called without an engine: a savepoint each, every entry of one process instance."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from engine.definitions.registry import TOPICS
from engine.language.decisions import Decision
from engine.services.ledger import rules
from engine.services.ledger.checks import LedgerFinding, check_books, check_escrow, check_seals
from engine.services.ledger.posting import balance_of
from engine.services.ledger.rules import Book, Origin
from engine.storage.actor import Actor
from engine.storage.keys import KeyRing
from engine.storage.plain import Plain, PlainDict
from tests.support.clock import START

FINANCE = Actor("fiona", "platform", "platform_finance", frozenset({"platform_finance"}))


@dataclass
class Call:
    """A `TopicCall`; what it leaves behind for after the commit is kept in `messages` and `jobs`."""

    connection: Connection
    keys: KeyRing
    key: str
    now: datetime = START
    actor: Actor = FINANCE
    instance_id: str = "case"
    process_key: str = "process"
    business_key: str | None = "T"
    element: str = "step"
    task_id: str = "task"
    policy: PlainDict = field(default_factory=dict)
    values: PlainDict = field(default_factory=dict)
    jobs: list[tuple[str, Plain]] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)

    def enqueue(self, kind: str, payload: Plain, due_at: datetime | None = None, key: str | None = None) -> str:
        self.jobs.append((kind, payload))
        return kind

    def publish(self, name: str, correlation_key: str, payload: PlainDict) -> str:
        self.messages.append((name, correlation_key))
        return name

    def values_of(self, element: str) -> PlainDict:
        return self.values

    def decide(self, table: str, values: object) -> Decision:
        raise LookupError(f"Expected no decision, but {table} was asked")

    def describe(self, subject_zh: str, subject_en: str, amount_fen: int | None = None) -> None: ...

    def add_party(self, party_id: str, relation: str) -> None: ...

    def note(self, kind: str, **facts: Plain) -> None: ...


class Counter:
    """Everything happens on one open connection; each call has a key of its own."""

    def __init__(self, connection: Connection, keys: KeyRing) -> None:
        self.connection = connection
        self.keys = keys
        self.number = 0

    def new_key(self) -> str:
        """A key nothing was done under yet."""
        self.number += 1
        return f"case:step:{self.number}"

    def do(self, topic: str, /, **inputs: Plain) -> PlainDict:
        """Calls a topic as a step does; raises what it raises, and then nothing has happened."""
        return self.call(self.new_key(), topic, inputs)

    def call(self, key: str, topic: str, inputs: PlainDict) -> PlainDict:
        """Calls a topic under a key, which may have been used before."""
        TOPICS[topic].check_inputs(inputs)
        with self.connection.begin_nested():
            answer: PlainDict = TOPICS[topic].function(Call(self.connection, self.keys, key), **inputs)
        return answer

    def book(self, has_case: bool = False) -> Book:
        """The ledger as a job writes it, or as a step does."""
        case = ("T", "case", "step") if has_case else ("", None, None)
        return Book(self.connection, self.keys, Origin(self.new_key(), START, "system", *case))

    def top_up(self, party_id: str, amount_fen: int) -> str:
        """Money from outside into a wallet."""
        reference = self.new_key()
        return rules.top_up(
            self.book(), provider="test", party_id=party_id, amount_fen=amount_fen, provider_ref=reference
        )

    def balances(self, *codes: str) -> list[int]:
        """The balances of accounts in fen."""
        return [balance_of(self.connection, code) for code in codes]

    def findings(self, *closed_refs: str) -> list[LedgerFinding]:
        """What every check finds, those of closed orders included."""
        closed = [finding for ref in closed_refs for finding in check_escrow(self.connection, ref)]
        return check_books(self.connection) + check_seals(self.connection, self.keys) + closed
