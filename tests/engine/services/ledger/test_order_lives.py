"""Random lives of orders in every mode: whatever happens, with retries and empty wallets, no invariant is broken.

The seed is printed; BATON_SEED plays the same lives again.
"""

import os
import random

import pytest
from sqlalchemy import insert

from engine.storage.database import Database
from engine.storage.keys import KeyRing
from engine.storage.tables import party
from tests.engine.services.ledger.counter import Counter
from tests.engine.services.ledger.lives import LIVES, PARTIES, Life
from tests.engine.services.ledger.paper import Clerk
from tests.support.clock import START

SEED = int(os.environ.get("BATON_SEED", random.randrange(2**32)))
AT_ONCE = 40
TOTALS_EVERY = 20


def person(name: str) -> dict[str, object]:
    """A certified person."""
    names = {"id": name, "kind": "person", "name_zh": name, "name_en": name}
    return {**names, "is_certified": 1, "has_agreement": 1, "is_suspended": 0, "created_at": START}


def live(database: Database, keys: KeyRing, operations: int, everything_every: int) -> None:
    """Plays lives side by side until so many operations were done, then lets all of them end."""
    with database.writer.connect() as connection:  # one transaction for all, never committed
        clerk = Clerk(Counter(connection, keys), SEED)
        connection.execute(insert(party), [person(name) for name in PARTIES])
        living: list[Life] = []
        checked = 0
        while clerk.operations < operations or living:
            if clerk.operations < operations and len(living) < AT_ONCE:
                living.append(clerk.random.choice(LIVES)(clerk))
            one = clerk.random.choice(living)
            if next(one, StopIteration) is StopIteration:
                living.remove(one)
            if clerk.operations // TOTALS_EVERY > checked // TOTALS_EVERY:
                clerk.check_totals()
            if clerk.operations // everything_every > checked // everything_every:
                clerk.check_everything()
            checked = clerk.operations
        clerk.check_totals()
        clerk.check_everything()
        print(f"seed {SEED}: {clerk.operations} operations, {clerk.refused} refused, {clerk.repeated} repeated")
        assert clerk.refused
        assert clerk.repeated


@pytest.mark.parametrize(
    ("operations", "everything_every"), [(1_500, 750), pytest.param(100_000, 20_000, marks=pytest.mark.long)]
)
def test_no_order_life_breaks_an_invariant(
    sqlite_database: Database, keys: KeyRing, operations: int, everything_every: int
) -> None:
    live(sqlite_database, keys, operations, everything_every)


def test_nor_on_the_other_database(postgres_database: Database, keys: KeyRing) -> None:
    live(postgres_database, keys, 300, 300)
