"""Each type of field: its values, its rules, and what it shows again."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from engine.storage.plain import PlainDict
from tests.engine.definitions.forms.support import accept, choices, fill, make, part, refuse

PHOTO: PlainDict = {"file": "f1", "name": "a.JPG", "sha256": "1", "size_bytes": 9, "media_type": "image/jpeg"}
SECOND: PlainDict = PHOTO | {"file": "f2", "sha256": "2"}
PAPER: PlainDict = PHOTO | {"file": "f3", "name": "b.pdf", "sha256": "3", "media_type": "application/pdf"}
FILES = {"f1": PHOTO, "f2": SECOND, "f3": PAPER}


def required(component: dict[str, Any]) -> dict[str, Any]:
    return component | {"validate": {"required": True}}


def test_text() -> None:
    field = part("textfield", "title", validate={"required": True, "minLength": 4, "maxLength": 6})
    assert accept(field, "  修理空调 ") == "修理空调"
    assert refuse(field, "修理") == ["At least 4 characters; 2 so far"]
    assert refuse(field, "修理", language="zh") == ["至少 4 个字，现在 2 个"]
    assert refuse(field, "修理两台空调机") == ["At most 6 characters; 7 so far, 1 too many"]
    assert refuse(field, " ", language="zh") == ["此项必填，还没有填写"]
    assert refuse(field) == ["Required; nothing entered yet"]
    assert refuse(field, "ab\x00cd") == ["Contains a character that cannot be kept: U+0000"]
    assert accept(part("textfield", "title"), "") == ""
    assert accept(part("textarea", "content"), "a\r\nb") == "a\nb"
    assert refuse(part("textfield", "title"), "x" * 501)


def test_text_of_a_form() -> None:
    message = {"patternErrorMessage": "两个字母加数字", "pattern": r"[A-Z]{2}\d+"}
    english = {"label": "No.", "patternErrorMessage": "Two letters and digits"}
    field = part("textfield", "no", validate=message, i18n={"en": english})
    assert accept(field, "AB12") == "AB12"
    assert refuse(field, "xAB12y") == ["Two letters and digits"]
    assert refuse(field, "AB１２", language="zh") == ["两个字母加数字"]
    assert refuse(field, "AB" + "1" * 200)[0].startswith("At most 100 characters")
    plain = part("textfield", "no", validate={"pattern": "a"})
    assert refuse(plain, "b") == ["Not in the format asked for"]


def test_addresses_and_phones() -> None:
    email = part("textfield", "email", validate={"validationType": "email"})
    assert accept(email, "Ａ@example.com") == "A@example.com"
    for text in ("a", "a@b", "a@b.", "@b.c", "a b@c.de", "a" * 250 + "@b.cd"):
        assert refuse(email, text) == ["Not an e-mail address, such as name@example.com"]
    phone = part("textfield", "phone", validate={"validationType": "phone"})
    assert accept(phone, "１３８００００００００") == "13800000000"
    assert refuse(phone, "12a") == ["Not a phone number, such as 13800000000"]


def test_numbers_with_a_check_digit() -> None:
    identity = part("textfield", "id_no", validate={"validationType": "resident_id"})
    for number in ("11010519491231002X", "110105 19491231 002x", "310115198805120018", "810000199408230021"):
        assert accept(identity, number)
    for number in (
        "110105194912310021",
        "11010519491331002X",
        "11010519491231002",
        "１１０１０５１９４９１２３１００２Ｙ",
    ):
        assert refuse(identity, number) == ["Not an identity number: 18 characters whose last one fits the others"]
    credit = part("textfield", "code", validate={"validationType": "credit_code"})
    assert accept(credit, "91110000600037341L")
    assert refuse(credit, "91110000600037342L", language="zh") == ["统一社会信用代码不正确：应为 18 位，且校验位相符"]
    mobile = part("textfield", "mobile", validate={"validationType": "mobile"})
    assert accept(mobile, "１３８００００００００") == "13800000000"
    assert refuse(mobile, "12800000000") == ["Not a mobile number, such as 13800000000"]


def test_numbers() -> None:
    field = part("number", "count", decimalDigits=0, validate={"min": 1, "max": 1000})
    value = accept(field, "1,000")
    assert value == 1000
    assert type(value) is int
    assert refuse(field, "0") == ["At least 1; 0 now"]
    assert refuse(field, "1001") == ["At most 1,000; 1,001 now"]
    assert refuse(field, "1.5", language="zh") == ["只能填整数"]
    assert refuse(field, "many") == ["Not a number, such as 1,234.5"]
    assert accept(field) is None
    assert accept(required(part("number", "x")), "0") == 0
    assert accept(part("number", "x"), "-1.5") == -1.5


def test_money_is_typed_in_yuan_and_kept_in_fen() -> None:
    field = part("number", "reward_fen", money=True, validate={"required": True, "min": 1, "max": 20000.5})
    assert accept(field, "¥1,234.50") == 123450
    assert refuse(field, "0.99") == ["At least ¥1.00; ¥0.99 now"]
    assert refuse(field, "20,000.51", language="zh") == ["最大 ¥20,000.50，现在 ¥20,000.51"]
    assert refuse(field, "1.001") == ["At most 2 decimals"]
    assert refuse(part("number", "x_fen", money=True), "-5") == ["At least ¥0.00; −¥5.00 now"]
    assert accept(part("number", "x_fen", money=True, validate={"min": -10}), "-5") == -500


@pytest.mark.parametrize("kind", ["select", "radio"])
def test_only_declared_answers(kind: str) -> None:
    field = choices("mode", kind, "piece", "prepay")
    assert accept(field, "piece") == "piece"
    assert accept(field) is None
    assert refuse(field, "other") == ["This answer is not offered; choose again"]
    assert refuse(required(field)) == ["Required; nothing chosen yet"]


def test_ticks() -> None:
    field = part("checkbox", "agree")
    assert accept(field, "true") is True
    assert accept(field) is False
    assert accept(field, "false") is False
    assert refuse(required(field), language="zh") == ["需要勾选才能继续"]


def test_checklists() -> None:
    field = choices("skills", "checklist", "a", "b", "c")
    assert accept(field, "c", "a", "c") == ["a", "c"]
    assert accept(field) == []
    assert refuse(field, "a", "z") == ["This answer is not offered; choose again"]
    assert refuse(required(field)) == ["Required; nothing chosen yet"]


def test_moments() -> None:
    assert accept(part("datetime", "day"), "2026-11-30") == "2026-11-30"
    assert accept(part("datetime", "at", subtype="time"), "18:30") == "18:30"
    instant = part("datetime", "at", subtype="datetime")
    assert accept(instant, "2026-11-30T18:30") == "2026-11-30T10:30:00Z"
    assert refuse(instant, "2026-11-30") == ["Not a time, such as 18:30"]
    assert refuse(instant, "yesterday", language="zh") == ["不是有效时间，例如 18:30"]
    assert refuse(part("datetime", "day"), "2026-02-30") == ["Not a date, such as 2026-11-30"]
    bound = fill(make(instant), draft={"at": "2026-11-30T10:30:00Z"})
    assert bound.fields["at"].typed == "2026-11-30T18:30"


def test_files() -> None:
    field = part("filepicker", "photos", accept="image/*,.pdf", multiple=True, max_files=2)
    assert accept(field, "f1", "f3", files=FILES) == [PHOTO, PAPER]
    assert accept(field) == []
    assert refuse(required(field)) == ["At least 1 file; none so far"]
    assert refuse(field, "f1", "f2", "f3", files=FILES) == ["At most 2 files; 3 now"]
    assert refuse(field, "f1", "gone", files=FILES) == ["1 file no longer available; upload again"]
    assert refuse(part("filepicker", "photos", accept="image/*"), "f3", files=FILES) == [
        "b.pdf is of another type; accepted: image/*"
    ]
    assert accept(part("filepicker", "photos", accept=".jpg"), "f1", files=FILES) == [PHOTO]
    limited, large = part("filepicker", "photos", max_mb=1), {"f1": PHOTO | {"size_bytes": 1_000_001}}
    assert accept(limited, "f1", files={"f1": PHOTO | {"size_bytes": 1_000_000}}) is not None
    assert refuse(limited, "f1", files=large) == ["a.JPG is larger than 1 MB"]


def test_the_same_file_twice_counts_once_and_a_single_file_is_replaced() -> None:
    again = {"f1": PHOTO, "f9": PHOTO | {"file": "f9"}}
    assert len(fill_files(["f1", "f9"], again, multiple=True)) == 1
    assert fill_files(["f1", "f2"], FILES) == [SECOND]


def fill_files(ids: list[str], files: dict[str, PlainDict], **properties: Any) -> Any:
    form = make(part("filepicker", "photos", **properties))
    return fill(form, MultiDict([("photos", id_) for id_ in ids]), files=files).values["photos"]


def test_a_file_can_be_removed() -> None:
    form = make(part("filepicker", "photos", multiple=True))
    submitted = MultiDict([("photos", "f1"), ("photos", "f2"), ("_remove", "photos:f1")])
    bound = fill(form, submitted, files=FILES)
    assert bound.values["photos"] == [SECOND]
    assert bound.file_ids == ["f2"]


EVERY_TYPE = make(
    part("textfield", "text", validate={"pattern": "[a-z]+", "minLength": 2}),
    part("textarea", "long", validate={"required": True}),
    part("number", "number", decimalDigits=2, validate={"min": 0, "max": 9}),
    part("number", "amount_fen", money=True),
    choices("select", "select", "a", "b"),
    choices("radio", "radio", "a", "b"),
    choices("checklist", "checklist", "a", "b"),
    part("checkbox", "checkbox", validate={"required": True}),
    part("datetime", "day"),
    part("datetime", "clock", subtype="time"),
    part("datetime", "moment", subtype="datetime"),
    part("filepicker", "files", multiple=True),
    part("textfield", "more", showWhen="number > 3 or amount_fen > 100 or select == 'a'"),
    part(
        "baton:split",
        "split",
        total="total_fen",
        sides=[{"value": "a_fen", "label": "甲"}, {"value": "b_fen", "label": "乙"}],
        i18n={"en": {"label": "Split", "sides": {"a_fen": "A", "b_fen": "B"}}},
    ),
)
NAMES = [*EVERY_TYPE.fields, "split-a_fen", "split-b_fen", "_remove", "_shown", "_refresh"]
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["a", "5", "-1", "1e5", "2026-11-30T10:00", "f1", "１２", "\x00", "more"]
)


@given(st.lists(st.tuples(st.sampled_from(NAMES), TEXTS), max_size=20), st.sampled_from(["zh", "en"]))
def test_no_text_breaks_a_form_and_a_draft_brings_it_back(sent: list[tuple[str, str]], language: Any) -> None:
    bound = fill(EVERY_TYPE, MultiDict(sent), files=FILES, data={"total_fen": 100}, language=language)
    assert bound.validate() is not bool(bound.errors)
    again = fill(EVERY_TYPE, draft=bound.draft, language=language)
    for key, field in bound.fields.items():
        if not field.process_errors:
            assert again.fields[key].data == field.data, key
        elif key not in {"files", "checklist"}:  # what is not offered any more cannot be shown again
            assert again.fields[key].typed == field.typed, key
