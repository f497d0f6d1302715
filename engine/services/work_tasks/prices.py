"""What pieces cost: a unit price, or prices by quantity, each for the pieces from its quantity on."""

from sqlalchemy import RowMapping

from engine.services.work_tasks.notes import charge_of


def pay_of_pieces(task: RowMapping, count: int) -> int:
    """The gross pay of the first `count` pieces of one worker, in fen."""
    steps = [(1, int(task["unit_price_fen"])), *_tiers(task)]
    ends = [start for start, _ in steps[1:]] + [count + 1]
    return sum(
        price_fen * max(0, min(end, count + 1) - start) for (start, price_fen), end in zip(steps, ends, strict=True)
    )


def charge_of_pieces(task: RowMapping, done: int, count: int) -> int:
    """What `count` pieces more cost the enterprise after those that are done, in fen."""
    return charge_of(task, pay_of_pieces(task, done + count)) - charge_of(task, pay_of_pieces(task, done))


def highest_pay(task: RowMapping) -> int:
    """The most that all pieces of the work task can bring, whoever makes them, in fen."""
    prices = [int(task["unit_price_fen"]), *(price_fen for _, price_fen in _tiers(task))]
    return max(prices) * int(task["cap_total"])


def count_secured(task: RowMapping, open_quantity: int) -> int:
    """How many of the open pieces are paid for at a time: all, or one batch."""
    return min(open_quantity, int(task["min_batch"])) if task["is_frozen_by_batch"] else open_quantity


def _tiers(task: RowMapping) -> list[tuple[int, int]]:
    """From which piece on which price holds, in order."""
    return sorted((int(tier["from_quantity"]), int(tier["unit_price_fen"])) for tier in task["price_tiers"])
