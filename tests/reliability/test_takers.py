"""Sixty-four who take one order at once: through the engine on both databases, and over HTTP."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pytest
from sqlalchemy import select

from engine.language.errors import EngineError
from engine.runtime.engine import Engine
from engine.services.ledger import accounts
from engine.services.ledger.posting import balance_of
from engine.services.ledger.tables import journal, posting
from engine.services.orders.commands import take_order
from engine.services.orders.tables import hire_order
from engine.storage.actor import Actor
from engine.storage.ids import new_id
from tests.reliability.conftest import report
from tests.reliability.server import RunningServer
from tests.support.stage import Stage
from web.demo.acts import publish
from web.demo.demands import read_demands
from web.demo.player import Player
from web.demo.race import Attempt, Tab, percentile, race
from web.demo.remote import TAKERS, sign_in

COUNT = 64
OPEN_LOCKS = 5
REWARD_FEN = 33_330


@pytest.mark.parametrize("orders", [1, pytest.param(500, marks=pytest.mark.long)])
def test_one_of_sixty_four_wins_and_the_reward_is_frozen_once(any_stage: Stage, orders: int) -> None:
    player, publisher = Player(any_stage.engine), any_stage.person("publisher")
    player.top_up(publisher, orders * REWARD_FEN)
    waits: list[Attempt] = []
    for number in range(orders):
        if number % OPEN_LOCKS == 0:  # nobody may hold more orders than that
            takers = [any_stage.person(f"taker{number}.{one}") for one in range(COUNT)]
        order_id = player.publish(publisher, read_demands(player.local_now())["projector"])
        attempts = take_at_once(any_stage.engine, order_id, takers)
        check_won(any_stage.engine, order_id, takers, [refusal for refusal, _ in attempts])
        waits += [Attempt("", 0, seconds) for _, seconds in attempts]
    p50, p99 = percentile(waits, 0.5), percentile(waits, 0.99)
    report(f"{orders} orders, {COUNT} takers: a winner each, p50 {p50:.0f} ms, p99 {p99:.0f} ms")


def check_won(engine: Engine, order_id: str, takers: list[Actor], refusals: list[str]) -> None:
    """One has it, the others are told so, and the reward is frozen once."""
    assert Counter(refusals) == {"": 1, "already_taken": COUNT - 1}
    winner = takers[refusals.index("")]
    with engine.database.read() as connection:
        row = connection.execute(select(hire_order).where(hire_order.c.id == order_id)).one()
        assert (row.state, row.taker_id, row.lock_version) == ("locked", winner.party_id, 1)
        frozen = select(posting.c.amount_fen).join(journal).where(posting.c.account == accounts.escrow(order_id))
        assert connection.execute(frozen).scalars().all() == [-REWARD_FEN]
        assert balance_of(connection, accounts.escrow(order_id)) == REWARD_FEN


def take_at_once(engine: Engine, order_id: str, takers: list[Actor]) -> list[tuple[str, float]]:
    """For each taker the code of the refusal, empty for who won, and the seconds he waited."""
    together = threading.Barrier(len(takers))

    def run(actor: Actor) -> tuple[str, float]:
        together.wait(60)
        begun = perf_counter()
        try:
            take_order(engine, actor, order_id, new_id())
        except EngineError as refused:
            return refused.code, perf_counter() - begun
        return "", perf_counter() - begun

    with ThreadPoolExecutor(len(takers)) as pool:
        return list(pool.map(run, takers))


def test_sixty_four_browsers_over_http_make_one_winner(data_folder: Path) -> None:
    server = RunningServer(data_folder, {})
    server.start()
    try:
        chen = sign_in(server.url, "chen", "individual")
        order_id = publish(chen, read_demands(datetime.now(UTC))["projector"])
        browsers = {login: sign_in(server.url, login, role) for login, role in TAKERS.items()}
        logins = [list(TAKERS)[number % len(TAKERS)] for number in range(COUNT)]
        attempts = race(server.url, order_id, [Tab(login, browsers[login].cookies) for login in logins])
    finally:
        server.stop()
    winners = {attempt.login for attempt in attempts if attempt.status == 303}
    others = [attempt.status for attempt in attempts if attempt.login not in winners]
    assert (len(attempts), len(winners), set(others)) == (COUNT, 1, {409})
    report(f"{COUNT} browsers: p50 {percentile(attempts, 0.5):.0f} ms, p99 {percentile(attempts, 0.99):.0f} ms")
