"""Files become lines, whatever their encoding; a file that is no list is refused whole."""

import pytest

from engine.services.express.checking import find_faults
from engine.services.express.errors import ListUnreadable
from engine.services.express.reading import MAX_LINES, read_list, read_pay
from tests.engine.services.express.lists import as_csv, as_xlsx, person


@pytest.mark.parametrize(
    "content",
    [as_csv(person(1), person(2)), as_csv(person(1), person(2), encoding="gb18030"), as_xlsx(person(1), person(2))],
    ids=["utf-8", "gb18030", "xlsx"],
)
def test_the_same_list_is_read_from_every_kind_of_file(content: bytes) -> None:
    lines = read_list(content)
    assert [line.name for line in lines] == ["张三1", "张三2"]
    assert [find_faults(line) for line in lines] == [[], []]


def test_columns_are_told_by_their_heading() -> None:
    (line,) = read_list(b"Pay,shoe size,Phone,ID number,Name\n12.50,43,13800000001,X1,Ann\n\n,,,,\n")
    assert (line.name, line.pay, line.quantity) == ("Ann", "12.50", "")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no_heading"),
        ("姓名,手机号\n张三,1\n".encode(), "no_heading"),
        (as_csv(), "no_lines"),
        (b"PK\x03\x04 not a workbook", "not_a_list"),
        (b"\xff\xfe\xff", "not_a_list"),
        (as_csv(*[person(1)] * (MAX_LINES + 1)), "too_many_lines"),
    ],
    ids=["empty", "columns missing", "heading only", "broken workbook", "no text", "too many"],
)
def test_a_file_that_is_no_list_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ListUnreadable) as refused:
        read_list(content)
    assert refused.value.code == f"list_unreadable.{reason}"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"name": "张"}, "name"),
        ({"id_type": "library card"}, "id_type"),
        ({"id_no": "110101199001010000"}, "id_no"),
        ({"id_type": "护照", "id_no": "E-1"}, "id_no"),
        ({"phone": "12345"}, "phone"),
        ({"pay": "0.99"}, "pay"),
        ({"pay": "-5"}, "pay"),
        ({"quantity": "many"}, "quantity"),
    ],
)
def test_each_fault_of_a_line_is_told(change: dict[str, str], fault: str) -> None:
    (line,) = read_list(as_csv(person(1, **change)))
    assert find_faults(line) == [fault]


def test_pay_is_read_to_the_fen() -> None:
    texts = ("1,234.5", "¥8", "0.001", "0", "-1", "NaN", "Infinity", "1e99", "abc", "")
    assert [read_pay(text) for text in texts] == [123_450, 800] + [None] * 8
