"""The few words a message has besides its template."""

from typing import Final

WORDS: Final = {
    "digest": ("您的通知汇总", "Your notifications"),
    "open": ("打开", "Open"),
    "complete": ("标记为已完成", "Mark as done"),
    "accept": ("接受流转", "Accept the transfer"),
    "decline": ("拒绝流转", "Decline the transfer"),
}


def say(key: str, language: str | None) -> str:
    """A word in a language; Chinese where none was chosen."""
    zh, en = WORDS[key]
    return en if language == "en" else zh
