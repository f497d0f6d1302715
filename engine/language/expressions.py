"""The text of expressions and scripts: reading it and saying what is wrong with it. Nothing here runs it.

The language is a subset of Python. `${...}` around the whole is taken off; `a.b` reads a field of a dict.
Reserved: names that begin with two underscores. Names of a script that begin with one underscore are its own
and do not become variables.
"""

import ast
import re
import symtable
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from engine.language.errors import EngineError
from engine.language.field_access import rewrite_fields
from engine.language.syntax import read_module

MAX_SOURCE_CHARACTERS = 20_000
MAX_CONSTANT_CHARACTERS = 200

# Classes an expression may name without an import; the sandbox hands them in.
VALUE_CLASSES = frozenset({"date", "datetime", "timedelta", "timezone", "Decimal"})
MODULES = frozenset({"collections", "datetime", "decimal", "functools", "itertools", "json", "math", "re"})
_BUILTINS = (
    "abs all any bool chr dict divmod enumerate filter float format int isinstance iter len list map max min next ord"
    " pow range repr reversed round set slice sorted str sum tuple type zip"
    " ArithmeticError AssertionError AttributeError Exception IndexError KeyError LookupError NameError"
    " OverflowError RuntimeError StopIteration TypeError ValueError ZeroDivisionError"
)
BUILTINS = frozenset(_BUILTINS.split())
_REFUSED_CALLS = "compile delattr eval exec globals hash id input locals open print setattr vars"
REFUSED_CALLS = frozenset(_REFUSED_CALLS.split())
REFUSED_NODES: dict[type[ast.AST], str] = {
    ast.Await: "await",
    ast.AsyncFor: "async for",
    ast.AsyncFunctionDef: "async def",
    ast.AsyncWith: "async with",
    ast.ClassDef: "class",
    ast.Delete: "del",
    ast.Global: "global",
    ast.Nonlocal: "nonlocal",
    ast.TryStar: "except*",
    ast.With: "with",
    ast.Yield: "yield",
    ast.YieldFrom: "yield from",
}
_OWN_LINE = re.compile(r" (\(detected at line \d+\)|on line \d+)")  # counted with our brackets
_TEXT_FIELDS = ("id", "attr", "arg", "name", "asname", "rest")
_PLAIN_NODES = (ast.Compare, ast.JoinedStr, ast.Constant)


class ExpressionError(EngineError):
    """A text is no expression or script of our language.

    `line` counts from 1 within the text.
    """

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message, line=line)
        self.line = line


@dataclass(frozen=True)
class Program:
    """A text that was read and found right, with what a worker needs to run it.

        `names` are the variables it reads, without the sandbox's own names; `inputs` those it reads as values, and
        `calls` those it calls. `lines` gives the line of the source for each line of `code`; `readers` are the
    attributes `code` reads through a reader function.
    """

    source: str
    code: str
    lines: tuple[int, ...]
    readers: frozenset[str]
    names: frozenset[str]
    inputs: frozenset[str]
    calls: frozenset[str]
    setup: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class Expression(Program):
    """`is_constant`: a literal; `is_plain`: by its form the value can only be plain data."""

    is_constant: bool = False
    is_plain: bool = False


@dataclass(frozen=True)
class Script(Program):
    """`assigned`: the names it assigns at its top level, functions and imports excluded."""

    assigned: frozenset[str]


@dataclass(frozen=True)
class Literal:
    """A text that stands for itself."""

    text: str

    @property
    def items(self) -> tuple[str, ...]:
        """The parts of a comma list, without blanks around them; empty parts are dropped."""
        return tuple(part.strip() for part in self.text.split(",") if part.strip())


def unwrap(text: str) -> str:
    """The text inside a `${...}` around the whole; any other text as it is.

    Raises ExpressionError for a text that starts with `=` (FEEL).
    """
    bare = text.strip()
    if bare.startswith("="):
        raise ExpressionError("Expected a Python expression, but the text starts with '=' (FEEL)")
    if not is_wrapped(text):
        return text
    if "${" in bare[2:]:
        raise ExpressionError("Expected one ${…} around the whole, but the text holds several")
    return bare[2:-1]


def is_wrapped(text: str) -> bool:
    """Whether a `${...}` stands around the whole."""
    bare = text.strip()
    return bare.startswith("${") and bare.endswith("}")


@lru_cache(4096)
def parse_expression(text: str) -> Expression:
    """Read one expression. Raises ExpressionError."""
    source = unwrap(text).replace("\r\n", "\n").strip()
    # The line breaks inside the brackets allow an expression to span lines, and a comment to end it.
    code = f"(\n{source}\n)"
    tree = _parse(code, source, first_line=2)
    statement = tree.body[0] if len(tree.body) == 1 else None
    if not isinstance(statement, ast.Expr) or statement.value.lineno < 2:
        # Whatever starts before the text uses our brackets: nothing, a bare tuple or `a) + (b`.
        raise ExpressionError(f"Expected one expression, but got {source[:100]!r}")
    _refuse_foreign(tree, shift=1)
    return _write_expression(source, code, tree)


@lru_cache(4096)
def parse_script(text: str) -> Script:
    """Read a script. `names` are those it reads, also when it assigns them before. Raises ExpressionError."""
    source = textwrap.dedent(unwrap(text).replace("\r\n", "\n")).rstrip()
    tree = _parse(source, source, first_line=1)
    _refuse_foreign(tree, shift=0)
    read, bound, helpers = _find_names(source, tree)
    read -= helpers
    values, calls = _split_uses(tree, read)
    code, lines, readers = source, tuple(range(1, source.count("\n") + 2)), frozenset[str]()
    if rewritten := _rewrite(tree, helpers):
        code, lines, readers = rewritten
    return Script(source, code, lines, readers, read - BUILTINS - VALUE_CLASSES, values, calls, bound - helpers)


def parse_literal_or_expression(text: str) -> Literal | Expression:
    """What an attribute such as `camunda:assignee` holds: a literal, or an expression in `${...}`.

    Raises ExpressionError for a text that mixes both, and for one that starts with `=`.
    """
    if is_wrapped(text):
        return parse_expression(text)
    if "${" in text:
        raise ExpressionError("Expected a literal or one ${…} around the whole, but the text mixes both")
    return Literal(unwrap(text).strip())


def assemble_expression(
    source: str, setup: str, code: str, lines: tuple[int, ...], readers: frozenset[str]
) -> Expression:
    """An expression of our own making: `setup` defines functions, `code` calls them.

    Every part a person wrote must have been read by `parse_expression` alone and written anew from its tree.
    `lines` gives a number the caller understands for each line of `setup`.
    """
    whole = setup + code
    tree = read_module(whole)
    read, _, helpers = _find_names(whole, tree)
    read -= helpers
    values, calls = _split_uses(tree, read)
    names = frozenset(name for name in read - BUILTINS - VALUE_CLASSES if not name.startswith("__"))
    return Expression(source, code, lines, readers, names, values, calls, setup=setup)


def _write_expression(source: str, code: str, tree: ast.Module) -> Expression:
    statement = tree.body[0]
    assert isinstance(statement, ast.Expr)
    read, bound, _ = _find_names(code, tree)
    if bound:
        raise ExpressionError("Expected an expression that assigns nothing, but ':=' assigns")
    values, calls = _split_uses(tree, read)
    lines, readers = (1, *range(1, code.count("\n")), 1), frozenset[str]()
    if rewritten := _rewrite(tree, frozenset()):
        code, lines, readers = rewritten
    is_constant = len(source) < MAX_CONSTANT_CHARACTERS and _is_literal(statement.value)
    is_plain = _is_plain(statement.value)
    names = read - BUILTINS - VALUE_CLASSES
    return Expression(source, code, lines, readers, names, values, calls, is_constant, is_plain)


def _parse(code: str, source: str, first_line: int) -> ast.Module:
    if len(source) > MAX_SOURCE_CHARACTERS:
        raise ExpressionError(f"Expected at most {MAX_SOURCE_CHARACTERS} characters, but got {len(source)}")
    try:
        return read_module(code)
    except SyntaxError as error:
        line = min(max((error.lineno or 1) - first_line + 1, 1), source.count("\n") + 1)
        raise ExpressionError(f"Expected Python, but {_OWN_LINE.sub('', error.msg)}", line) from None
    except (RecursionError, MemoryError):
        raise ExpressionError("Expected Python, but the text is too deeply nested") from None
    except ValueError as error:
        raise ExpressionError(f"Expected Python, but {error}") from None


def _refuse_foreign(tree: ast.Module, shift: int) -> None:
    """Refuse what Python knows and our language does not, so that it is found at deploy and not in a running case."""
    for node in ast.walk(tree):
        for problem in _find_problems(node):
            raise ExpressionError(problem, max(getattr(node, "lineno", 1) - shift, 1))


def _find_problems(node: ast.AST) -> Iterator[str]:
    if type(node) in REFUSED_NODES:
        yield f"Expected a statement of our language, but '{REFUSED_NODES[type(node)]}' is not part of it"
    for name in (getattr(node, attribute, None) for attribute in _TEXT_FIELDS):
        if isinstance(name, str) and name.startswith("__"):
            yield f"Expected a name of your own, but {name!r} begins with two underscores, which are reserved"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSED_CALLS:
        yield f"Expected a function of our language, but {node.func.id!r} is not part of it"
    modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    if isinstance(node, ast.ImportFrom):
        modules = ["." * node.level + (node.module or "")]
    for module in modules:
        if module not in MODULES:
            yield f"Expected an import of one of {', '.join(sorted(MODULES))}, but got {module!r}"


def _find_names(code: str, tree: ast.Module) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The names of the top level: those read, those bound, and of the bound those that are functions or imports."""
    try:
        top = symtable.symtable(code, "text", "exec")
    except RecursionError:
        raise ExpressionError("Expected Python, but the text is too deeply nested") from None
    except SyntaxError as error:
        raise ExpressionError(f"Expected Python, but {error.msg}", error.lineno or 1) from None
    symbols = top.get_symbols()
    read = {symbol.get_name() for symbol in symbols if symbol.is_referenced()}
    bound = {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}
    helpers = {symbol.get_name() for symbol in symbols if symbol.is_namespace() or symbol.is_imported()}
    inner = top.get_children()
    while inner:
        table = inner.pop()
        inner += table.get_children()
        read |= {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
    for node in ast.walk(tree):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and node.target.id in bound:
            read.add(node.target.id)  # `n += 1` reads n, which the symbol table does not count
    return frozenset(read), frozenset(bound), frozenset(helpers)


def _split_uses(tree: ast.Module, read: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Which of the names are used as values, and which are called. A field named `max` must not hide `max(...)`."""
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    in_calls = {id(name) for name in called}
    values = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in in_calls}
    return read & values, read & {name.id for name in called}


def _rewrite(tree: ast.Module, helpers: frozenset[str]) -> tuple[str, tuple[int, ...], frozenset[str]] | None:
    try:
        return rewrite_fields(tree, VALUE_CLASSES | helpers)
    except (ValueError, RecursionError) as error:
        raise ExpressionError(f"Expected simpler Python around the fields, but {error}") from None


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _is_plain(node: ast.expr) -> bool:
    """Whether the form alone shows that the value is no function, class or view, given plain inputs."""
    if isinstance(node, ast.BoolOp):
        return all(_is_plain(value) for value in node.values)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.Not) or _is_plain(node.operand)
    if isinstance(node, ast.IfExp):
        return _is_plain(node.body) and _is_plain(node.orelse)
    if isinstance(node, ast.BinOp):
        return _is_plain(node.left) and _is_plain(node.right)
    if isinstance(node, ast.Subscript):
        return _is_plain(node.value)
    if isinstance(node, ast.Attribute):
        return _is_plain(node.value)
    return isinstance(node, _PLAIN_NODES) or (isinstance(node, ast.Name) and node.id not in BUILTINS | VALUE_CLASSES)
