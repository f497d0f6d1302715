"""Expressions and decision tables in the sandbox, and the search for overlaps and gaps."""

from collections.abc import Iterator

from bench.measuring import Figure, best_of
from engine.language.decisions import DecisionTable, decide, parse_decisions
from engine.language.decisions.analysis import analyse
from engine.language.sandbox import Sandbox

EXPRESSION_BUDGET, TABLE_BUDGET = 0.5, 1.0
ROWS, INPUTS = 10, 6
SEARCH_BUDGET = 100.0
SEARCHED_ROWS, SEARCHED_INPUTS = 100, 8


def measure_language(is_quick: bool) -> Iterator[Figure]:
    """CPU of this process and the workers together."""
    times = 50 if is_quick else 200
    sandbox = Sandbox()
    try:
        values = {"amount_fen": 1250, "who": "person-0"}
        seconds = best_of(5, lambda: sandbox.evaluate("amount_fen is not None and amount_fen > 100", values), times)
        yield Figure("expression.cpu_ms", "an expression", seconds * 1e3, "ms", EXPRESSION_BUDGET)
        table = parse_decisions(make_table())[0]
        asked = {f"input_{column}": 5 for column in range(INPUTS)}
        seconds = best_of(5, lambda: decide(table, asked, sandbox), times)
        yield Figure("table_60.cpu_ms", f"a decision table of {ROWS * INPUTS} cells", seconds * 1e3, "ms", TABLE_BUDGET)
    finally:
        sandbox.close()
    (searched,) = parse_decisions(make_table(SEARCHED_ROWS, SEARCHED_INPUTS))
    assert isinstance(searched, DecisionTable)
    seconds = best_of(5, lambda: analyse(searched), 1)
    what = f"overlaps and gaps of a table of {SEARCHED_ROWS} rules and {SEARCHED_INPUTS} inputs"
    yield Figure("table_search.cpu_ms", what, seconds * 1e3, "ms", SEARCH_BUDGET)


def make_table(rows: int = ROWS, inputs: int = INPUTS) -> bytes:
    """A table whose last row alone fits, so that every cell is looked at."""
    columns = "".join(
        f'<input id="i{c}" label="i{c}"><inputExpression id="e{c}" typeRef="number"><text>input_{c}</text>'
        "</inputExpression></input>"
        for c in range(inputs)
    )
    rules = "".join(_make_rule(row, inputs, is_last=row == rows - 1) for row in range(rows))
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="d">'
        '<decision id="bench" name="bench"><decisionTable id="t" hitPolicy="FIRST">'
        f'{columns}<output id="o" name="result" typeRef="number"/>{rules}</decisionTable></decision></definitions>'
    ).encode()


def _make_rule(row: int, inputs: int, *, is_last: bool) -> str:
    bound = 0 if is_last else 100 + row
    cells = "".join(f'<inputEntry id="r{row}c{c}"><text>&gt;= {bound}</text></inputEntry>' for c in range(inputs))
    return f'<rule id="r{row}">{cells}<outputEntry id="r{row}o"><text>{row}</text></outputEntry></rule>'
