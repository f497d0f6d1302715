"""What the form editor must know of the components the server renders: the registered ones, and the names of all."""

from engine.definitions.forms.components import COMPONENTS, PREFIX
from engine.definitions.registry import VIEWS
from engine.storage.plain import Plain, PlainDict
from web.texts import catalogue, current_language

_NAME, _PROPERTY = "component.", "component.property."


def describe_components() -> PlainDict:
    """Registered components with their properties, names by type in both languages, and the sources that exist."""
    registered: list[Plain] = [
        {
            "type": type_name,
            "properties": [*sorted(kind.properties)],
            "choices": kind.choices_property,
            "hasValue": kind.field_class is not None,
        }
        for type_name, kind in COMPONENTS.items()
    ]
    return {
        "components": registered,
        "names": {_type_of(key): dict(entry) for key, entry in _under(_NAME) if not key.startswith(_PROPERTY)},
        "propertyNames": {key.removeprefix(_PROPERTY): entry[current_language()] for key, entry in _under(_PROPERTY)},
        "sources": [*sorted(VIEWS)],
    }


def _under(prefix: str) -> list[tuple[str, dict[str, str]]]:
    return [(key, entry) for key, entry in catalogue().items() if key.startswith(prefix)]


def _type_of(key: str) -> str:
    name = key.removeprefix(_NAME)
    return f"{PREFIX}{name}" if f"{PREFIX}{name}" in COMPONENTS else name
