"""Multi-instances and standard loops."""

from dataclasses import dataclass
from html import escape
from typing import Any

from engine.storage.plain import Plain, PlainDict
from tests.engine.diagrams import multi
from tests.engine.language.reference.interpreter import At, hold
from tests.engine.language.reference.strands import Group, Inside, Steps, Strand, Token
from tests.engine.language.reference.tasks import Activity

ITEMS: dict[str, list[Plain]] = {"items": [11, True, None], "[]": [], "[4, 'five']": [4, "five"]}


@dataclass(frozen=True)
class Several(Activity):
    """A multi-instance over `collection`, which ends early with `until` outputs. It collects `output`: the variable
    its instances write, or an expression that wraps their item."""

    host: Activity
    is_sequential: bool
    collection: str
    variable: str
    is_wrapping: bool
    until: int | None = None
    is_async: bool = False

    @property
    def name(self) -> str:  # type: ignore[override]  # it is the element that is repeated
        return self.host.name

    @property
    def item(self) -> str:
        return f"{self.name}i"

    def draw_node(self, inner: str, attributes: dict[str, str]) -> str:
        output = f"[{self.item}, x]" if self.is_wrapping else self.host.variable
        until = None if self.until is None else f"len({self.variable}) >= {self.until}"
        loop = multi(self.collection, self.item, self.is_sequential, (self.variable, output), until)
        return self.host.draw_node(loop + inner, attributes)

    def run(self, at: At, data: PlainDict) -> Steps:
        items = ITEMS[self.collection]
        with at.open(self.name, data, is_body=True) as token:
            yield from hold(at, token, self.is_async)
            token.data = {**data, self.variable: []}
            if self.is_sequential:
                yield from self._take_turns(at, token, items)
            elif items:
                yield Instances(self, at, token, items)
            self._count(at, items)
            return token.data

    def collect(self, token: Token, outputs: dict[int, Plain]) -> bool:
        """Put together what came out so far, in the order of the items; tells whether it is enough."""
        token.data = {**token.data, self.variable: [outputs[index] for index in sorted(outputs)]}
        return self.until is not None and len(outputs) >= self.until

    def output_of(self, data: PlainDict) -> Plain:
        return [data[self.item], data["x"]] if self.is_wrapping else data.get(self.host.variable)

    def _take_turns(self, at: At, token: Token, items: list[Plain]) -> Steps:
        outputs: dict[int, Plain] = {}
        for index, item in enumerate(items):
            data = yield Inside(token, self.host.run_instance(at, {**token.data, self.item: item}, index))
            outputs[index] = self.output_of(data)
            if self.collect(token, outputs):
                return

    def _count(self, at: At, items: list[Plain]) -> None:
        at.run.count("sequential multi-instance" if self.is_sequential else "parallel multi-instance")
        if not items:
            at.run.count("multi-instance without items")
        elif self.until is not None:
            at.run.count("completion condition")


class Instances(Group):
    """Those of a parallel multi-instance."""

    def __init__(self, several: Several, at: At, token: Token, items: list[Plain]) -> None:
        self.several, self.token, self.outputs = several, token, dict[int, Plain]()
        self.count = len(items)
        super().__init__([self._work(at, {**token.data, several.item: i}, index) for index, i in enumerate(items)])

    def _work(self, at: At, data: PlainDict, index: int) -> Steps:
        data = yield from self.several.host.run_instance(at, data, index)
        return index, data

    def ended(self, strand: Strand, value: Any) -> None:
        self.strands.remove(strand)
        index, data = value
        self.outputs[index] = self.several.output_of(data)
        if self.several.collect(self.token, self.outputs) or len(self.outputs) == self.count:
            self.finish(None)

    def current(self, own: PlainDict | None) -> PlainDict:
        """Out of the instances comes only what the body collects."""
        return self.token.data


@dataclass(frozen=True)
class Looped(Activity):
    """A standard loop: at most `maximum` turns, or, around a script, until what it counts fits."""

    host: Activity
    variable: str
    maximum: int | None
    is_tested_before: bool
    is_async: bool = False

    @property
    def name(self) -> str:  # type: ignore[override]  # it is the element that is repeated
        return self.host.name

    def draw_node(self, inner: str, attributes: dict[str, str]) -> str:
        text = f' testBefore="{str(self.is_tested_before).lower()}"'
        condition = f"<bpmn:loopCondition>{escape(self.variable)} % 4 != 3</bpmn:loopCondition>"
        if self.maximum is not None:
            text, condition = f'{text} loopMaximum="{self.maximum}"', ""
        loop = f"<bpmn:standardLoopCharacteristics{text}>{condition}</bpmn:standardLoopCharacteristics>"
        return self.host.draw_node(loop + inner, attributes)

    def run(self, at: At, data: PlainDict) -> Steps:
        with at.open(self.name, data, is_body=True) as token:
            yield from hold(at, token, self.is_async)
            turn = 0
            while not self._is_over(token.data, turn):
                token.data = yield Inside(token, self.host.run_instance(at, token.data, turn))
                turn += 1
            at.run.count("standard loop")
            return token.data

    def _is_over(self, data: PlainDict, turn: int) -> bool:
        if turn == 0 and not self.is_tested_before:
            return False
        if self.maximum is not None:
            return turn == self.maximum
        number = data[self.variable]
        assert isinstance(number, int)
        return number % 4 == 3
