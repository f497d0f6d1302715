"""A sheet of paper: headings, facts, tables and clauses in the look of the product, the same bytes for the same input.

Both fonts are embedded, so that Chinese shows in every reader. They come with the browser parts.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from itertools import islice

import segno
from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout, WrapMode
from fpdf.table import Table

from engine.definitions.agreements import Block
from web.papers import PaperUnavailable
from web.statics import STATIC

FONTS = STATIC / "build" / "fonts"
FONT = "Noto Sans SC"
MARGIN_MM, LINE_MM, FOOT_MM, QR_MM, SIDE_MM, LABEL_MM, PAD_MM = 20.0, 5.4, 22.0, 30.0, 6.0, 42.0, 1.6
PICTURES_ABREAST = 3
KEPT_LINES = 4  # of a fact, which stay on one page
WIDTH_MM = 210 - 2 * MARGIN_MM
INK, DIM, LINE, ACCENT, SOFT = (21, 25, 29), (92, 101, 110), (214, 219, 224), (10, 95, 119), (225, 240, 244)
_CLOSING, _OPENING = "，。、；：？！）》”’」』％·", "（《“‘「『"
_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
# what stays together at the end of a line: a Chinese character with the marks around it, or a word
_PIECE = re.compile(rf" *(?:[{_OPENING}]*(?:[{_WIDE}]|[^{_WIDE}{_OPENING}\s]+)[{_CLOSING}]*|\S)")


@dataclass(frozen=True)
class Seal:
    """What stands at the foot of every page, and in the box that proves a document."""

    number: str
    sha256: str
    issued_at: datetime
    check_url: str


class Paper:
    """A document being set. Raises PaperUnavailable."""

    def __init__(self, seal: Seal, title: str, issuer: str, page_words: str) -> None:
        if not FONTS.is_dir():
            raise PaperUnavailable("Expected the fonts of the browser parts, but they are not there")
        self.pdf = _Sheet(seal.number, issuer, page_words)
        self.pdf.set_creation_date(seal.issued_at)
        self.pdf.set_title(f"{title} {seal.number}")
        self.pdf.set_producer("Baton")
        self._seal = seal
        self.pdf.add_page()
        self._head(title)

    def _head(self, title: str) -> None:
        pdf = self.pdf
        pdf.ln(4)
        self._ink(20, bold=True)
        self._text(title, 9)
        self._ink(9, DIM)
        pdf.cell(WIDTH_MM, 6, self._seal.number, new_x="LMARGIN", new_y="NEXT")
        pdf.ln(4)

    def lead(self, text: str) -> None:
        """What the document is about, in larger letters."""
        self._ink(12, bold=True)
        self._text(text, 6.4)
        self.pdf.ln(2)

    def facts(self, rows: Iterable[tuple[str, str]]) -> None:
        """Names and what they stand for."""
        width = WIDTH_MM - LABEL_MM - 2
        for label, value in rows:
            self._ink(9.5, DIM)
            lines = max(self._wrap(text, size).count("\n") for text, size in ((label, LABEL_MM), (value, width))) + 1
            if self.pdf.will_page_break(LINE_MM * min(lines, KEPT_LINES)):
                self.pdf.add_page()
            page, top = self.pdf.page, self.pdf.get_y()
            self._text(label, width=LABEL_MM)
            below = self.pdf.get_y()
            self.pdf.set_xy(MARGIN_MM + LABEL_MM + 2, top)
            self._ink(9.5)
            self._text(value, width=width)
            self.pdf.set_y(max(below if self.pdf.page == page else 0.0, self.pdf.get_y()) + 0.8)
        self.pdf.ln(4)

    def table(
        self, columns: Sequence[tuple[str, float, str]], rows: Iterable[Sequence[str]], total: Sequence[str] = ()
    ) -> None:
        """Rows under headings, which every page repeats; `columns`: heading, share of the width, L or R."""
        self._ink(8.5)
        self.pdf.set_draw_color(*LINE)
        with self.pdf.table(
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            col_widths=tuple(share for _, share, _ in columns),
            text_align=tuple("RIGHT" if align == "R" else "LEFT" for *_, align in columns),
            headings_style=FontFace(color=DIM, emphasis="", fill_color=SOFT),
            line_height=LINE_MM,
            padding=(1.2, PAD_MM),
            width=WIDTH_MM,
        ) as table:
            widths = [WIDTH_MM * share / sum(one[1] for one in columns) - 2 * PAD_MM for _, share, _ in columns]
            for row in ([words for words, *_ in columns], *rows):
                self._row(table, widths, row)
            if total:
                self._row(table, widths, total, FontFace(emphasis="BOLD"))
        self.pdf.ln(5)

    def _row(self, table: Table, widths: Sequence[float], row: Sequence[str], style: FontFace | None = None) -> None:
        line = table.row(style=style)
        for value, width in zip(row, widths, strict=True):
            line.cell(self._wrap(value, width))

    def sums(self, rows: Iterable[tuple[str, str]], total: tuple[str, str]) -> None:
        """Amounts that add up to the last one."""
        for label, value in rows:
            self._ink(10, DIM)
            self.pdf.cell(WIDTH_MM - 45, 6.4, label)
            self._ink(10)
            self.pdf.cell(45, 6.4, value, align="R", new_x="LMARGIN", new_y="NEXT")
        self._rule(ACCENT)
        self._ink(12, bold=True)
        self.pdf.cell(WIDTH_MM - 45, 9, total[0])
        self.pdf.cell(45, 9, total[1], align="R", new_x="LMARGIN", new_y="NEXT")
        self.pdf.ln(4)

    def clauses(self, blocks: Iterable[Block]) -> None:
        """The text of an agreement."""
        for block in blocks:
            self.pdf.ln(2.4 if block.is_heading else 0.6)
            self._ink(10.5 if block.is_heading else 9.5, bold=block.is_heading)
            self._text(block.text)
        self.pdf.ln(4)

    def section(self, words: str) -> None:
        """A heading between parts."""
        self.pdf.ln(2)
        self._ink(11.5, bold=True)
        self.pdf.cell(WIDTH_MM, 8, words, new_x="LMARGIN", new_y="NEXT")

    def paragraph(self, words: str) -> None:
        """Plain words."""
        self._ink(10)
        for line in words.split("\n"):
            self._text(line)
        self.pdf.ln(1.6)

    def pictures(self, pictures: Iterable[tuple[bytes, str]]) -> None:
        """JPEG pictures side by side, each with words below."""
        left_over = iter(pictures)
        while row := [*islice(left_over, PICTURES_ABREAST)]:  # itertools.batched comes with Python 3.12
            width = (WIDTH_MM - SIDE_MM * (PICTURES_ABREAST - 1)) / PICTURES_ABREAST
            height = width * 3 / 4
            if self.pdf.get_y() + height > 297 - FOOT_MM - 12:
                self.pdf.add_page()
            top, below = self.pdf.get_y(), 0.0
            for place, (content, words) in enumerate(row):
                left = MARGIN_MM + place * (width + SIDE_MM)
                self.pdf.image(BytesIO(content), left, top, width, height, keep_aspect_ratio=True)
                self.pdf.set_xy(left, top + height + 1)
                self._ink(7.5, DIM)
                self.pdf.multi_cell(width, 3.8, self._wrap(words, width), align="L")
                below = max(below, self.pdf.get_y())
            self.pdf.set_y(below + 3)

    def note(self, words: str) -> None:
        """Small print."""
        self._ink(8.5, DIM)
        self._text(words, 4.8)
        self.pdf.ln(2)

    def new_page(self) -> None:
        """What follows begins on a page of its own."""
        self.pdf.add_page()

    def proof(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        """The box by which anybody checks the document: a code to scan, and the same in letters."""
        if self.pdf.get_y() > 297 - FOOT_MM - QR_MM - 14:
            self.pdf.add_page()
        self.pdf.ln(2)
        self._rule(LINE)
        top = self.pdf.get_y() + 3
        self._draw_code(self._seal.check_url, MARGIN_MM, top)
        left, width = MARGIN_MM + QR_MM + SIDE_MM, WIDTH_MM - QR_MM - SIDE_MM
        self.pdf.set_xy(left, top)
        self._ink(10, bold=True)
        self.pdf.cell(width, 6, title)
        y = top + 7
        for label, value in rows:
            self.pdf.set_xy(left, y)
            self._ink(8, DIM)
            self.pdf.cell(26, 4.4, label)
            self._ink(8)
            self.pdf.set_x(left + 27)
            self.pdf.multi_cell(
                width - 27, 4.4, value, align="L", wrapmode=WrapMode.CHAR, new_x="LMARGIN", new_y="NEXT"
            )
            y = self.pdf.get_y() + 0.6
        self.pdf.set_y(max(top + QR_MM, y))

    def finish(self) -> bytes:
        """The file."""
        return bytes(self.pdf.output())

    def _text(self, text: str, height: float = LINE_MM, width: float = WIDTH_MM) -> None:
        self.pdf.multi_cell(width, height, self._wrap(text, width), align="L", new_x="LMARGIN", new_y="NEXT")

    def _wrap(self, text: str, width: float) -> str:
        """A text in lines that fit: broken between Chinese characters and between words, not before a closing mark."""
        lines, used = [""], 0.0
        for piece in _PIECE.findall(text):
            taken = self.pdf.get_string_width(piece)
            if lines[-1] and used + taken > width - 0.2:
                lines.append("")
                used = 0.0
            lines[-1] += piece if lines[-1] else piece.lstrip()
            used += taken
        return "\n".join(lines)

    def _draw_code(self, url: str, x: float, y: float) -> None:
        rows = [*segno.make(url, error="m", micro=False).matrix]
        size = QR_MM / len(rows)
        self.pdf.set_fill_color(*INK)
        for row, dots in enumerate(rows):
            for start, length in _runs(dots):
                self.pdf.rect(x + start * size, y + row * size, length * size, size, style="F")
        self.pdf.link(x, y, QR_MM, QR_MM, url)

    def _rule(self, color: tuple[int, int, int]) -> None:
        self.pdf.set_draw_color(*color)
        self.pdf.line(MARGIN_MM, self.pdf.get_y(), MARGIN_MM + WIDTH_MM, self.pdf.get_y())

    def _ink(self, size: float, color: tuple[int, int, int] = INK, *, bold: bool = False) -> None:
        self.pdf.set_font(FONT, "B" if bold else "", size)
        self.pdf.set_text_color(*color)


def _runs(dots: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Where dark dots begin, and how many there are in a row."""
    start: int | None = None
    for place, dot in enumerate([*dots, 0]):
        if dot and start is None:
            start = place
        elif not dot and start is not None:
            yield start, place - start
            start = None


class _Sheet(FPDF):
    """A4 with the mark at the head of every page and the number at its foot."""

    def __init__(self, number: str, issuer: str, page_words: str) -> None:
        super().__init__(format="A4")
        self._number, self._issuer, self._page_words = number, issuer, page_words
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.c_margin = 0.0
        self.set_auto_page_break(True, FOOT_MM)
        self.add_font(FONT, "", FONTS / "regular.ttf")
        self.add_font(FONT, "B", FONTS / "bold.ttf")

    def header(self) -> None:
        """The mark, the two hands of the baton, and whose document it is."""
        self.set_fill_color(*ACCENT)
        self.rect(MARGIN_MM, 12, 6.4, 6.4, style="F", round_corners=True, corner_radius=1.7)
        self.set_fill_color(255, 255, 255)
        for x, y, width in ((0.4, 3.28, 3.3), (2.7, 2.0, 3.3)):
            with self.rotation(45, MARGIN_MM + 3.2, 15.2):
                self.rect(MARGIN_MM + x, 12 + y, width, 1.12, style="F", round_corners=True, corner_radius=0.55)
        self.set_xy(MARGIN_MM + 9, 12)
        self.set_font(FONT, "B", 9)
        self.set_text_color(*INK)
        self.cell(80, 6.4, self._issuer)
        self.set_y(MARGIN_MM + 3)

    def footer(self) -> None:
        """The number and the page."""
        self.set_y(-14)
        self.set_font(FONT, "", 8)
        self.set_text_color(*DIM)
        self.cell(WIDTH_MM / 2, 5, self._number)
        words = self._page_words.format(page=self.page_no(), pages="{nb}")
        self.cell(WIDTH_MM / 2, 5, words, align="R")
