"""The texts for readers say what is there: words on buttons in both languages, files, functions, links."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from tests.support.stage import ROOT
from web.texts import catalogue

PAIR = re.compile(r"\*\*([^*·]+) · ([^*·]+)\*\*")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")
FUNCTION = re.compile(r"`([\w/]+\.py): ([\w., ]+)`")
CONFLICT = re.compile(r"^(?:(?:<{7}|>{7}|\|{7})(?: .*)?|={7})$", re.MULTILINE)
WRITTEN = re.compile(r"^run$|\.(agreement|bpmn|css|dmn|form|html|js|json|jsx|md|mjs|py|svg|toml|yaml)$")
MADE = frozenset({"node_modules", "build", "__pycache__", ".venv", ".git"})  # folders of what others or programs wrote
PAGES = ["README.md", "CHANGELOG.md", "docs/walkthrough.md", "docs/architecture.md", "docs/time-and-messages.md"]


def words() -> set[tuple[str, str]]:
    """Every pair of English and Chinese words of pages, diagrams and forms."""
    texts = {(entry[form], entry["zh"]) for entry in catalogue().values() for form in ("en", "one") if form in entry}
    return texts | {*_of_diagrams()} | {*_of_forms()}


def _of_diagrams() -> Iterator[tuple[str, str]]:
    for path in (ROOT / "bpmn").rglob("*.bpmn"):
        for element in etree.parse(path).iter():
            english = next((value for name, value in element.attrib.items() if str(name).endswith("}nameEn")), None)
            if english:
                yield str(english), str(element.get("name"))


def _of_forms() -> Iterator[tuple[str, str]]:
    for path in (ROOT / "forms").rglob("*.form"):
        waiting = [*json.loads(path.read_bytes())["components"]]
        while waiting:
            component = waiting.pop()
            waiting += component.get("components", [])
            english = component.get("i18n", {}).get("en", {})
            yield english.get("label", ""), component.get("label", "")
            for value in component.get("values", []):
                said = english.get("values", {}).get(value["value"], "")
                yield said if isinstance(said, str) else said["label"], value["label"]


@pytest.mark.parametrize("page", ["README.md", "docs/walkthrough.md", "docs/time-and-messages.md"])
def test_words_on_buttons_are_those_of_the_pages(page: str) -> None:
    known = {tuple(one.replace("{count}", "1") for one in pair) for pair in words()}
    named = PAIR.findall((ROOT / page).read_text(encoding="utf-8"))
    assert named
    assert [pair for pair in named if pair not in known] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    missing = [link for link in LINK.findall(path.read_text(encoding="utf-8")) if not (path.parent / link).exists()]
    assert missing == []


def test_walkthrough_names_functions_that_exist() -> None:
    text = (ROOT / "docs/walkthrough.md").read_text(encoding="utf-8")
    named = [(path, name.strip()) for path, names in FUNCTION.findall(text) for name in names.split(",")]
    assert named
    assert [(path, name) for path, name in named if not _is_defined(ROOT / path, name)] == []


def _is_defined(path: Path, name: str) -> bool:
    if not path.exists():
        return False
    code = path.read_text(encoding="utf-8")
    return all(re.search(rf"(^|\s)(def |class ){part}\b|^{part}\b.*=", code, re.MULTILINE) for part in name.split("."))


def test_no_file_holds_the_marks_of_a_merge() -> None:
    """A merge that was not ended leaves lines that are text to a template and a comment to nobody."""
    paths = [path for path in _walk(ROOT) if WRITTEN.search(path.name)]
    assert {ROOT / "run", ROOT / "web/auditor/templates/auditor/verify.html", Path(__file__)} <= set(paths)
    assert [str(path.relative_to(ROOT)) for path in paths if CONFLICT.search(path.read_text(encoding="utf-8"))] == []


def test_marks_of_a_merge_are_seen() -> None:
    marks = ["<" * 7 + " HEAD", "|" * 7, "=" * 7, ">" * 7 + " 12eb211"]
    assert [CONFLICT.search(f"before\n{mark}\nafter") is not None for mark in marks] == [True] * len(marks)
    assert not any(CONFLICT.search(text) for text in ("a <<<<<<< b", "=" * 8, "<" * 70))


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            yield from _walk(path) if path.name not in MADE else ()
        else:
            yield path
