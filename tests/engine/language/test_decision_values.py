"""What decisions compare: types, dates, times and durations, allowed values, defaults; and what is never compared."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from engine.language.decisions import DecisionError, decide
from engine.language.decisions.kinds import Kind, fits, read_kind, write_value
from engine.language.sandbox import Sandbox
from engine.storage.plain import PlainDict
from tests.engine.language.test_decisions import find_problems, parse_table, write_table


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(max_processes=1)
    yield sandbox
    sandbox.close()


DAY, INSTANT, HALF_PAST_EIGHT = 'date("2026-03-01")', 'date and time("2026-03-01T08:00:00Z")', 'time("08:30")'
# (type of the input, test, values that pass, values that do not)
TESTS: list[tuple[str, str, list[object], list[object]]] = [
    ("integer", ">= 5", [5, 6, 6.0], [4, None]),
    ("long", "5", [5, 5.0], [4]),
    ("number", "0.1, 0.2", [0.1, 0.2], [0.3]),
    ("number", "[0.5..1)", [0.5, 0.75], [1, None]),
    ("double", "not(1, [3..4])", [2, 5], [1, 3.5, None]),
    ("boolean", "true", [True], [False, None]),
    ("boolean", "not(true)", [False, None], [True]),
    ("string", '"true", "1"', ["true", "1"], ["TRUE", None]),
    ("string", '>= "b"', ["b", "c"], ["a", None]),
    ("string", "codes", ["a"], ["c", None]),
    ("Any", "[1, 2]", [1, [1, 2]], [3]),
    ("date", f"< {DAY}", ["2026-02-28"], ["2026-03-01", None]),
    ("date", '"2026-03-01"', ["2026-03-01"], ["2026-03-02"]),
    ("date", "deadline", ["2026-03-31"], ["2026-03-30"]),
    ("date", "< deadline", ["2026-03-30"], ["2026-03-31"]),
    ("date", "holidays", ["2026-05-01"], ["2026-05-02"]),
    ("date", f"[{DAY}..deadline)", ["2026-03-30"], ["2026-03-31", "2026-02-01"]),
    ("date", '<= date(deadline) - duration("P3D")', ["2026-03-28"], ["2026-03-29"]),
    ("date", '> date("2026-01-31") + duration("P1M")', ["2026-03-01"], ["2026-02-28"]),
    ("date", '? - date("2026-03-01") >= duration("P10D")', ["2026-03-11"], ["2026-03-10"]),
    ("date", "?.month == 3 and ?.day <= 15", ["2026-03-15"], ["2026-03-16", "2026-04-01"]),
    ("date", f"not({DAY}, null)", ["2026-03-02"], ["2026-03-01", None]),
    ("dateTime", f">= {INSTANT}", ["2026-03-01T16:00:00+08:00"], ["2026-03-01T07:59:59Z", None]),
    ("dateTime", f'? - {INSTANT} < duration("PT90M")', ["2026-03-01T09:29:59Z"], ["2026-03-01T09:30:00Z"]),
    ("time", f'[{HALF_PAST_EIGHT}..time("17:30:00")]', ["08:30", "17:30:00", "12:00:59"], ["08:29", "17:30:01", None]),
    ("time", '< time("01:00") + duration("PT30M")', ["01:29"], ["01:30", "23:00"]),
    ("dayTimeDuration", '< duration("P3D")', ["P2D", "PT71H59M"], ["P3D", "PT72H", None]),
    ("dayTimeDuration", 'duration("PT24H")', ["P1D", "PT1440M", "PT86400.0S"], ["P2D"]),
    ("dayTimeDuration", '>= duration("P1D") * 2', ["P2D"], ["P1D"]),
    ("yearMonthDuration", '>= duration("P1Y")', ["P12M", "P1Y1M"], ["P11M", None]),
    ("yearMonthDuration", 'not(duration("P6M"))', ["P7M", None], ["P6M"]),
]
KNOWN = {"codes": ["a", "b"], "deadline": "2026-03-31", "holidays": ["2026-05-01", "2026-10-01"]}


@pytest.mark.parametrize(("kind", "test", "passing", "failing"), TESTS)
def test_tests_of_a_type(sandbox: Sandbox, kind: str, test: str, passing: list[object], failing: list[object]) -> None:
    table = parse_table([[test, "1"]], types=[kind])
    for expected, values in ((("r1",), passing), ((), failing)):
        for value in values:
            assert decide(table, {**KNOWN, "x": value}, sandbox).matched == expected, value


UNTYPED: list[tuple[str, list[object], list[object]]] = [
    ('duration("P3D")', ["P3D", "PT72H"], ["P2D"]),
    ('> duration("P1M")', ["P2M", "P1Y"], ["P1M", None]),
    (f"<= {HALF_PAST_EIGHT}", ["08:30:00"], ["08:31"]),
    (f'{DAY}, date("2026-03-02")', ["2026-03-02"], ["2026-03-03"]),
    (f'[{DAY}, date("2026-03-02")]', ["2026-03-02"], ["2026-03-03"]),
    (f'? in [{DAY}, date("2026-03-02")]', ["2026-03-02"], ["2026-03-03"]),
    (f'date(?) + duration("P1D") == {DAY}', ["2026-02-28"], ["2026-03-01"]),
    ('date("2026-01-31") < ? < date("2026-02-02")', ["2026-02-01"], ["2026-02-02"]),
]


@pytest.mark.parametrize(("test", "passing", "failing"), UNTYPED)
def test_tests_without_a_type(sandbox: Sandbox, test: str, passing: list[object], failing: list[object]) -> None:
    table = parse_table([[test, "1"]])
    for expected, values in ((("r1",), passing), ((), failing)):
        for value in values:
            assert decide(table, {"x": value}, sandbox).matched == expected, value


@pytest.mark.parametrize(
    ("kind", "test"),
    [
        *(("integer", test) for test in ('"5"', "true", '< "5"', '["a", "b"]', DAY, "? > '3'", "[1..'b']", "len")[:7]),
        *(("string", test) for test in ("5", "> 3", "true", DAY, "? == 3")),
        *(("boolean", test) for test in ('"true"', "1", "> true", "[false..true]")),
        *(("date", test) for test in ('"1 May"', "5", INSTANT, 'duration("P1D")', f"? + {DAY}", "< 3", "?")),
        *(("time", test) for test in ('time("8:30")', 'time("08:30:00+08:00")', 'time("24:00")', 'duration("PT8H")')),
        *(("dayTimeDuration", test) for test in ('duration("P1M")', 'duration("P1M2D")', 'duration("3 days")', "5")),
        *(("yearMonthDuration", test) for test in ('duration("P30D")', "12")),
        *(("Any", test) for test in ("< null", "> true", f"[1..{DAY}]", f"? < {DAY} + 3", f"? == {DAY} + {DAY}")),
        ("Any", 'years_and_months_duration("a", "b")'),
    ],
)  # fmt: skip
def test_what_would_never_be_equal_is_refused(kind: str, test: str) -> None:
    ((element, problem),) = find_problems(write_table([[test, "1"]], types=[kind]))
    assert element == "c1_0"
    assert problem.startswith("rule 1 (r1), input 'x': Expected")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("integer", ["5", True, 5.5, [5]]),
        ("number", ["5", False, {}]),
        ("string", [5, True, ["a"]]),
        ("boolean", [0, "true"]),
        ("date", ["1 May", 20260301, "2026-03-01T08:00:00Z", "2026-02-30"]),
        ("dateTime", ["now", 5]),
        ("time", ["8:30", "08:30Z", 8]),
        ("dayTimeDuration", ["P1M", "3 days", 3]),
        ("yearMonthDuration", ["P1D", "PT1H", "P"]),
    ],
)
def test_an_input_of_another_type_is_an_error(sandbox: Sandbox, kind: str, values: list[object]) -> None:
    table = parse_table([["-", "1"]], types=[kind], hit="FIRST")
    assert decide(table, {"x": None}, sandbox).result == {"y": 1}
    for value in values:
        with pytest.raises(DecisionError, match=f"t, input 'x': Expected {kind}, but got ") as caught:
            decide(table, {"x": value}, sandbox)
        assert caught.value.message.of("zh").startswith(f"t：条件“x”：应为 {kind}，但为 ")


RESULTS: list[tuple[str, str, object]] = [
    ("date", DAY, "2026-03-01"),
    ("date", '"2026-03-01"', "2026-03-01"),
    ("date", 'date(start) + duration("P1M")', "2026-02-28"),
    ("date", 'date(start) - duration("P1Y2M")', "2024-11-30"),
    ("date", 'date("2026-03-01") + duration("PT36H")', "2026-03-02"),
    ("date", "date(2026, 1, 1)", "2026-01-01"),
    ("date", "date(start) if x > 9 else null", None),
    ("dateTime", 'date and time("2026-03-01T08:00:00+08:00")', "2026-03-01T00:00:00Z"),
    ("dateTime", 'date and time(at) + duration("PT1H30M")', "2026-03-01T09:30:00Z"),
    ("time", 'time("23:30") + duration("PT45M")', "00:15:00"),
    ("dayTimeDuration", 'date("2026-03-01") - date(start)', "P29D"),
    ("dayTimeDuration", "date and time(at) - date and time(at)", "PT0S"),
    ("dayTimeDuration", 'duration("PT36H30M0.5S") * 1', "P1DT12H30M0.5S"),
    ("dayTimeDuration", '-duration("PT90M")', "-PT1H30M"),
    ("yearMonthDuration", 'duration("P6M") * 3', "P1Y6M"),
    ("yearMonthDuration", 'duration("P18M")', "P1Y6M"),
    ("integer", "x * 2", 6),
    ("string", '"a" + str(x)', "a3"),
    ("boolean", "x > 2", True),
    ("", "[x, null]", [3, None]),
]


@pytest.mark.parametrize(("kind", "result", "expected"), RESULTS)
def test_results_are_what_data_hold(sandbox: Sandbox, kind: str, result: str, expected: object) -> None:
    table = parse_table([["-", result]], output_types=[kind])
    values = {"x": 3, "start": "2026-01-31", "at": "2026-03-01T08:00:00Z"}
    assert decide(table, values, sandbox).result == {"y": expected}


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        *(
            ("integer", "2.5"),
            ("integer", '"5"'),
            ("integer", "true"),
            ("integer", DAY),
            ("string", "5"),
            ("date", "5"),
        ),
        *(("date", '"tomorrow"'), ("date", INSTANT), ("boolean", "x + 1 if x else str(x)")),
    ],
)
def test_a_result_of_another_type_is_refused_or_an_error(sandbox: Sandbox, kind: str, result: str) -> None:
    xml = write_table([["-", result]], output_types=[kind])
    if "x" not in result:
        ((element, problem),) = find_problems(xml)
        assert (element, problem.startswith("rule 1 (r1), output 'y': Expected")) == ("c1_1", True)
        return
    with pytest.raises(DecisionError, match=r"rule 1 \(r1\), output 'y': Expected boolean, but got 4"):
        decide(parse_table([["-", result]], output_types=[kind]), {"x": 3}, sandbox)


def test_a_test_that_is_neither_true_nor_false_is_an_error(sandbox: Sandbox) -> None:
    for test, value in (("?.year", "2026-03-01"), ("?.month - 3", "2026-03-01")):
        with pytest.raises(DecisionError, match=r"rule 1 \(r1\), input 'x': .*expected true or false, but got"):
            decide(parse_table([[test, "1"]], types=["date"]), {"x": value}, sandbox)


def test_an_unknown_type_is_refused() -> None:
    for options in ({"types": ["tColour"]}, {"output_types": ["tColour"]}):
        ((_, problem),) = find_problems(write_table([["-", "1"]], **options))  # type: ignore[arg-type]  # by name
        assert "Expected one of" in problem
        assert "but got 'tColour'" in problem


def test_allowed_inputs(sandbox: Sandbox) -> None:
    table = parse_table([["-", "-", "1"]], inputs=["k", "n"], listed=['"a","b"', "[0..10], null"])
    allowed: list[PlainDict] = [{"k": "a", "n": 0}, {"k": "b", "n": 10}, {"k": "a", "n": None}]
    for given in allowed:
        assert decide(table, given, sandbox).result == {"y": 1}
    refused: list[tuple[PlainDict, str, str]] = [
        ({"k": "c", "n": 1}, "k", "'c'"),
        ({"k": None, "n": 1}, "k", "None"),
        ({"k": "a", "n": 11}, "n", "11"),
    ]
    for values, column, shown in refused:
        with pytest.raises(DecisionError, match=f"t, input '{column}': Expected one of its values, but got {shown}"):
            decide(table, values, sandbox)
    ((element, problem),) = find_problems(write_table([["-", "1"]], listed=["limit"]))
    assert (element, "Expected values that are known" in problem) == ("i0", True)


def test_allowed_outputs(sandbox: Sandbox) -> None:
    table = parse_table([["-", "level"]], inputs=["x"], allowed=['"low","high"'])
    assert decide(table, {"x": 1, "level": "low"}, sandbox).result == {"y": "low"}
    for level in ("mid", None, 1):
        with pytest.raises(DecisionError, match=r"t, rule 1 \(r1\), output 'y': Expected one of its values"):
            decide(table, {"x": 1, "level": level}, sandbox)
    ((element, problem),) = find_problems(write_table([["-", "1"]], allowed=["true, false"]))
    assert (element, problem) == ("c1_1", "rule 1 (r1), output 'y': Expected one of its values, but got 1")


@pytest.mark.parametrize(
    ("hit", "aggregation", "result", "rows"),
    [
        *((hit, "", {"y": 9, "z": "none"}, 1) for hit in ("UNIQUE", "FIRST", "ANY", "PRIORITY")),
        *((hit, "", [{"y": 9, "z": "none"}], 1) for hit in ("RULE ORDER", "OUTPUT ORDER", "COLLECT")),
        *(("COLLECT", aggregation, 9, 1) for aggregation in ("SUM", "MIN", "MAX")),
    ],
)
def test_defaults(sandbox: Sandbox, hit: str, aggregation: str, result: object, rows: int) -> None:
    outputs, defaults, cells = ["y", "z"], ["x + 9", '"none"'], ["1", '"some"']
    if aggregation:
        outputs, defaults, cells = outputs[:1], defaults[:1], cells[:1]
    allowed = ["9, 1", '"none", "some"'] if hit in ("PRIORITY", "OUTPUT ORDER") else []
    options = {"outputs": outputs, "defaults": defaults, "hit": hit, "aggregation": aggregation, "allowed": allowed}
    table = parse_table([["5", *cells]], **options)
    decision = decide(table, {"x": 0}, sandbox)
    assert (decision.matched, decision.result, len(decision.rows)) == ((), result, rows)
    assert decide(table, {"x": 5}, sandbox).matched == ("r1",)


def test_defaults_that_make_no_sense() -> None:
    half = write_table([["-", "1", "2"]], outputs=["y", "z"], defaults=["1", "2"]).decode()
    half = half.replace("<defaultOutputEntry><text>2</text></defaultOutputEntry>", "")
    ((element, problem),) = find_problems(half.encode())
    assert (element, "a default for every output or for none" in problem) == ("o1", True)
    counted = write_table([["-", "1"]], hit="COLLECT", aggregation="COUNT", defaults=["0"])
    assert find_problems(counted) == [("dt", "Expected no default, because COUNT of no rule is 0")]


def test_decimals_and_sums_are_what_they_look_like(sandbox: Sandbox) -> None:
    table = parse_table([["0.1", "1"], ["> 0.1", "2"]], inputs=['Decimal("0.30") / 3'])
    assert decide(table, {}, sandbox).result == {"y": 1}
    summed = parse_table([["-", "0.1"], ["-", "0.2"]], hit="COLLECT", aggregation="SUM")
    assert decide(summed, {"x": 1}, sandbox).result == 0.3
    huge = parse_table([["-", "x"], ["-", "x"]], hit="COLLECT", aggregation="SUM")
    with pytest.raises(DecisionError, match="at most 63 bits"):
        decide(huge, {"x": 2**62}, sandbox)
    assert decide(parse_table([["5", "1"]]), {"x": Decimal(5)}, sandbox).result == {"y": 1}


@pytest.mark.parametrize(
    ("kind", "text", "written"),
    [
        (Kind.DAYS, "PT0S", "PT0S"),
        (Kind.DAYS, "-P1DT0.250S", "-P1DT0.25S"),
        (Kind.MONTHS, "P0M", "P0M"),
        (Kind.MONTHS, "-P13M", "-P1Y1M"),
        (Kind.TIME, "23:59", "23:59:00"),
        (Kind.DATETIME, "2026-03-01T08:00:00.5+08:00", "2026-03-01T00:00:00.500000Z"),
    ],
)
def test_literals_are_written_as_data_hold_them(sandbox: Sandbox, kind: Kind, text: str, written: str) -> None:
    """Both by the reader of files and, for values that are computed, inside the sandbox."""
    assert write_value(kind, read_kind(kind, text)) == written
    assert fits(kind, written)
    call = {Kind.DATETIME: "date and time", Kind.TIME: "time"}.get(kind, "duration")
    if kind is not Kind.MONTHS:
        table = parse_table([["-", f"{call}(x)"]])
        assert decide(table, {"x": text}, sandbox).result == {"y": written}
    computed = parse_table([["-", f'{call}("{text}") if x else null']])
    assert decide(computed, {"x": 1}, sandbox).result == {"y": written}
