"""Random diagrams, block by block."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.storage.plain import PlainDict
from tests.engine.language.reference.activities import Boundary, Call, Guarded, Sub
from tests.engine.language.reference.blocks import Block, Chain, Escalate, ThrowingEnd
from tests.engine.language.reference.bodies import Body, Reaction
from tests.engine.language.reference.diagram import CODES, Diagram, Room
from tests.engine.language.reference.gateways import Again, Apart, Condition, Deciding, EventBased, Parallel, Until
from tests.engine.language.reference.leaves import LeafMaker
from tests.engine.language.reference.repetitions import ITEMS, Looped, Several
from tests.engine.language.reference.tasks import (
    HOURS,
    Activity,
    Catcher,
    ServiceTask,
    UserTask,
)
from tests.engine.language.reference.triggers import Trigger


class Maker(LeafMaker):
    """`budget`: how many blocks are still to be made with something inside."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.budget = self.rnd.randint(6, 14)
        self.calls: list[Call] = []
        self.parts: list[Callable[[Room], Block]] = [
            self.make_exclusive,
            self.make_inclusive,
            self.make_parallel,
            self.make_last_wins,
            *[self.make_event_based] * 3,
            self.make_again,
            self.make_apart,
            self.make_sub,
            self.make_call,
            *[self.make_transaction] * 2,
            self.make_terminated,
            self.make_several,
            self.make_several_refusing,
            self.make_looped,
            *[self.make_watched] * 5,
            *[self.make_reacting] * 6,
            self.make_guarded,
            self.make_service_guarded,
            *[self.make_error_caught] * 2,
            *[self.make_escalation_caught] * 3,
        ]
        self.single = {self.make_inclusive, self.make_parallel, self.make_last_wins, self.make_apart, self.make_watched}

    def make_diagram(self) -> Diagram:
        """It begins with eight blocks of the kinds whose turn it is, so that each kind comes equally often at least."""
        pool = tuple(f"v{number}" for number in range(6))
        room = Room(3, pool, is_watched=self.maybe(0.3))
        reactions = self._reactions(room, room) if room.is_watched else []
        chain = Chain("p", [*(make(room) for make in self._whose_turn()), self.make(room), UserTask("after", "v0")])
        body = Body("p", chain, self.rnd.choice(("none", "message", "signal")), reactions=reactions)
        data: PlainDict = {"x": self.rnd.randint(-1, 4), "yes": True, "no": False, "key": "K-1", "zero": 0}
        data |= {"items": ITEMS["items"]} | dict.fromkeys(self.counters, 0)
        data |= {name: [name] for name in pool if self.rnd.random() < 0.5}
        return Diagram(self.seed, body, tuple(self.calls), data)

    def _whose_turn(self) -> list[Callable[[Room], Block]]:
        """A row of them that comes again only after as many seeds as there are parts, squared."""
        count = len(self.parts)
        turn, step = self.seed % count, 1 + self.seed // count
        return [self.parts[place % count] for place in range(turn, turn + 8 * step, step)]

    def make(self, room: Room) -> Block:
        if room.depth == 0 or self.budget <= 0 or self.rnd.random() < 0.2:
            return self.make_leaf(room)
        self.budget -= 1
        if self.rnd.random() < 0.2:
            return Chain(self.name(), [self.make(room.inner), self.make(room.inner)])
        refused = (self.single if room.is_repeated else set()) | ({self.make_last_wins} if room.is_watched else set())
        return self.rnd.choice([make for make in self.parts if make not in refused])(room)

    # --- gateways ---
    def make_exclusive(self, room: Room) -> Block:
        return self._decide(room, [room.inner] * 3, is_inclusive=False)

    def make_inclusive(self, room: Room) -> Block:
        rooms = [replace(each, is_inclusive=True) for each in self._split(room, 3)]
        return self._decide(room, rooms, is_inclusive=True)

    def _decide(self, room: Room, rooms: list[Room], is_inclusive: bool) -> Block:
        conditions = [self._condition() for _ in range(self.rnd.randint(1, 2))]
        blocks = [self.make(each) for _, each in zip(conditions, rooms, strict=False)]
        if is_inclusive and self.maybe(0.8):
            blocks[0] = self.make_sub(rooms[0])
        other = None if self.maybe(0.2) else self.make(rooms[2])
        return Deciding(self.name(), is_inclusive, conditions, blocks, other)

    def _condition(self) -> Condition:
        if self.maybe(0.5):
            return Condition(self.rnd.randint(0, 3))
        return Condition(variable=self.rnd.choice(("yes", "no")))

    def make_parallel(self, room: Room) -> Block:
        branches = [self.make(each) for each in self._split(room, self.rnd.randint(2, 3))]
        return Parallel(self.name(), branches, "", room.is_looped)

    def make_last_wins(self, room: Room) -> Block:
        if room.is_watched:
            return self.make_parallel(room)
        name = self.name()
        both = f"{name}w"
        rooms = self._split(room, 2)
        branches = [Chain(self.name(), [self.make(each), UserTask(self.name(), both)]) for each in rooms]
        return Parallel(name, branches, both, room.is_looped)

    def _split(self, room: Room, count: int) -> list[Room]:
        """Rooms for what runs at once: no variable is in two of them."""
        variables = [*room.variables]
        self.rnd.shuffle(variables)
        parts = [tuple(variables[place::count]) or (f"{self.name()}v",) for place in range(count)]
        return [replace(room.inner, variables=part) for part in parts]

    def make_event_based(self, room: Room) -> Block:
        """Two timers always."""
        kinds = ["timer catch event", "timer catch event", "signal catch event"]
        kinds += [self.rnd.choice(("receive task", "message catch event"))]
        events = [Catcher(self.name(), kind, self.variable(room), self.rnd.choice([*HOURS])) for kind in kinds]
        return EventBased(self.name(), events, [self.make_leaf(room.inner) for _ in events])

    def make_again(self, room: Room) -> Block:
        block = self.make_parallel(replace(room.inner, is_looped=True)) if self._may_join(room) else None
        counter = replace(self.make_script(room), is_async=self.maybe())
        return Again(self.name(), block or self.make(replace(room.inner, is_looped=True)), counter)

    def _may_join(self, room: Room) -> bool:
        return not room.is_repeated and room.depth > 1 and self.maybe(0.4)

    def make_watched(self, room: Room) -> Block:
        """What one branch says a condition in the other one waits for."""
        until = Until(self.name())
        here, there = self._split(room, 2)
        wait: Block = Catcher(self.name(), "conditional catch event", self.variable(there), watched=until.watched)
        kind = self.rnd.choice(("catch", "boundary", "boundary", "boundary", "gateway", "gateway", "inside"))
        if kind == "boundary":
            host = self.rnd.choice((self.make_user, self.make_sub))(there)
            wait = Guarded(self.name(), host, [self._boundary(there, "conditional", watched=until.watched)])
        elif kind == "gateway":
            assert isinstance(wait, Catcher)
            other = Catcher(self.name(), "timer catch event", self.variable(there))
            wait = EventBased(self.name(), [other, wait], [self.make_leaf(there), self.make_leaf(there)])
        elif kind == "inside":
            wait = self._sub(there, "subProcess", wait)
        return Parallel(self.name(), [Chain(self.name(), [until, self.make(here)]), wait], "", room.is_looped)

    def make_apart(self, room: Room) -> Block:
        if room.is_watched and room.is_looped:
            return self.make_user(room)
        name = self.name()
        beside = replace(room.inner, variables=(f"{name}v",), is_repeated=room.is_looped)
        return Apart(
            name, Chain(self.name(), [UserTask(self.name(), f"{name}v"), self.make(beside)]), self.make(room.inner)
        )

    # --- what has something inside ---
    def make_sub(self, room: Room) -> Sub:
        return self._sub(room, "subProcess", self.make(room.new_scope))

    def _sub(
        self,
        room: Room,
        tag: str,
        block: Block,
        end_kind: str = "none",
        code: str = "",
        reactions: Sequence[Reaction] = (),
    ) -> Sub:
        name, variable = self.name(), self.variable(room)
        chain = Chain(self.name(), [block, UserTask(self.name(), variable)])
        body = Body(f"{name}b", chain, end_kind, code, reactions)
        return Sub(name, tag, body, variable, self.maybe(), room.is_inclusive)

    def make_reacting(self, room: Room) -> Sub:
        """A sub-process with an event sub-process in it, and what triggers that from inside."""
        kind = self.rnd.choice(("error", "escalation", "escalation", "conditional", "outside", "outside"))
        code, inner = self.rnd.choice(CODES), replace(room.new_scope, is_watched=True)
        if kind == "outside":
            return self._sub(room, "subProcess", self.make(inner), reactions=self._reactions(room, inner))
        if kind == "error":
            inside = replace(inner, errors=(*room.errors, code))
            block = Chain(self.name(), [self.make(inside), ThrowingEnd(self.name(), "error", code)])
            reaction = self._reaction(room, inner, "error", self.rnd.choice((code, "")))
        elif kind == "escalation":
            inside = replace(inner, escalations=(*room.escalations, code))
            block = Chain(self.name(), [self.make(inside), Escalate(self.name(), code)])
            reaction = self._reaction(room, inner, "escalation", self.rnd.choice((code, "")))
        else:
            until = Until(self.name())
            block = Chain(self.name(), [self.make(inner), until, self.make(inner)])
            reaction = self._reaction(room, inner, "conditional", watched=until.watched)
        return self._sub(room, "subProcess", block, reactions=[reaction])

    def _reactions(self, room: Room, inner: Room) -> list[Reaction]:
        kinds = ["timer", *self.rnd.sample(("message", "signal", "cycle"), 2)]
        return [self._reaction(room, inner, kind) for kind in kinds]

    def _reaction(self, room: Room, inner: Room, kind: str, code: str = "", watched: str = "") -> Reaction:
        """`room` is the one outside of the scope, where what it throws itself may be caught."""
        name = self.name()
        trigger = self._trigger(f"{name}bs", inner, kind, kind not in ("error", "cycle"), code, watched)
        variables = inner.variables if trigger.is_interrupting else (trigger.variable,)
        inside = replace(room.new_scope, depth=min(room.depth - 1, 1), variables=variables)
        chain = Chain(self.name(), [UserTask(self.name(), self.rnd.choice(variables)), self.make(inside)])
        return Reaction(name, trigger, Body(f"{name}b", chain, "none"))

    def _trigger(self, name: str, room: Room, kind: str, may_go_on: bool, code: str, watched: str) -> Trigger:
        is_interrupting = kind != "cycle" and not (may_go_on and self.maybe(0.5))
        variable = self.variable(room) if is_interrupting else f"{name}v"
        return Trigger(name, kind, is_interrupting, variable, code, self.rnd.choice([*HOURS]), watched)

    def make_terminated(self, room: Room) -> Sub:
        """What ends it may end what goes apart in it."""
        inner = room.new_scope
        chain = Chain(self.name(), [self.make_apart(inner), ThrowingEnd(self.name(), "terminate", "")])
        return self._sub(room, "subProcess", chain)

    def make_call(self, room: Room) -> Call:
        return self._call(room, self.make)

    def _call(self, room: Room, make: Callable[[Room], Block], end_kind: str = "none", code: str = "") -> Call:
        """What is counted in the called process is its own."""
        name, outer = self.name(), self.counters
        self.counters = []
        variables = (f"{name}x", f"{name}y")
        chain = Chain(
            self.name(), [make(replace(room.new_scope, variables=variables)), UserTask(self.name(), variables[0])]
        )
        body = Body(f"{name}b", chain, end_kind, code)
        made = Call(name, body, tuple(self.counters), variables[0], self.variable(room), self.maybe())
        self.counters = outer
        self.calls.append(made)
        return made

    def make_transaction(self, room: Room) -> Block:
        """With a way to cancel it."""
        block = Chain(self.name(), [self.make(room.new_scope), ThrowingEnd(self.name(), "cancel", "")])
        host = self._sub(room, "transaction", block)
        return Guarded(self.name(), host, [self._boundary(room, "cancel"), *self._some_boundaries(room)])

    # --- repetitions ---
    def make_several(self, room: Room) -> Several:
        """Whatever is cut off by its completion condition begins with a person's task, and is cut off nowhere else."""
        inner = replace(room.new_scope, depth=min(room.depth - 1, 1))
        host = self.rnd.choice((self._several_user, self._several_sub, self._several_service, self._several_call))(
            inner
        )
        host = replace(host, is_async=False)  # type: ignore[type-var]  # every activity is a dataclass
        return self._several(room, host)

    def _several(self, room: Room, host: Activity, collection: str = "") -> Several:
        until = self.rnd.choice((None, 1, 2))
        is_wrapping = self.maybe(0.3)
        collection = collection or self.rnd.choice([*ITEMS, "[]"])
        is_sequential, is_async = self.maybe(0.5), self.maybe()
        return Several(host, is_sequential, collection, self.variable(room), is_wrapping, until, is_async)

    def _several_user(self, room: Room) -> Activity:
        return UserTask(self.name(), self.variable(room))

    def _several_service(self, room: Room) -> Activity:
        name = self.name()
        return ServiceTask(name, "answers", self.variable(room), f"{name}i")

    def _several_sub(self, room: Room) -> Activity:
        return self._sub(room, "subProcess", Chain(self.name(), [self._several_user(room), self.make(room)]))

    def _several_call(self, room: Room) -> Activity:
        return self._call(room, lambda inner: Chain(self.name(), [self._several_user(inner), self.make(inner)]))

    def make_several_refusing(self, room: Room) -> Block:
        """The second instance throws an error: the third must not run."""
        name = self.name()
        host = self._several(room, ServiceTask(name, "refuses", self.variable(room), f"{name}i", "E1"), "items")
        return Guarded(self.name(), host, [self._boundary(room, "error", "E1")])

    def make_looped(self, room: Room) -> Looped:
        is_tested, is_async = self.maybe(0.3), self.maybe()
        if self.maybe(0.5):
            script = replace(self.make_script(room), is_async=False)
            return Looped(script, script.variable, None, is_tested, is_async)
        make = self.rnd.choice((self._several_user, self.make_sub))
        host = replace(make(room.inner), is_async=False)  # type: ignore[type-var]  # every activity is a dataclass
        return Looped(host, host.variable, self.rnd.randint(1, 3), is_tested, is_async)

    # --- boundary events ---
    def make_guarded(self, room: Room) -> Block:
        """An activity that waits, with events that come from outside."""
        hosts = (
            self.make_user,
            self._waiting_service,
            self._receiving,
            self.make_sub,
            self.make_call,
            self._waiting_several,
        )
        events = self._some_boundaries(room) or [self._boundary(room, "timer")]
        return Guarded(self.name(), self.rnd.choice(hosts)(room), events)

    def _waiting_service(self, room: Room) -> Activity:
        return ServiceTask(self.name(), "waits", self.variable(room), is_async=self.maybe())

    def _receiving(self, room: Room) -> Activity:
        return Catcher(self.name(), "receive task", self.variable(room), is_async=self.maybe())

    def _waiting_several(self, room: Room) -> Activity:
        make = self.rnd.choice((self._several_user, self._several_sub))
        host = make(replace(room.new_scope, depth=min(room.depth - 1, 1)))
        return self._several(room, replace(host, is_async=False))  # type: ignore[type-var]  # every one is a dataclass

    def make_service_guarded(self, room: Room) -> Block:
        """A service that throws at once, or is answered with an error; two boundary events may catch it."""
        mode, handed = self.rnd.choice((("refuses", "yes"), ("refuses", "no"), ("waits", "x"), ("waits", "x")))
        host = ServiceTask(self.name(), mode, self.variable(room), handed, "E1", self.maybe())
        events = [
            self._boundary(room, "error", code) for code in self.rnd.choice((("E1",), ("",), ("", "E2"), ("", "E1")))
        ]
        return Guarded(self.name(), host, [*events, *self._some_boundaries(room)])

    def make_error_caught(self, room: Room) -> Block:
        code = self.rnd.choice(CODES)

        def make(inner: Room) -> Block:
            inside = replace(inner, errors=(*room.errors, code))
            return Chain(self.name(), [self.make(inside), ThrowingEnd(self.name(), "error", code)])

        host = self._sub(room, "subProcess", make(room.new_scope)) if self.maybe(0.6) else self._call(room, make)
        events = [self._boundary(room, "error", self.rnd.choice((code, code, "")))]
        return Guarded(self.name(), host, events + self._some_boundaries(room))

    def make_escalation_caught(self, room: Room) -> Block:
        code, at_the_end = self.rnd.choice(CODES), self.maybe(0.6)

        def make(inner: Room) -> Block:
            inside = replace(inner, escalations=(*room.escalations, code))
            return Chain(self.name(), [self.make(inside), Escalate(self.name(), code)])

        ending = ("escalation", code) if at_the_end else ("none", "")
        if self.maybe(0.6):
            host: Activity = self._sub(room, "subProcess", make(room.new_scope), *ending)
        else:
            host = self._call(room, make, *ending)
        events = [self._boundary(room, "escalation", self.rnd.choice((code, code, "")))]
        return Guarded(self.name(), host, events + self._some_boundaries(room))

    def _some_boundaries(self, room: Room) -> list[Boundary]:
        kinds = (
            ("message", "signal", "timer")
            if room.is_repeated or room.is_watched
            else ("message", "signal", "timer", "cycle")
        )
        return [self._boundary(room, self.rnd.choice(kinds)) for _ in range(self.rnd.randint(0, 2))]

    def _boundary(self, room: Room, kind: str, code: str = "", watched: str = "") -> Boundary:
        may_fire_again = room.is_looped or kind != "timer"
        may_go_on = (
            kind not in ("error", "cancel") and not room.is_repeated and not (room.is_watched and may_fire_again)
        )
        trigger = self._trigger(self.name(), room, kind, may_go_on, code, watched)
        if trigger.is_interrupting:
            return Boundary(trigger, self.make_leaf(room.inner))
        beside = replace(room.inner, depth=min(room.depth - 1, 1), variables=(trigger.variable,), is_repeated=True)
        return Boundary(trigger, Chain(self.name(), [UserTask(self.name(), trigger.variable), self.make(beside)]))
