"""Lists in forms: entries that all have the same fields, added and removed on the page."""

from decimal import Decimal
from typing import Any

from wtforms.fields.core import UnboundField
from wtforms.form import BaseForm

from engine.definitions.forms.fields import ADD, FIELD_CLASSES, REMOVE, PlainField, Submitted, show_number
from engine.definitions.forms.model import Component
from engine.definitions.forms.selecting import SELECT_ROW, SelectRowField
from engine.storage.plain import Plain, PlainDict

LIST = "dynamiclist"  # as form-js calls it
# Files are stored under the name of a field of the form, so entries have none.
_ENTRY_CLASSES = {**FIELD_CLASSES, SELECT_ROW: SelectRowField}
ENTRY_TYPES = frozenset(_ENTRY_CLASSES) - {"filepicker"}
# Bounds the work for a page somebody made up; what a form allows is checked, and said, besides.
_MAX_ROWS, _MAX_NUMBER_LENGTH = 100, 4


class EntriesField(PlainField):
    """A list of dicts, one for each entry. Entries that were left blank do not count.

    `rows` holds every entry of the page by its number. Numbers name inputs only; they have gaps where entries were
    removed.
    """

    def __init__(self, component: Component, **options: Any) -> None:
        super().__init__(component, **options)
        self.rows: dict[int, BaseForm] = {}

    def read_submitted(self, submitted: Submitted) -> None:
        removed = set(submitted.getlist(REMOVE))
        given = [text for text in map(str, submitted.getlist(self.name)) if f"{self.name}:{text}" not in removed]
        numbers = [int(text) for text in given if text.isdecimal() and len(text) <= _MAX_NUMBER_LENGTH][:_MAX_ROWS]
        self.rows = {number: self._make_row(number) for number in numbers}
        for row in self.rows.values():
            row.process(submitted)
        if self.name in submitted.getlist(ADD):
            added = max(self.rows, default=0) + 1
            self.rows[added] = self._make_row(added)
            self.rows[added].process(None, data=self._defaults)
        self._collect()

    def read_stored(self, value: Plain) -> None:
        given = [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
        self.rows = {number: self._make_row(number) for number in range(1, len(given) + 1)}
        for row, entry in zip(self.rows.values(), given, strict=True):
            row.process(None, data=entry)
        self._collect()

    def _make_row(self, number: int) -> BaseForm:
        fields: dict[str, Any] = {
            part.name: UnboundField(_ENTRY_CLASSES[part.type], part) for part in self.component.entry
        }
        return BaseForm(fields, prefix=f"{self.name}-{number}", meta=self.meta)

    @property
    def _defaults(self) -> PlainDict:
        return {part.name: part.default for part in self.component.entry}

    def _collect(self) -> None:
        self.data = [dict(row.data) for row in self.rows.values() if _is_filled(row)]

    def check(self, form: BaseForm) -> None:
        rules, filled = self.component.entries, [row for row in self.rows.values() if _is_filled(row)]
        if len(filled) > rules.max_entries:
            raise self.refuse("too_many_entries", max_entries=rules.max_entries, count=len(filled))
        places = [place for place, row in enumerate(self.rows.values(), 1) if _is_filled(row) and not row.validate()]
        if places:
            numbers = ("、" if self.language == "zh" else ", ").join(map(str, places))
            raise self.refuse("entries_wrong", numbers=numbers)
        if rules.sum_field:
            self._check_sum(rules.sum_field, rules.sum_is)

    def _check_sum(self, key: str, sum_is: int) -> None:
        part = next(part for part in self.component.entry if part.name == key)
        unit = 100 if part.is_in_hundredths else 1
        entries = self.data if isinstance(self.data, list) else []
        given = sum((Decimal(str(entry[key] or 0)) for entry in entries if isinstance(entry, dict)), Decimal(0))
        if given != sum_is:
            raise self.refuse(
                "sum_short" if given < sum_is else "sum_over",
                sum=show_number(part, given / unit),
                total=show_number(part, Decimal(sum_is) / unit),
                difference=show_number(part, abs(given - sum_is) / unit),
            )

    @property
    def draft(self) -> Plain:
        return [{key: part.draft for key, part in fields_of(row).items()} for row in self.rows.values()]


def fields_of(row: BaseForm) -> dict[str, PlainField]:
    """The fields of an entry by key."""
    return {part.short_name: part for part in row if isinstance(part, PlainField)}


def _is_filled(row: BaseForm) -> bool:
    return any(part.process_errors or not part.is_empty for part in fields_of(row).values())
