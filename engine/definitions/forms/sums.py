"""Components whose parts make up a total: an amount split between two sides, a number of things told apart."""

from collections.abc import Iterator, Mapping

from wtforms.form import BaseForm

from engine.definitions.forms.components import FormComponent, PartsField, form_component, require_text, text_of
from engine.definitions.forms.fields import find_datum
from engine.definitions.forms.messages import Language
from engine.definitions.forms.model import Component, Finding
from engine.definitions.forms.typed import (
    InputRefused,
    format_yuan,
    parse_number,
    parse_yuan,
    write_number,
    write_yuan,
)
from engine.storage.plain import Plain, PlainDict


class SplitField(PartsField):
    """Parts that make up the total: amounts, in fen."""

    short_code, over_code = "split_short", "split_over"

    def read(self, text: str) -> Plain:
        amount_fen = parse_yuan(text)
        if amount_fen < 0:
            raise InputRefused("too_small", minimum=format_yuan(0), value=format_yuan(amount_fen))
        return amount_fen

    def write_part(self, value: Plain) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            return self.write(value)
        return super().write_part(value)

    def write(self, value: int) -> str:
        """A part as its input shows it."""
        return write_yuan(value)

    def format(self, value: int) -> str:
        """A part or their sum as messages show it."""
        return format_yuan(value)

    @property
    def total(self) -> int | None:
        """What is to be split."""
        total = find_datum(self.meta.binding.data, text_of(self.component, "total"))
        return total if isinstance(total, int) and not isinstance(total, bool) else None

    def check(self, form: BaseForm) -> None:
        given = sum(amount for amount in self.parts.values() if isinstance(amount, int))
        total = self.total
        if total is None:
            raise self.refuse("total_unknown")
        facts = {"sum": self.format(given), "total": self.format(total)}
        if given < total:
            raise self.refuse(self.short_code, **facts, difference=self.format(total - given))
        if given > total:
            raise self.refuse(self.over_code, **facts, difference=self.format(given - total))
        # What was left blank is nothing: the sum is right without it.
        self.data = {side: amount or 0 for side, amount in self.parts.items()}


@form_component("baton:split")
class Split(FormComponent):
    """An amount split between two `sides`, whose keys end in `_fen`. `total` is its path in process data."""

    properties = frozenset({"total", "sides"})
    choices_property = "sides"
    field_class = SplitField

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        yield from require_text(component, "total")
        if len(component.choices) != 2:
            yield Finding(component.name, "wrong_property", {"property": "sides", "expected": "a list of 2"})
        for side in component.choices:
            if not side.value.endswith("_fen"):
                yield Finding(component.name, "side_key", {"value": side.value})

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        return {"total_fen": find_datum(data, text_of(component, "total"))}


class CountsField(SplitField):
    """Whole numbers that make up the total."""

    short_code, over_code = "counts_short", "counts_over"

    def read(self, text: str) -> Plain:
        count = parse_number(text, 0)
        if count < 0:
            raise InputRefused("too_small", minimum=0, value=count)
        return count

    def write(self, value: int) -> str:
        return write_number(value)

    def format(self, value: int) -> str:
        return f"{value:,}"


@form_component("baton:counts")
class Counts(FormComponent):
    """A number of things told apart into `sides`. `total` is the path of their number in process data or a view."""

    properties = frozenset({"total", "sides"})
    choices_property = "sides"
    field_class = CountsField

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        yield from require_text(component, "total")
        if len(component.choices) < 2:
            yield Finding(component.name, "wrong_property", {"property": "sides", "expected": "a list of 2 and more"})

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        return {"total": find_datum(data, text_of(component, "total"))}
