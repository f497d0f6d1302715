"""Forms for tests: short ways to write a schema, and a sandbox to evaluate its conditions in."""

import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from engine.definitions.forms import BoundForm, Form, FormInvalid, bind, parse_form
from engine.definitions.forms.messages import Language
from engine.language.sandbox import Sandbox
from engine.storage.plain import Plain, PlainDict

SHANGHAI = ZoneInfo("Asia/Shanghai")
SANDBOX = Sandbox()


def part(kind: str, key: str = "", **properties: Any) -> dict[str, Any]:
    """A component with a label in both languages, unless other texts are given."""
    own = {"key": key, "label": f"标签 {key}", "i18n": {"en": {"label": f"Label {key}"}}} if key else {}
    return {"type": kind, "id": f"Id_{key}", **own, **properties}


def choices(key: str, kind: str, *values: str, **properties: Any) -> dict[str, Any]:
    """A component with declared answers."""
    english = {"label": f"Label {key}", "values": {value: f"Answer {value}" for value in values}}
    listed = [{"value": value, "label": f"选项 {value}"} for value in values]
    return part(kind, key, values=listed, i18n={"en": english}, **properties)


def write(*components: dict[str, Any]) -> bytes:
    """A schema."""
    return json.dumps({"type": "default", "schemaVersion": 19, "id": "f", "components": components}).encode()


def make(*components: dict[str, Any]) -> Form:
    """A form."""
    return parse_form("p/f", write(*components))


def find(*components: dict[str, Any]) -> list[tuple[str, str]]:
    """The findings of a form, as component and code; empty if it is right."""
    try:
        make(*components)
    except FormInvalid as invalid:
        for finding in invalid.findings:
            assert finding.message("zh")
            assert "but" in finding.message("en")
        return [(finding.component, finding.code) for finding in invalid.findings]
    return []


def fill(
    form: Form,
    submitted: Mapping[str, Any] | MultiDict[str, Any] | None = None,
    *,
    data: Mapping[str, Plain] | None = None,
    draft: PlainDict | None = None,
    files: Mapping[str, PlainDict] | None = None,
    language: Language = "en",
) -> BoundForm:
    """The form, filled in by someone in Shanghai."""
    return bind(
        form,
        data=data or {},
        language=language,
        timezone=SHANGHAI,
        evaluate=SANDBOX.evaluate,
        submitted=None if submitted is None else MultiDict(submitted),
        draft=draft,
        files=files,
    )


def refuse(component: dict[str, Any], *texts: str, language: Language = "en", **options: Any) -> list[str]:
    """What is wrong with a field when these texts are submitted for it."""
    bound = fill(make(component), MultiDict([(component["key"], text) for text in texts]), language=language, **options)
    bound.validate()
    return bound.errors.get(component["key"], [])


def accept(component: dict[str, Any], *texts: str, **options: Any) -> Plain:
    """The value of a field when these texts are submitted for it."""
    bound = fill(make(component), MultiDict([(component["key"], text) for text in texts]), **options)
    assert bound.validate(), bound.errors
    return bound.values[component["key"]]
