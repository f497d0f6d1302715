"""Agreements people sign: `<key>.agreement`, a few facts and the same text in both languages.

    name: 隐私政策
    nameEn: Privacy statement
    signAgain: yes

    ## 一、总则
    …
    ---
    ## 1 General
    …

`signAgain` says whether who signed an earlier version has to sign this one: yes when the change is material. In the
text an empty line ends a paragraph, and `## ` begins a heading; nothing else is interpreted.
"""

import re
from dataclasses import dataclass

from engine.definitions.forms.messages import Language
from engine.definitions.forms.model import Words

SUFFIX = ".agreement"
MAX_BYTES = 200_000
FACTS = ("name", "nameEn", "signAgain")
_RULE = re.compile(r"^---[ \t]*$", re.MULTILINE)
_FACT = re.compile(r"([A-Za-z]+):[ \t]*(.*)")
_HEADING = "## "
_ANSWERS = {"yes": True, "no": False}


@dataclass(frozen=True)
class Block:
    """A heading or a paragraph of a text."""

    text: str
    is_heading: bool = False


@dataclass(frozen=True)
class AgreementText:
    """A version of an agreement. `must_sign_again`: who signed an earlier one is no longer bound by it alone."""

    name: Words
    must_sign_again: bool
    zh: tuple[Block, ...]
    en: tuple[Block, ...]

    def blocks(self, language: Language) -> tuple[Block, ...]:
        """The text in one language."""
        return self.zh if language == "zh" else self.en


class AgreementInvalid(Exception):
    """A file cannot be signed as it is; `zh` says why in Chinese."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.zh = zh


def parse_agreement(content: bytes) -> AgreementText:
    """Reads a file. Raises AgreementInvalid."""
    if len(content) > MAX_BYTES:
        raise AgreementInvalid(f"it has more than {MAX_BYTES} bytes", f"文件超过 {MAX_BYTES} 字节")
    try:
        text = content.decode().replace("\r\n", "\n").strip()
    except UnicodeDecodeError:
        raise AgreementInvalid("it is not UTF-8", "文件不是 UTF-8 编码") from None
    head, _, body = text.partition("\n\n")
    facts = _read_facts(head)
    parts = [_read_blocks(part) for part in _RULE.split(body)]
    if len(parts) != 2 or not all(any(not block.is_heading for block in part) for part in parts):
        raise AgreementInvalid(
            "there are no two texts, Chinese and English, with a line --- between them",
            "缺少中文和英文两份正文，两者之间应有一行 ---",
        )
    return AgreementText(Words(facts["name"], facts["nameEn"]), _ANSWERS[facts["signAgain"]], *parts)


def _read_facts(head: str) -> dict[str, str]:
    facts = {}
    for line in head.splitlines():
        found = _FACT.fullmatch(line.strip())
        if found is None or found[1] not in FACTS or not found[2].strip():
            raise AgreementInvalid(f"of its first lines {line!r} is no known fact", f"开头的 {line!r} 无法识别")
        facts[found[1]] = found[2].strip()
    if missing := [name for name in FACTS if name not in facts]:
        listed = ", ".join(missing)
        raise AgreementInvalid(f"its first lines lack {listed}", f"开头缺少 {listed}")
    if facts["signAgain"] not in _ANSWERS:
        raise AgreementInvalid("signAgain is neither yes nor no", "signAgain 应为 yes 或 no")
    return facts


def _read_blocks(text: str) -> tuple[Block, ...]:
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]
    return tuple(
        Block(one.removeprefix(_HEADING), is_heading=True) if one.startswith(_HEADING) else Block(one)
        for one in paragraphs
    )
