"""The border of the sandbox: what goes in, and what may come out.

In go plain data and dates. References to personal data are hidden: a worker sees a marker that says nothing, and
where the marker comes back, the reference takes its place again. Out come bounded plain data.
"""

import math
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from engine.storage.plain import Plain, PlainDict

PERSONAL = "‹personal›"
VAULT_KEY = "$vault"
MAX_NODES, MAX_DEPTH, MAX_TEXT_CHARACTERS = 50_000, 50, 1_000_000
MAX_INTEGER_BITS = 63  # what the stored state can hold
PASSING_TYPES = (Decimal, date, datetime, timedelta)  # allowed as the value of an expression, never stored


class ValueRefused(Exception):
    """A value may not cross the border; the text says why."""


def is_reference(value: object) -> bool:
    """Whether the value is a reference to personal data in the vault."""
    return type(value) is dict and VAULT_KEY in value


def has_reference(value: object) -> bool:
    """Whether there is a reference to personal data anywhere in the value."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return is_reference(value) or any(map(has_reference, parts))


def hide_references(value: object, found: list[PlainDict], depth: int = 0) -> object:
    """The value with a marker for each reference inside; the references are added to `found`.

    A marker is a tuple, which JSON has not: no text a person types can be taken for one. Parts without references
    are handed on as they are. Raises ValueRefused for a value that is nested too deeply.
    """
    if depth > MAX_DEPTH:
        raise ValueRefused("Expected a value that is nested less deeply")
    if isinstance(value, dict):
        if is_reference(value):
            found.append(value)
            return (PERSONAL, len(found) - 1)
        shown = {key: hide_references(item, found, depth + 1) for key, item in value.items()}
        return value if all(shown[key] is item for key, item in value.items()) else shown
    if isinstance(value, (list, tuple)):
        items = [hide_references(item, found, depth + 1) for item in value]
        is_same = type(value) is list and all(new is old for new, old in zip(items, value, strict=True))
        return value if is_same else items
    return value


class Border:
    """Takes the values of one evaluation out of the worker.

    Every node counts each time it would be written, so shared and endless structures end at the bounds.
    """

    def __init__(self, found: list[PlainDict], is_stored: bool) -> None:
        self.found = found
        self.is_stored = is_stored
        self.nodes = 0
        self.characters = 0

    def accept(self, value: object, depth: int = 0) -> Plain:
        """The plain form of a value: tuples become lists, markers become references. Raises ValueRefused."""
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH:
            raise ValueRefused("Expected a smaller result, but it holds too many values or is nested too deeply")
        kind = type(value)
        if value is None or kind is bool:
            return value  # type: ignore[return-value]  # mypy does not narrow by `kind`
        if isinstance(value, str) and kind is str:
            return self._accept_text(value)
        if isinstance(value, int) and kind is int:
            if value.bit_length() > MAX_INTEGER_BITS:
                raise ValueRefused("Expected an integer of at most 63 bits, but it is larger")
            return value
        if isinstance(value, float) and kind is float:
            if not math.isfinite(value):
                raise ValueRefused(f"Expected a finite number, but it is {value}")
            return value
        return self._accept_structure(value, depth)

    def _accept_structure(self, value: object, depth: int) -> Plain:
        kind = type(value)
        if isinstance(value, tuple) and kind is tuple and value[:1] == (PERSONAL,):
            return self._find_reference(value)
        if isinstance(value, (list, tuple)) and kind in (list, tuple):
            return [self.accept(item, depth + 1) for item in value]
        if isinstance(value, dict) and kind is dict:
            return {self._accept_key(key): self.accept(item, depth + 1) for key, item in value.items()}
        if kind in PASSING_TYPES and not self.is_stored:
            return value  # type: ignore[return-value]  # callers that store nothing may use dates and decimals
        if kind in PASSING_TYPES:
            raise ValueRefused(f"Expected a value that can be stored, but it is a {kind.__name__}: use str(...)")
        raise ValueRefused(f"Expected plain data, but it is a {kind.__name__}")

    def _accept_text(self, text: str) -> str:
        self.characters += len(text)
        if self.characters > MAX_TEXT_CHARACTERS:
            raise ValueRefused(f"Expected at most {MAX_TEXT_CHARACTERS} characters of text, but there are more")
        if "\0" in text:
            raise ValueRefused("Expected text, but it holds a NUL character")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueRefused("Expected text, but it holds half a character (a surrogate)") from None
        return text

    def _accept_key(self, key: object) -> str:
        if type(key) is not str:
            raise ValueRefused(f"Expected text as the key of a dict, but it is a {type(key).__name__}")
        return self._accept_text(key)

    def _find_reference(self, marker: tuple[object, ...]) -> PlainDict:
        index = marker[1] if len(marker) == 2 else None
        if type(index) is not int or not 0 <= index < len(self.found):
            raise ValueRefused("Expected personal data unchanged, but the reference was taken apart")
        return self.found[index]


def is_same(before: object, after: object) -> bool:
    """Whether two values are the same in type and content, all the way down (1, 1.0 and True differ)."""
    if before is after:
        return True
    if type(before) is not type(after):
        return False
    if isinstance(before, dict) and isinstance(after, dict):
        return list(before) == list(after) and all(is_same(before[key], after[key]) for key in before)
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(is_same, before, after))
    return before == after


def find_changes(before: Mapping[str, object], after: Mapping[str, Plain]) -> dict[str, Plain]:
    """The values that are new or differ."""
    return {name: value for name, value in after.items() if name not in before or not is_same(before[name], value)}
