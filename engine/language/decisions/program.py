"""Writes the program that decides a whole table in one call of the sandbox."""

from collections.abc import Callable, Sequence
from functools import partial

from engine.language.decisions.cells import AS_DATE, AS_DATETIME, MATCHES, Cell, CellInvalid
from engine.language.decisions.messages import Message, message
from engine.language.decisions.model import HitPolicy, Input, Output, Rule
from engine.language.expressions import Expression, assemble_expression

Report = Callable[[str, Message], None]
_HELPERS = {
    "__as_utc": "(at): return at if at.tzinfo else at.replace(tzinfo=__timezone.utc)",
    AS_DATE: "(v, type=type): return __date.fromisoformat(v) if type(v) is type('') else v",
    AS_DATETIME: "(v, type=type): return __as_utc(__datetime.fromisoformat(v) if type(v) is type('') else v)",
    MATCHES: "(v, w, type=type): return v == w or (type(w) is type([]) and v in w)",
}


class ProgramWriter:
    """Collects lines of code and, for each, the number of the place in the table it comes from.

    Cells that cannot be read go to `report` with the id of their element.
    """

    def __init__(self, report: Report) -> None:
        self.report = report
        self.readers: set[str] = set()
        self.cell = Cell(self.readers)
        self.places: list[str] = ["the table"]
        self.code: list[str] = []
        self.lines: list[int] = []
        self._add(*(f"def {name}{body}" for name, body in _HELPERS.items()))

    def write(
        self, inputs: Sequence[Input], outputs: Sequence[Output], rules: Sequence[Rule], policy: HitPolicy
    ) -> None:
        """Two functions: one gives the values of the inputs, the other the rules that match, with their outputs."""
        self._add("def __inputs(): return [")
        for column in inputs:
            place = message("input", label=column.label)
            self._add_cell(column.id, place, "", partial(self.cell.translate_value, column.text), ",")
        self._add(
            "]", f"def __decide({', '.join(f'__input{index}' for index in range(len(inputs)))}):", "    __hits = []"
        )
        for index, rule in enumerate(rules):
            self._write_rule(index, rule, inputs, outputs, is_last=policy is HitPolicy.FIRST)
        self._add("    return __hits")

    def finish(self, key: str) -> tuple[Expression, tuple[str, ...]]:
        """The program and the places that the numbers of its lines mean."""
        setup = "\n".join(self.code) + "\n"
        source = f"decision table {key}"
        program = assemble_expression(
            source, setup, "__decide(*__inputs())", tuple(self.lines), frozenset(self.readers)
        )
        return program, tuple(self.places)

    def _write_rule(
        self, index: int, rule: Rule, inputs: Sequence[Input], outputs: Sequence[Output], is_last: bool
    ) -> None:
        self._add("    if (True")
        for number, (column, test) in enumerate(zip(inputs, rule.tests, strict=True)):
            name = f"__input{number}"
            place = message("rule_input", number=rule.number, id=rule.id, label=column.label)
            self._add_cell(test.id, place, "and ", partial(self.cell.translate_test, test.text, name), "")
        self._add(f"): {'return [' if is_last else '__hits.append('}[{index}, [")
        for output, result in zip(outputs, rule.results, strict=True):
            place = message("rule_output", number=rule.number, id=rule.id, label=output.label)
            self._add_cell(result.id, place, "", partial(self.cell.translate_value, result.text), ",")
        self._add("]]" + ("]" if is_last else ")"))

    def _add(self, *lines: str) -> None:
        self.code += lines
        self.lines += [0] * len(lines)

    def _add_cell(
        self, element_id: str, place: Message, before: str, translate: Callable[[], str | None], after: str
    ) -> None:
        try:
            code = translate()
        except CellInvalid as invalid:
            self.report(element_id, invalid.message.at(place))
            return
        if code is not None:
            self.code.append(f"{before}({code}){after}")
            self.lines.append(len(self.places))
            self.places.append(place.of("en"))
