"""Reading the text of expressions and scripts."""

import pytest

from engine.language.expressions import (
    Expression,
    ExpressionError,
    Literal,
    parse_expression,
    parse_literal_or_expression,
    parse_script,
    unwrap,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("${a}", "a"), ("  ${ a + 1 } ", " a + 1 "), ("a", "a"), (" a ", " a "), ("{'a': 1}", "{'a': 1}")],
)
def test_unwrap(text: str, expected: str) -> None:
    assert unwrap(text) == expected


@pytest.mark.parametrize("text", ["= a", "=a > 1", "${a} and ${b}"])
def test_unwrap_refuses(text: str) -> None:
    with pytest.raises(ExpressionError, match="Expected"):
        unwrap(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a + b.c", {"a", "b"}),
        ("[x.n for x in xs if x.n > low]", {"xs", "low"}),
        ("(lambda x: x + y)(z)", {"y", "z"}),
        ("sum(n for n in [len(a)])", {"a"}),
        ("sorted(a, key=lambda v: v[k])", {"a", "k"}),
        ("f'{a.b:{w}}'", {"a", "w"}),
        ("date(2026, 1, d)", {"d"}),
        ("lookup(a)", {"lookup", "a"}),
        ("[x for x in x]", {"x"}),
        ("'PT1H'", set()),
        ("${a}", {"a"}),
        ("金额 > 1", {"金额"}),
        ("open", {"open"}),
    ],
)
def test_names_of_an_expression(text: str, names: set[str]) -> None:
    assert parse_expression(text).names == names


def test_a_called_name_is_no_value() -> None:
    expression = parse_expression("max(max_pay, min)")
    assert expression.inputs == {"max_pay", "min"}
    assert expression.calls == {"max"}


@pytest.mark.parametrize(
    ("text", "read", "assigned"),
    [
        ("a = b", {"b"}, {"a"}),
        ("a += 1", {"a"}, {"a"}),
        ("for i in xs:\n    t = i.n", {"xs", "i"}, {"i", "t"}),
        ("a.b = c", {"a", "c"}, set()),
        ("a['k'] = 1", {"a"}, set()),
        ("import math\nx = math.floor(y)", {"y"}, {"x"}),
        ("def f(n):\n    return n + rate\nx = f(1)", {"rate"}, {"x"}),
        ("x = [y := 1]", set(), {"x", "y"}),
        ("try:\n    a = 1\nexcept ValueError as e:\n    b = e", {"e"}, {"a", "b", "e"}),
        ("_t = a\nb = _t", {"a", "_t"}, {"_t", "b"}),
    ],
)
def test_names_of_a_script(text: str, read: set[str], assigned: set[str]) -> None:
    script = parse_script(text)
    assert script.names == read
    assert script.assigned == assigned


@pytest.mark.parametrize(
    "text",
    [
        *("", "  ", "a +", "a = 1", "a; b", "1)+(2", "a) or (b", "a, b", "x for x in y", "(a := 1)", "a b", "return 1"),
        *("__import__('os')", "a.__class__", "__x", "lambda __x: 1", "f(__x=1)", "eval('1')", "exec('1')", "open('x')"),
        *("a.＿＿class＿＿", "(yield)", "await a", "a\0b", "# only a remark"),
        *("1" + "+1" * 20_000, "(" * 300 + ")" * 300, "not " * 5_000 + "a", "-" * 9_000 + "1", "[" * 9_000),
        "a" + ".a" * 9_000,
    ],
)
def test_an_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="Expected") as caught:
        parse_expression(text)
    assert caught.value.line == 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nimport os", 2),
        ("from os import path", 1),
        ("from . import a", 1),
        ("a = 1\n\ndel a", 3),
        ("class A:\n    pass", 1),
        ("def f():\n    yield 1", 2),
        ("def f():\n    global x", 2),
        ("with a as b:\n    pass", 1),
        ("async def f():\n    pass", 1),
        ("a = 1\n  b = 2", 2),
        ("a = (1,\n", 1),
        ("x = 1\ny = __builtins__", 2),
        ("from math import pi as __pi", 1),
        ("match a:\n    case {'x': __x}:\n        pass", 2),
        ("a = 1\n= 2", 2),
        ("=a", 1),
    ],
)
def test_a_script_is_refused(text: str, line: int) -> None:
    with pytest.raises(ExpressionError, match="Expected") as caught:
        parse_script(text)
    assert caught.value.line == line


def test_literal_or_expression() -> None:
    assert parse_literal_or_expression(" a, b ,, c ") == Literal("a, b ,, c")
    assert Literal("a, b ,, c").items == ("a", "b", "c")
    assert parse_literal_or_expression(" ") == Literal("")
    expression = parse_literal_or_expression("${order.taker}")
    assert isinstance(expression, Expression)
    assert expression.names == {"order"}


@pytest.mark.parametrize("text", ["a, ${b}", "x${a}", "${a}, ${b}", "= a", "${a +}"])
def test_a_mixed_attribute_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="Expected"):
        parse_literal_or_expression(text)
