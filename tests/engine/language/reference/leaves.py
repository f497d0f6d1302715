"""Random blocks that stand alone."""

import random
from collections.abc import Callable

from tests.engine.language.reference.blocks import Block, Escalate, ThrowingEnd
from tests.engine.language.reference.diagram import Room
from tests.engine.language.reference.tasks import (
    HOURS,
    Activity,
    Catcher,
    PlainTask,
    RuleTask,
    ScriptTask,
    Sender,
    ServiceTask,
    UserTask,
)


class LeafMaker:
    """`counters`: the variables of the process at hand that scripts count in."""

    def __init__(self, seed: int) -> None:
        self.seed, self.rnd, self.number = seed, random.Random(seed), 0
        self.counters: list[str] = []
        self.leaves: list[Callable[[Room], Block]] = [
            *[self.make_user] * 4,
            self.make_plain,
            self.make_script,
            self.make_rule,
            *[self.make_service] * 2,
            *[self.make_sender] * 2,
            *[self.make_catcher] * 3,
            self.make_terminate,
        ]

    def name(self) -> str:
        self.number += 1
        return f"n{self.number}"

    def maybe(self, chance: float = 0.1) -> bool:
        return self.rnd.random() < chance

    def variable(self, room: Room) -> str:
        return self.rnd.choice(room.variables)

    def make_leaf(self, room: Room) -> Block:
        if room.errors and self.maybe():
            return ThrowingEnd(self.name(), "error", self.rnd.choice(room.errors))
        if room.escalations and self.maybe():
            return Escalate(self.name(), self.rnd.choice(room.escalations))
        return self.rnd.choice(self.leaves)(room)

    def make_user(self, room: Room) -> Activity:
        return UserTask(self.name(), self.variable(room), self.maybe())

    def make_plain(self, room: Room) -> Activity:
        return PlainTask(self.name(), self.rnd.choice(("task", "manualTask")), self.variable(room), self.maybe())

    def make_script(self, room: Room) -> ScriptTask:
        name = self.name()
        self.counters.append(name)
        return ScriptTask(name, name, self.maybe())

    def make_rule(self, room: Room) -> Activity:
        return RuleTask(self.name(), self.variable(room), self.maybe())

    def make_service(self, room: Room) -> Activity:
        mode = self.rnd.choice(("answers", "waits", "fails"))
        code = self.rnd.choice((*room.errors, ""))
        return ServiceTask(self.name(), mode, self.variable(room), "x", code, self.maybe())

    def make_sender(self, room: Room) -> Activity:
        kind = self.rnd.choice(("send task", "message throw event", "signal throw event"))
        return Sender(self.name(), kind, self.variable(room), self.maybe())

    def make_catcher(self, room: Room) -> Catcher:
        kind = self.rnd.choice(("receive task", "message catch event", "signal catch event", "timer catch event"))
        return Catcher(self.name(), kind, self.variable(room), self.rnd.choice([*HOURS]), self.maybe())

    def make_terminate(self, room: Room) -> Block:
        return ThrowingEnd(self.name(), "terminate", "") if self.maybe(0.3) else self.make_user(room)
