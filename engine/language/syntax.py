"""Python's own reader of Python, for one thread at a time.

Older versions (3.11.7 is one) count for all threads together how deep they are: where a thread gave way to another in
the middle, both may end with "AST constructor recursion depth mismatch"
(https://github.com/python/cpython/issues/106905).
"""

import ast
from threading import RLock

READING = RLock()
"""Held by who reads, and by who calls what reads by itself."""


def read_module(source: str) -> ast.Module:
    """The tree of statements. Raises SyntaxError, RecursionError, MemoryError."""
    with READING:
        return ast.parse(source)  # noqa: TID251


def read_expression(source: str) -> ast.expr:
    """The tree of an expression. Raises SyntaxError, RecursionError, MemoryError."""
    with READING:
        return ast.parse(source, mode="eval").body  # noqa: TID251
