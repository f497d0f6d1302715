"""Puts a notification into words: `templates.toml` names its facts, both languages side by side."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from string import Template
from zoneinfo import ZoneInfo

from engine.storage.clock import parse_instant
from engine.storage.plain import Plain

FILE = Path(__file__).with_name("templates.toml")
PARTS, LANGUAGES = ("title", "body"), ("zh", "en")
MAX_TITLE = 200


class TemplateUnfit(ValueError):
    """A notification names a template that does not exist, or lacks a fact its template names."""


@cache
def read_templates() -> Mapping[str, Mapping[str, Mapping[str, Template]]]:
    """Every template: its parts, in both languages. Raises TemplateUnfit for one that lacks a text."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))
    for name, parts in found.items():
        if set(parts) != set(PARTS) or any(set(parts[part]) != set(LANGUAGES) for part in PARTS):
            raise TemplateUnfit(f"Expected title and body in zh and en for {name}")
    return {
        name: {part: {language: Template(text) for language, text in parts[part].items()} for part in PARTS}
        for name, parts in found.items()
    }


def check_facts(name: str, facts: Mapping[str, Plain]) -> None:
    """Raises TemplateUnfit where a notification could not be put into words later."""
    template = read_templates().get(name)
    if template is None:
        raise TemplateUnfit(f"Expected a template, but there is none named {name!r}")
    wanted = {one for part in PARTS for language in LANGUAGES for one in template[part][language].get_identifiers()}
    if missing := sorted(wanted - facts.keys()):
        raise TemplateUnfit(f"Expected the facts of {name}, but {', '.join(missing)} is missing")


def write_notification(name: str, facts: Mapping[str, Plain], language: str, zone: ZoneInfo) -> tuple[str, str]:
    """Title and body in a language; instants on the wall clock of `zone`."""
    said = {key: _say(key, value, zone) for key, value in facts.items()}
    template = read_templates()[name]
    title, body = (template[part][language].safe_substitute(said) for part in PARTS)
    return " ".join(title.split())[:MAX_TITLE], body.strip()


def _say(key: str, value: Plain, zone: ZoneInfo) -> str:
    if key.endswith("_at") and isinstance(value, str) and value:
        return parse_instant(value).astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return "–" if value is None or value == "" else str(value)
