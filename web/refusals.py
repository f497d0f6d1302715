"""What an operator can set right is told in a line; whatever else goes wrong keeps its traceback."""

import sys
from collections.abc import Callable

from sqlalchemy.exc import DatabaseError, OperationalError, ProgrammingError

from engine.records.opening import NotPrepared, name_database
from engine.storage.keys import KeyUnfit
from engine.storage.schema import SchemaUnsafe
from engine.storage.setting_rules import SettingInvalid
from engine.storage.settings import read_settings

# PostgreSQL: insufficient_privilege, undefined_table, undefined_column
OF_OPERATORS = frozenset({"42501", "42P01", "42703"})
HINTS = {
    "no such ": "`./run prepare` brings it to the newest schema",
    "does not exist": "`./run prepare` brings it to the newest schema, in a database that is there",
    "readonly database": "it and its folder must be writable for this",
    "unable to open": "it must be a file, and its folder writable, for SQLite writes beside it",
}


def tell_refusals(work: Callable[[], int], refused: int = 1) -> int:
    """The exit code of `work`; `refused` and a line on the standard error where something beside the code is wrong."""
    try:
        return work()
    except Exception as problem:
        words = describe_refusal(problem)
        if words is None:
            raise
        sys.stderr.write(f"{words}\n")
        return refused


def describe_refusal(problem: Exception) -> str | None:
    """The setting, file or database that is wrong, in a line; None for an error of the program."""
    if isinstance(problem, SettingInvalid | KeyUnfit | NotPrepared):
        return str(problem)
    if isinstance(problem, SchemaUnsafe):
        return f"{problem}: `./run prepare` makes it again"
    if isinstance(problem, OSError):
        return f"{problem.filename}: {problem.strerror}" if problem.filename else str(problem)
    if isinstance(problem, DatabaseError) and _is_of_operators(problem):
        told = " ".join(str(problem.orig).split())
        hint = next((f": {words}" for part, words in HINTS.items() if part in told), "")
        return f"Database {name_database(read_settings().url)}: {told}{hint}"
    return None


def _is_of_operators(problem: DatabaseError) -> bool:
    """Whether the database is away, not to be entered, damaged or older; not that a statement of ours is wrong."""
    if isinstance(problem, ProgrammingError):
        return getattr(problem.orig, "sqlstate", None) in OF_OPERATORS
    return isinstance(problem, OperationalError) or type(problem) is DatabaseError
