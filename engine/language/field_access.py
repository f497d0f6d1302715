"""`order.total` in an expression reads the field `total` of the dict `order`.

The rewriting only changes the text that is sent to the worker; it is no security boundary.
"""

import ast
import copy

from engine.language.syntax import read_module

# Attributes that are no fields: of dates, durations, exceptions and modules. A dict's field of the name comes first.
_ATTRIBUTES = (
    "year month day hour minute second microsecond tzinfo days seconds microseconds utc min max pi e inf nan args"
)
OBJECT_ATTRIBUTES = frozenset(_ATTRIBUTES.split())
READER_PREFIX = "__field_"


class FieldAccess(ast.NodeTransformer):
    """Rewrites `a.b` to `a["b"]`, and to a call of a reader where `b` may be an attribute. Method calls stay."""

    def __init__(self, objects: frozenset[str] = frozenset()) -> None:
        self.objects = objects  # names that hold modules and classes, whose attributes are no fields
        self.is_used = False
        self.readers: set[str] = set()

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Attribute):
            node.func.value = self.visit(node.func.value)
        else:
            node.func = self.visit(node.func)
        node.args = [self.visit(argument) for argument in node.args]
        node.keywords = [self.visit(keyword) for keyword in node.keywords]
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.is_used = True
        is_object = isinstance(node.value, ast.Name) and node.value.id in self.objects
        value = self.visit(node.value)
        if isinstance(node.ctx, ast.Load) and (is_object or node.attr in OBJECT_ATTRIBUTES):
            self.readers.add(node.attr)
            reader = ast.Name(READER_PREFIX + node.attr, ast.Load())
            return ast.copy_location(ast.Call(reader, [value], []), node)
        return ast.copy_location(ast.Subscript(value, ast.Constant(node.attr), node.ctx), node)


def rewrite_fields(tree: ast.Module, objects: frozenset[str]) -> tuple[str, tuple[int, ...], frozenset[str]] | None:
    """The code with fields read as `a["b"]`, the source line of each of its lines, and the attributes with a reader.

    None when there is nothing to rewrite. Raises ValueError where the text cannot be written anew.
    """
    access = FieldAccess(objects)
    changed = access.visit(copy.deepcopy(tree))
    if not access.is_used:
        return None
    code = ast.unparse(ast.fix_missing_locations(changed))
    lines = [0] * (code.count("\n") + 1)
    for before, after in zip(_walk_statements(tree), _walk_statements(read_module(code)), strict=True):
        lines[after.lineno - 1] = before.lineno
    for index, line in enumerate(lines):
        lines[index] = line or (lines[index - 1] if index else 1)
    return code, tuple(lines), frozenset(access.readers)


def write_reader(attribute: str) -> str:
    """The definition, on one line, of the reader that `rewrite_fields` calls for this attribute."""
    return (
        f"def {READER_PREFIX}{attribute}(o, t=type):"
        f" return o[{attribute!r}] if t(o) is t({{}}) and {attribute!r} in o else o.{attribute}\n"
    )


def _walk_statements(tree: ast.AST) -> list[ast.stmt]:
    """All statements in an order that only depends on the shape of the tree."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.stmt)]
