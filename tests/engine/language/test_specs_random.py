"""Random block-structured diagrams, run in random orders, against an interpreter of a few lines."""

import random

import pytest

from tests.engine.diagrams import (
    bpmn,
    end,
    exclusive,
    flow,
    inclusive,
    multi,
    parallel,
    process,
    script,
    start,
    sub,
    user,
)
from tests.engine.language.trial import Trial


class Block:
    """A part of a diagram with one entry and one exit. `done`: how often each user task in it is completed."""

    def __init__(self, first: str, last: str, body: str, done: dict[str, int]) -> None:
        self.first, self.last, self.body, self.done = first, last, body, done


class Maker:
    """Makes random blocks; `x` is the number all conditions ask for."""

    def __init__(self, rnd: random.Random, x: int) -> None:
        self.rnd, self.x, self.count = rnd, x, 0

    def make(self, depth: int) -> Block:
        self.count += 1
        kinds = ("task", "sequence", "exclusive", "parallel", "inclusive", "sub", "multi", "loop")
        kind = self.rnd.choice(kinds) if depth else "task"
        return getattr(self, f"make_{kind}")(f"n{self.count}", depth)  # type: ignore[no-any-return]  # found by name

    def make_task(self, name: str, depth: int) -> Block:
        return Block(name, name, user(name), {name: 1})

    def make_sequence(self, name: str, depth: int) -> Block:
        first, second = self.make(depth - 1), self.make(depth - 1)
        body = first.body + second.body + flow(f"{first.last} {second.first}")
        return Block(first.first, second.last, body, first.done | second.done)

    def make_parallel(self, name: str, depth: int) -> Block:
        blocks = [self.make(depth - 1) for _ in range(self.rnd.randint(2, 3))]
        body = parallel(f"{name}f") + parallel(f"{name}j")
        for block in blocks:
            body += block.body + flow(f"{name}f {block.first}") + flow(f"{block.last} {name}j")
        return Block(f"{name}f", f"{name}j", body, {k: v for block in blocks for k, v in block.done.items()})

    def make_exclusive(self, name: str, depth: int) -> Block:
        return self._decide(name, depth, is_exclusive=True)

    def make_inclusive(self, name: str, depth: int) -> Block:
        return self._decide(name, depth, is_exclusive=False)

    def _decide(self, name: str, depth: int, is_exclusive: bool) -> Block:
        make = exclusive if is_exclusive else inclusive
        body, chosen = make(f"{name}f", f"{name}d") + make(f"{name}j"), list[Block]()
        for _ in range(self.rnd.randint(1, 2)):
            limit, block = self.rnd.randint(0, 3), self.make(depth - 1)
            body += block.body + flow(f"{name}f {block.first}", f"x >= {limit}") + flow(f"{block.last} {name}j")
            if self.x >= limit:
                chosen.append(block)
        other = self.make(depth - 1)
        body += other.body + flow(f"{name}f {other.first}", element=f"{name}d") + flow(f"{other.last} {name}j")
        ran = (chosen[:1] if is_exclusive else chosen) or [other]
        return Block(f"{name}f", f"{name}j", body, {k: v for block in ran for k, v in block.done.items()})

    def make_sub(self, name: str, depth: int, loop: str = "", times: int = 1) -> Block:
        inner = self.make(depth - 1)
        path = flow(f"{name}s {inner.first}") + flow(f"{inner.last} {name}e")
        body = sub(name, start(f"{name}s"), inner.body, end(f"{name}e"), path, loop)
        return Block(name, name, body, {k: v * times for k, v in inner.done.items()})

    def make_multi(self, name: str, depth: int) -> Block:
        return self.make_sub(name, depth, multi("[1, 2]", "item", self.rnd.random() < 0.5), 2)

    def make_loop(self, name: str, depth: int) -> Block:
        """Runs its block three times; what it counts is its own, so that parallel branches write distinct variables."""
        block = self.make(depth - 1)
        body = script(f"{name}i", f"{name} = 0") + exclusive(f"{name}t") + script(f"{name}c", f"{name} = {name} + 1")
        body += exclusive(f"{name}a", f"{name}o") + script(f"{name}z", f"{name} = 'over'") + block.body
        body += flow(f"{name}i {name}t {block.first}") + flow(f"{block.last} {name}c {name}a")
        body += flow(f"{name}a {name}t", f"{name} < 3") + flow(f"{name}a {name}z", element=f"{name}o")
        return Block(f"{name}i", f"{name}z", body, {k: v * 3 for k, v in block.done.items()})


@pytest.mark.parametrize("seed", range(25))
def test_every_task_is_done_so_often_as_it_must_be(seed: int) -> None:
    rnd = random.Random(seed)
    x = rnd.randint(-1, 4)
    block = Maker(rnd, x).make_sequence("n0", 4)
    path = flow(f"s {block.first}") + flow(f"{block.last} after e")
    trial = Trial(bpmn(process("p", start(), block.body, user("after"), end(), path)), data={"x": x})
    done: dict[str, int] = {}
    while not trial.is_done:
        case, _ = trial.open()
        name = str(rnd.choice([task.task_spec.bpmn_id for task in case.user_tasks()]))
        assert name != "after" or done == block.done, "what follows began too early"
        trial.complete(name, {name: 1})
        done[name] = done.get(name, 0) + 1
        assert done[name] <= (block.done | {"after": 1}).get(name, 0), "done too often"
        assert trial.host.incidents == []
    assert done == block.done | {"after": 1}
