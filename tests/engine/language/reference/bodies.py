"""The inside of a process or sub-process, and its event sub-processes."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.storage.plain import PlainDict
from tests.engine.diagrams import end, escalation, event_sub, flow, message, signal, start
from tests.engine.language.reference.blocks import THROWN, Block
from tests.engine.language.reference.interpreter import At, Run, Scope
from tests.engine.language.reference.strands import Ended, Escalation, Silence, Steps, Thrown, Token
from tests.engine.language.reference.triggers import Firings, Trigger


@dataclass(frozen=True)
class Body:
    """What is between a start and an end event. `end_kind`: none, message, signal or escalation, with its code."""

    name: str
    block: Block
    end_kind: str
    code: str = ""
    reactions: Sequence["Reaction"] = ()

    def draw(self, begin: str = "") -> str:
        """`begin` is its start event where that is none without a trigger."""
        drawing = self.block.draw()
        definition = {
            "none": "",
            "message": THROWN + message("m_M"),
            "signal": THROWN + signal("g_S"),
            "escalation": THROWN + escalation(f"c_{self.code}"),
        }[self.end_kind]
        attributes = {"baton__correlationKey": "${key}"} if self.end_kind == "message" else {}
        nodes = (begin or start(f"{self.name}s")) + drawing.body + end(f"{self.name}e", definition, **attributes)
        nodes += "".join(reaction.draw() for reaction in self.reactions)
        return nodes + flow(f"{self.name}s {drawing.first}") + flow(f"{drawing.last} {self.name}e")

    def run(
        self, run: Run, token: Token | None, data: PlainDict, is_case: bool, outer: Scope | None, is_begun: bool = False
    ) -> Steps:
        """Inside a token, or as the process itself; gives the data at the end.

        `outer` is a scope it can see, `is_begun`: its start event has happened already.
        """
        scope = Scope(token, outer, data)
        at = At(run, token, scope, is_case)
        scope.prepare([reaction.listen(at, data) for reaction in self.reactions], self._run_main(at, data, is_begun))
        try:
            return (yield scope)
        except Ended as ended:
            return ended.data
        except Thrown as thrown:
            if token is None:
                return thrown.data  # an error that leaves the process ends it
            raise

    def _run_main(self, at: At, data: PlainDict, is_begun: bool) -> Steps:
        if not is_begun:
            at.passes(f"{self.name}s")
        data = yield from self.block.run(at, data)
        at.end(f"{self.name}e", f"{self.end_kind} end event")
        if self.end_kind == "escalation":
            yield Escalation(self.code, {"x": data["x"]}, data)
        else:
            at.throw(self.end_kind, data)
        return data


def run_inside(body: Body, at: At, token: Token, data: PlainDict, shares_data: bool = True) -> Steps:
    """Of a sub-process or call activity. An error that leaves it meets the scope outside as that is at the moment."""
    try:
        return (yield from body.run(at.run, token, data, is_case=False, outer=at.scope if shares_data else None))
    except Thrown as thrown:
        thrown.known = at.scope.known(token.data)
        raise


@dataclass(frozen=True, eq=False)
class Reaction:
    """An event sub-process: `body` begins with all its scope knows when it is triggered."""

    name: str
    trigger: Trigger
    body: Body

    def draw(self) -> str:
        definition, attributes = self.trigger.draw()
        attributes["isInterrupting"] = str(self.trigger.is_interrupting).lower()
        return event_sub(self.name, self.body.draw(start(self.trigger.name, definition, **attributes)))

    def listen(self, at: At, data: PlainDict) -> Steps:
        """Gives what takes the place of the scope when it interrupts; what does not listens again."""
        firings = Firings(self.trigger, at.run.now)
        while True:
            with at.open(self.trigger.name, data) as token:
                at.scope.listening[self.trigger] = token
                token.is_extra = not self.trigger.is_interrupting
                values, known = yield from self.trigger.wait(at, token, firings)
            at.run.count(self.trigger.title("event sub-process"))
            known = at.scope.known(None) if known is None else known
            if self.trigger.is_interrupting:
                return self._react(at, known, values, at.is_case)
            at.scope.spawn(self._react(at, known, values, is_case=False), known, is_reaction=True)
            if not firings.goes_on(at.run.now):
                del at.scope.listening[self.trigger]
                yield Silence()

    def _react(self, at: At, known: PlainDict, values: PlainDict, is_case: bool) -> Steps:
        with at.open(self.name, known) as token:
            inside = self.trigger.take(known, values)
            return (yield from self.body.run(at.run, token, inside, is_case, at.scope, is_begun=True))
