"""Text size estimates: bpmn-js draws external labels in Arial 11 px with a line height of 1.2, wrapped at the width of
the label that the drawing states. Blanks and line feeds break a line, Chinese text also between any two characters."""

from collections.abc import Iterator
from math import ceil

LINE_HEIGHT = 14
LABEL_WIDTH, BOUNDARY_LABEL_WIDTH, NOTE_WIDTH = 90, 65, 140
MARGIN = 8
BLANK_WIDTH = 3.2


def text_size(text: str, limit: float = LABEL_WIDTH) -> tuple[int, int]:
    """(width, height) of the wrapped text with its margin; (0, 0) for no text."""
    lines = 0
    widest = 0.0
    for paragraph in text.strip().split("\n") if text.strip() else ():
        lines += 1
        filled = 0.0
        for width in _piece_widths(paragraph, limit):
            if filled and filled + BLANK_WIDTH + width > limit:
                lines += 1
                filled = 0.0
            filled += (BLANK_WIDTH if filled else 0) + width
            widest = max(widest, filled)
    return (int(widest) + MARGIN, LINE_HEIGHT * lines) if lines else (0, 0)


def _piece_widths(paragraph: str, limit: float) -> Iterator[float]:
    """Words; a Chinese word wider than a line is cut into pieces of equal length, one per line."""
    for word in paragraph.split():
        width = sum(map(_char_width, word))
        pieces = ceil(width / limit) if any(map(_is_wide, word)) else 1
        size = ceil(len(word) / pieces)
        for start in range(0, len(word), size):
            yield sum(map(_char_width, word[start : start + size]))


def _is_wide(char: str) -> bool:
    return ord(char) > 0x2E7F


def _char_width(char: str) -> float:
    if _is_wide(char):
        return 11.5
    if char in "mwMWABCDEFGHKNOPQRSUVXYZ":
        return 6.2
    return 3.2 if char in "iljtf.,' I()" else 5.9
