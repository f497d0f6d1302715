"""Components over the rows of a list: choosing among them, and showing what was before and what is after."""

from collections.abc import Iterator, Mapping

from wtforms.form import BaseForm

from engine.definitions.forms.components import FormComponent, form_component
from engine.definitions.forms.fields import PlainField, Submitted, find_datum
from engine.definitions.forms.messages import Language
from engine.definitions.forms.model import Component, Finding
from engine.storage.plain import Plain, PlainDict

SELECT_ROW = "baton:select_row"


def _rows_at(component: Component, data: Mapping[str, Plain]) -> list[PlainDict]:
    found = find_datum(data, str(component.properties.get("source")))
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _is_multiple(component: Component) -> bool:
    return component.properties.get("multiple") is True


class SelectRowField(PlainField):
    """The id of a row; with `multiple` a list of ids in the order of the rows."""

    required_message = "required_choice"

    def read_submitted(self, submitted: Submitted) -> None:
        self._choose([str(one) for one in submitted.getlist(self.name) if str(one)])

    def read_stored(self, value: Plain) -> None:
        self._choose([str(one) for one in value] if isinstance(value, list) else [str(value)] if value else [])
        rows = _rows_at(self.component, self.meta.binding.data)
        if not self.chosen_ids and len(rows) == 1 and self.component.rules.is_required:
            self._choose([str(rows[0]["id"])])

    def _choose(self, ids: list[str]) -> None:
        self.chosen_ids = ids
        self.data = (list[Plain](ids) or None) if _is_multiple(self.component) else ids[0] if ids else None

    def check(self, form: BaseForm) -> None:
        known = [str(row["id"]) for row in _rows_at(self.component, self.meta.binding.data)]
        if not set(self.chosen_ids) <= set(known):
            raise self.refuse("not_a_choice")
        self._choose([one for one in known if one in self.chosen_ids])


@form_component(SELECT_ROW)
class SelectRow(FormComponent):
    """One row of a list; with `multiple: true` any number. `source` is the path of the list in process data or a view;
    each row has an `id` and a `name`. Where one must be chosen and there is only one, it is.
    """

    properties = frozenset({"source", "multiple"})
    field_class = SelectRowField

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        if not isinstance(component.properties.get("source"), str):
            yield Finding(component.name, "wrong_property", {"property": "source", "expected": "text"})

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        return {"rows": [*_rows_at(component, data)], "is_multiple": _is_multiple(component)}


@form_component("baton:changes")
class Changes(FormComponent):
    """What a change alters. `source` is the path of a list of rows `{"zh", "en", "name", "before", "after"}`,
    whose values may be texts in both languages. Without a list nothing is shown.
    """

    properties = frozenset({"source"})

    def check(self, component: Component, keys: frozenset[str]) -> Iterator[Finding]:
        if not isinstance(component.properties.get("source"), str):
            yield Finding(component.name, "wrong_property", {"property": "source", "expected": "text"})

    def view(self, component: Component, data: Mapping[str, Plain], language: Language) -> PlainDict:
        if not isinstance(find_datum(data, str(component.properties.get("source"))), list):
            return {"rows": None}
        return {
            "rows": [
                {
                    "label": row.get(language),
                    "name": row.get("name"),
                    "before": _in_language(row.get("before"), language),
                    "after": _in_language(row.get("after"), language),
                }
                for row in _rows_at(component, data)
            ]
        }


def _in_language(value: Plain, language: Language) -> Plain:
    return value[language] if isinstance(value, dict) and value.keys() == {"zh", "en"} else value
