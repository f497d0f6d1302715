"""Every text exists, in both languages."""

import re
import string
from pathlib import Path

import pytest

from engine.services.identity.people import ROLES
from web.app import ICONS
from web.errors import CODES, STATUS
from web.identity.routes import ROLE_ICONS
from web.navigation import GROUPS
from web.preferences import THEMES
from web.texts import TextsIncomplete, catalogue, read_texts, text_in

WEB = Path(__file__).parents[2] / "web"
SOURCES = [path for suffix in ("html", "py") for path in WEB.rglob(f"*.{suffix}") if "node_modules" not in path.parts]
USED = re.compile(r"""(?<![\w.])(?:t|text|text_in)\(\s*(?:[\w.]+\s*,\s*)?["']([\w.]+\w)["']\s*[,)]""")
DRAWN = re.compile(r"""(?<![\w.])icon\(\s*["']([\w-]+)["']""")
CHINESE = re.compile("[\u3400-\u9fff\uff00-\uffef]")
VOCABULARY_LENGTH = 241


def list_uses(pattern: re.Pattern[str]) -> dict[str, str]:
    """What the sources name, and one file that names it."""
    return {
        name: str(path.relative_to(WEB))
        for path in SOURCES
        for name in pattern.findall(path.read_text(encoding="utf-8"))
    }


def list_facts(words: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def test_pattern_sees_the_keys() -> None:
    uses = list_uses(USED)
    assert {"page.skip", "role.switch", "time.ago", "sign_in.title"} <= set(uses)


def test_every_key_that_is_used_is_defined() -> None:
    missing = {key: where for key, where in list_uses(USED).items() if key not in catalogue()}
    assert missing == {}


def test_every_icon_that_is_drawn_is_in_the_sprite() -> None:
    missing = {name: where for name, where in list_uses(DRAWN).items() if name not in ICONS}
    assert missing == {}
    assert set(ROLE_ICONS.values()) <= ICONS
    assert {place.icon for groups in GROUPS.values() for group in groups for place in group.places} <= ICONS


def test_keys_put_together_at_run_time_are_defined() -> None:
    keys = {f"acting.{role}{end}" for role in ROLES for end in ("", ".about")}
    keys |= {f"error.{code}{end}" for code in (*CODES.values(), "form_out_of_date") for end in ("", ".kept", ".next")}
    keys |= {f"page.theme.{theme}" for theme in THEMES}
    keys |= {group.key for groups in GROUPS.values() for group in groups}
    keys |= {place.key for groups in GROUPS.values() for group in groups for place in group.places}
    assert sorted(keys - set(catalogue())) == []


def test_refusals_are_told_whole() -> None:
    """A refusal with words of its own has all three: what happened, what was kept, what to do."""
    codes = {key.removeprefix("error.") for key in catalogue() if key.startswith("error.") and key.count(".") == 1}
    assert len(codes) >= len(CODES)
    missing = [
        f"{code}{end}" for code in codes for end in (".kept", ".next") if f"error.{code}{end}" not in catalogue()
    ]
    assert missing == []
    assert {code for code in STATUS if code in codes} >= {"role_not_held", "session_ended", "not_found", "busy"}


def test_the_whole_vocabulary_is_there() -> None:
    words = read_texts([WEB / "texts" / "vocabulary.toml"])
    assert len(words) == VOCABULARY_LENGTH
    assert words["hire.take"] == {"zh": "接单", "en": "Take order"}


def test_english_is_english() -> None:
    names_of_languages = {"page.other_language"}
    found = [key for key, entry in catalogue().items() if CHINESE.search(entry["en"]) and key not in names_of_languages]
    assert found == []


def test_both_languages_name_the_same_facts() -> None:
    different = [key for key, entry in catalogue().items() if list_facts(entry["zh"]) != list_facts(entry["en"])]
    assert different == []
    assert all("{count}" in entry["en"] for entry in catalogue().values() if "one" in entry)


def test_facts_are_filled_in() -> None:
    assert text_in("zh", "time.ago", duration="2 小时") == "2 小时前"
    assert text_in("en", "time.days", count=1) == "1 day"
    assert text_in("en", "time.days", count=2) == "2 days"
    assert text_in("zh", "time.days", count=1) == "1 天"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_unknown_key_and_missing_fact_fail(language: str) -> None:
    assert language in ("zh", "en")
    with pytest.raises(KeyError):
        text_in("zh" if language == "zh" else "en", "no.such.key")
    with pytest.raises(KeyError):
        text_in("zh" if language == "zh" else "en", "time.ago")


@pytest.mark.parametrize(
    "content",
    [
        '[a]\n"a.b" = { zh = "甲" }',
        '[a]\n"a.b" = { en = "A" }',
        '[a]\n"a.b" = { zh = "", en = "A" }',
        '[a]\n"a.b" = { zh = "甲", en = "A", fr = "A" }',
    ],
)
def test_incomplete_text_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "texts.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(TextsIncomplete, match=r"a\.b"):
        read_texts([file])


def test_text_given_twice_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text('[a]\n"a.b" = { zh = "甲", en = "A" }', encoding="utf-8")
    with pytest.raises(TextsIncomplete, match=r"two\.toml"):
        read_texts(sorted(tmp_path.glob("*.toml")))
