"""Lists of undertakers as tests import them."""

import csv
import io

from openpyxl import Workbook
from stdnum.cn import ric

HEADING = ("姓名", "证件类型", "证件号码", "手机号", "数量", "报酬", "备注")


def id_number(seed: int) -> str:
    """A resident number with a right check digit, another for each seed below 1000 x 27."""
    body = f"1101011990{1 + seed // 27 % 12:02}{1 + seed % 27:02}{seed // 324:03}"
    return body + str(ric.calc_check_digit(body + "0"))


def person(seed: int, pay: str = "100", **other: str) -> list[str]:
    """A line without faults, but for what is told otherwise."""
    cells = {"name": f"张三{seed}", "id_type": "", "id_no": id_number(seed), "phone": f"138{seed:08}"}
    cells |= {"quantity": "", "pay": pay, "note": ""} | other
    return list(cells.values())


def as_csv(*lines: list[str], encoding: str = "utf-8-sig") -> bytes:
    """A file as spreadsheets write it."""
    text = io.StringIO()
    csv.writer(text).writerows([HEADING, *lines])
    return text.getvalue().encode(encoding)


def as_xlsx(*lines: list[str]) -> bytes:
    """The same as a workbook."""
    book, content = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for line in (HEADING, *lines):
        sheet.append(list(line))
    book.save(content)
    return content.getvalue()
