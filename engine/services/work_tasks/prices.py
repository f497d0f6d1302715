"""What a work task pays. Pieces have a unit price, or prices by quantity, each for the pieces from its quantity on."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from engine.services.work_tasks.notes import NEGOTIABLE, PIECEWORK, PREPAYMENT, charge_of

Terms: TypeAlias = Mapping[Any, Any]
"""The row of a work task, or one as it would be."""


def pay_of_pieces(task: Terms, count: int) -> int:
    """The gross pay of the first `count` pieces of one worker, in fen."""
    steps = [(1, int(task["unit_price_fen"])), *_tiers(task)]
    ends = [start for start, _ in steps[1:]] + [count + 1]
    return sum(
        price_fen * max(0, min(end, count + 1) - start) for (start, price_fen), end in zip(steps, ends, strict=True)
    )


def pay_of_seat(task: Terms) -> int:
    """The most one seat can bring, in fen: its pay, a full share of pieces, the highest price; 0 where that is open."""
    if task["mode"] == PIECEWORK:
        return pay_of_pieces(task, int(task["cap_per_worker"]))
    return int(task["price_max_fen"] or 0) if task["mode"] == NEGOTIABLE else int(task["pay_fen"])


def charge_of_pieces(task: Terms, done: int, count: int) -> int:
    """What `count` pieces more cost the enterprise after those that are done, in fen."""
    return charge_of(task, pay_of_pieces(task, done + count)) - charge_of(task, pay_of_pieces(task, done))


def highest_pay(task: Terms) -> int:
    """The most that all pieces of the work task can bring, whoever makes them, in fen."""
    prices = [int(task["unit_price_fen"]), *(price_fen for _, price_fen in _tiers(task))]
    return max(prices) * int(task["cap_total"])


def count_secured(task: Terms, open_quantity: int) -> int:
    """How many of the open pieces are paid for at a time: all, or one batch."""
    return min(open_quantity, int(task["min_batch"])) if task["is_frozen_by_batch"] else open_quantity


def needed_fen(task: Terms) -> int:
    """What must be frozen before the work task is published, in fen: the pay of all its seats or pieces, where its mode
    secures that at once.
    """
    if task["mode"] == PREPAYMENT:
        return int(charge_of(task, task["pay_fen"]) * task["headcount"])
    if task["mode"] != PIECEWORK:
        return 0
    # a fee on top is rounded for each worker: one fen more for each covers that, and comes back at the end
    rounding_fen = task["headcount"] if task["fee_bearer"] == "on_top" else 0
    if task["is_frozen_by_batch"]:
        first_fen = charge_of(task, pay_of_pieces(task, count_secured(task, task["cap_per_worker"])))
        return int(first_fen * task["headcount"]) + rounding_fen
    return charge_of(task, highest_pay(task)) + rounding_fen


def raise_pay(task: Terms, added_fen: int) -> dict[str, object]:
    """The columns of a work task that pays so much more for each seat or piece; of a negotiation its highest price."""
    if task["mode"] == PIECEWORK:
        tiers = [{**tier, "unit_price_fen": tier["unit_price_fen"] + added_fen} for tier in task["price_tiers"]]
        return {"unit_price_fen": task["unit_price_fen"] + added_fen, "price_tiers": tiers}
    if task["mode"] == NEGOTIABLE:
        return {"price_max_fen": task["price_max_fen"] + added_fen if task["price_max_fen"] else None}
    return {"pay_fen": task["pay_fen"] + added_fen}


def _tiers(task: Terms) -> list[tuple[int, int]]:
    """From which piece on which price holds, in order."""
    return sorted((int(tier["from_quantity"]), int(tier["unit_price_fen"])) for tier in task["price_tiers"])
