"""Text sizes follow the wrapping of the viewer."""

import pytest

from engine.definitions.drawing.text import text_size


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", 0),
        ("Yes", 1),
        ("Not confirmed by the worker in time", 2),
        ("订单已接", 1),
        ("超过规定时限没有处理", 2),
        ("已接单\nTaken", 2),
    ],
)
def test_the_height_is_that_of_the_wrapped_lines(text: str, lines: int) -> None:
    assert text_size(text)[1] == 14 * lines


def test_chinese_text_is_cut_into_lines_of_equal_length() -> None:
    assert text_size("超过规定时限没有处理")[0] == text_size("超过规定时")[0]


def test_no_line_is_wider_than_the_limit_and_the_margin() -> None:
    assert text_size("需求方提交了一份新的维修申请单", 65)[0] <= 65 + 8
