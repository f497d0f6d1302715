"""What people read, in Chinese and English side by side: the `.toml` files of this folder.

A key names one text, `"hire.take" = { zh = "接单", en = "Take order" }`; sections only group keys for the reader of the
file. Texts may hold named facts (`{count}`), filled in by `str.format`. `one` is the English text for a count of one.
"""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from web.here import kept

Language: TypeAlias = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
ONE = "one"
HTML_LANGUAGE: dict[Language, str] = {"zh": "zh-CN", "en": "en"}
FOLDER = Path(__file__).parent


class TextsIncomplete(Exception):
    """A key is given twice, or lacks a language; the text names it."""


def read_texts(files: Iterable[Path]) -> dict[str, dict[str, str]]:
    """All texts of some files by key. Raises TextsIncomplete."""
    texts: dict[str, dict[str, str]] = {}
    for file in files:
        for section in tomllib.loads(file.read_text(encoding="utf-8")).values():
            for key, entry in section.items():
                if key in texts:
                    raise TextsIncomplete(f"Expected one text for {key!r}, but {file.name} gives another")
                if set(entry) - {ONE} != set(LANGUAGES) or not all(entry.values()):
                    raise TextsIncomplete(f"Expected zh and en for {key!r} in {file.name}, but found {entry}")
                texts[key] = entry
    return texts


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """Every text of the product, read once."""
    return read_texts(sorted(FOLDER.glob("*.toml")))


def text_in(language: Language, key: str, **facts: object) -> str:
    """A text in a named language. Raises KeyError for an unknown key and for a fact the text names but did not get."""
    entry = catalogue()[key]
    if not facts and "{" not in entry[language]:
        return entry[language]
    is_one = language == "en" and facts.get("count") == 1 and ONE in entry
    return entry[ONE if is_one else language].format(**facts)


def text(key: str, **facts: object) -> str:
    """A text in the language of the present request; `t` in templates. Raises as `text_in` does."""
    return text_in(current_language(), key, **facts)


def texts_under(prefix: str) -> dict[str, str]:
    """The texts whose keys begin with a prefix, by key, for the scripts of an editor; their places are not filled."""
    language = current_language()
    return {key: entry[language] for key, entry in catalogue().items() if key.startswith(prefix)}


def current_language() -> Language:
    """The language of the present request."""
    language: Language = kept().language
    return language
