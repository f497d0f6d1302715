"""Lists of undertakers as files: CSV (UTF-8 or GB 18030) and XLSX, at most 10,000 lines.

Columns are told by their heading, in Chinese or English, in any order; others are left alone.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation

from engine.services.express.errors import ListUnreadable
from engine.storage.plain import PlainDict

MAX_LINES = 10_000
MAX_BYTES = 10 * 1024 * 1024
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_CHARACTERS = 200
HEADINGS = {
    "name": ("姓名", "name"),
    "id_type": ("证件类型", "id type"),
    "id_no": ("证件号码", "身份证号", "id number"),
    "phone": ("手机号", "手机号码", "phone"),
    "quantity": ("数量", "quantity"),
    "pay": ("报酬", "金额", "pay"),
    "note": ("备注", "note"),
}
REQUIRED = ("name", "id_no", "phone", "pay")
_COLUMNS = {heading: column for column, headings in HEADINGS.items() for heading in headings}


@dataclass(frozen=True)
class Line:
    """One undertaker as the file says, without blanks around it; empty where it says nothing."""

    name: str
    id_type: str
    id_no: str
    phone: str
    quantity: str
    pay: str
    note: str

    def as_plain(self) -> PlainDict:
        """The cells by the name of their column."""
        return dict(asdict(self))


def read_list(content: bytes) -> list[Line]:
    """The lines of a file, whatever their faults; empty rows are left out. Raises ListUnreadable."""
    if len(content) > MAX_BYTES:
        raise ListUnreadable("too_big", limit=MAX_BYTES)
    rows = _read_workbook(content) if content.startswith(b"PK\x03\x04") else _read_csv(content)
    filled = (row for row in rows if any(row))
    columns = _find_columns(next(filled, []))
    lines: list[Line] = []
    for row in filled:
        if len(lines) == MAX_LINES:
            raise ListUnreadable("too_many_lines", limit=MAX_LINES)
        cells = {name: row[at] if at is not None and at < len(row) else "" for name, at in columns.items()}
        lines.append(Line(**cells))
    if not lines:
        raise ListUnreadable("no_lines")
    return lines


def read_pay(text: str) -> int | None:
    """An amount in yuan as fen; None unless it is above 0 and in whole fen."""
    try:
        fen = Decimal(text.replace(",", "").removeprefix("¥")) * 100
        return int(fen) if 0 < fen < 10**12 and fen == fen.to_integral_value() else None
    except InvalidOperation:
        return None


def _find_columns(heading: list[str]) -> dict[str, int | None]:
    found: dict[str, int | None] = dict.fromkeys(HEADINGS)
    for at, text in enumerate(heading):
        column = _COLUMNS.get(text.casefold())
        if column and found[column] is None:
            found[column] = at
    missing = [HEADINGS[column][0] for column in REQUIRED if found[column] is None]
    if missing:
        raise ListUnreadable("no_heading", missing=", ".join(missing))
    return found


def _read_csv(content: bytes) -> Iterator[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:  # what spreadsheets write on Chinese Windows
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise ListUnreadable("not_a_list") from error
    try:
        yield from (_plain_row(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise ListUnreadable("not_a_list") from error


def _read_workbook(content: bytes) -> Iterator[list[str]]:
    from openpyxl import load_workbook  # takes a twentieth of a server's start

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise ListUnreadable("too_big", limit=MAX_UNPACKED_BYTES)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            yield from (_plain_row(row) for row in book.worksheets[0].iter_rows(values_only=True))
        finally:
            book.close()
    except ListUnreadable:
        raise
    except Exception as error:  # a broken file makes the reader raise whatever it stumbles over
        raise ListUnreadable("not_a_list") from error


def _plain_row(row: Iterable[object]) -> list[str]:
    """Cells as text. A number without decimals is told without them, as people see it."""
    return [_plain_cell(cell).strip()[:MAX_CHARACTERS] for cell in row]


def _plain_cell(cell: object) -> str:
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
