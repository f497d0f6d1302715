"""What the forms say, in both languages: to people who fill them in, and to analysts who write them."""

import re
from typing import Literal

Language = Literal["zh", "en"]

# key -> (Chinese, English). Places in braces are filled with numbers and names.
MESSAGES: dict[str, tuple[str, str]] = {
    # to people
    "required": ("此项必填，还没有填写", "Required; nothing entered yet"),
    "lines_without_member": ("每一项至少分给一名成员", "Give each line to at least one member"),
    "signature_missing": ("请输入签收人姓名", "Enter the name of who signs"),
    "signature_wrong": ("签名无法识别，请重新书写", "The signature cannot be read; please draw it again"),
    "required_choice": ("此项必选，还没有选择", "Required; nothing chosen yet"),
    "required_tick": ("需要勾选才能继续", "Tick this to continue"),
    "required_file": ("至少 1 个文件，现在 0 个", "At least 1 file; none so far"),
    "too_short": (
        "至少 {min_length} 个字，现在 {length} 个",
        "At least {min_length} characters; {length} so far",
    ),
    "too_long": (
        "最多 {max_length} 个字，现在 {length} 个，多出 {excess} 个",
        "At most {max_length} characters; {length} so far, {excess} too many",
    ),
    "pattern_mismatch": ("格式不符合要求", "Not in the format asked for"),
    "not_an_email": ("不是邮箱地址，例如 name@example.com", "Not an e-mail address, such as name@example.com"),
    "not_a_phone": ("不是电话号码，例如 13800000000", "Not a phone number, such as 13800000000"),
    "not_a_mobile": ("不是中国大陆手机号码，例如 13800000000", "Not a mobile number, such as 13800000000"),
    "not_a_resident_id": (
        "证件号码不正确：应为 18 位，且校验位相符",
        "Not an identity number: 18 characters whose last one fits the others",
    ),
    "not_a_credit_code": (
        "统一社会信用代码不正确：应为 18 位，且校验位相符",
        "Not a credit code: 18 characters whose last one fits the others",
    ),
    "control_character": ("含有不能保存的字符 {character}", "Contains a character that cannot be kept: {character}"),
    "not_a_number": ("不是数字，例如 1,234.5", "Not a number, such as 1,234.5"),
    "not_an_amount": ("不是金额，例如 1,234.50", "Not an amount, such as 1,234.50"),
    "not_whole": ("只能填整数", "Whole numbers only"),
    "too_many_decimals": ("最多 {decimals} 位小数", "At most {decimals} decimals"),
    "number_too_large": ("数字过大，上限为 {limit}", "Too large; the limit is {limit}"),
    "too_small": ("最小 {minimum}，现在 {value}", "At least {minimum}; {value} now"),
    "too_great": ("最大 {maximum}，现在 {value}", "At most {maximum}; {value} now"),
    "not_a_date": ("不是有效日期，例如 2026-11-30", "Not a date, such as 2026-11-30"),
    "not_to_come": ("应是将来的时间", "Must be a time to come"),
    "not_after": ("应晚于“{other}”", "Must be later than “{other}”"),
    "not_yet": ("不得晚于今天", "Must not be later than today"),
    "not_until": ("不得晚于“{other}”", "Must not be later than “{other}”"),
    "not_a_time": ("不是有效时间，例如 18:30", "Not a time, such as 18:30"),
    "year_out_of_range": ("年份应在 {first} 与 {last} 之间", "The year must be between {first} and {last}"),
    "time_skipped": (
        "当地时钟在这一天跳过了这个时间，换一个时间",
        "Clocks skip this time on that day; choose another",
    ),
    "not_a_choice": ("选项已不可用，重新选择", "This answer is not offered; choose again"),
    "too_many_rows": ("最多选 {maximum} 个，现在选了 {count} 个", "At most {maximum}; {count} are ticked"),
    "file_gone": ("有 {count} 个文件已不可用，重新上传", "{count} files no longer available; upload again"),
    "too_many_files": ("最多 {max_files} 个文件，现在 {count} 个", "At most {max_files} files; {count} now"),
    "file_too_large": ("{name} 超过 {max_mb} MB", "{name} is larger than {max_mb} MB"),
    "file_type": ("{name} 的类型不符，可以上传：{accept}", "{name} is of another type; accepted: {accept}"),
    "photos_missing": ("上传照片，或说明没有照片的原因", "Add photos, or say why there are none"),
    "photo_unplaced": ("第 {number} 张照片：选择所属项目和阶段", "Photo {number}: choose its line and stage"),
    "question_missing": ("退回补充时要写明问题", "A return needs a question"),
    "merge_undecided": (
        "还有 {count} 处待定：疑似重复或冲突",
        "Still to decide: {count} possible duplicates or conflicts",
    ),
    "answers_missing": (
        "共 {total} 项，还有 {missing} 项没有回答",
        "{missing} of {total} answers are missing",
    ),
    "split_short": (
        "合计 {sum}，应为 {total}，还差 {difference}",
        "These add up to {sum}, but the total is {total}: {difference} is missing",
    ),
    "counts_short": ("已填 {sum}，总数 {total}，还差 {difference}", "{sum} of {total}: {difference} missing"),
    "counts_over": ("已填 {sum}，总数 {total}，多了 {difference}", "{sum} of {total}: {difference} too many"),
    "split_over": (
        "合计 {sum}，应为 {total}，多出 {difference}",
        "These add up to {sum}, but the total is {total}: {difference} too much",
    ),
    "entries_wrong": ("第 {numbers} 项需要修改", "Entry {numbers} needs a change"),
    "too_many_entries": ("最多 {max_entries} 项，现在 {count} 项", "At most {max_entries} entries; {count} now"),
    "sum_short": (
        "合计 {sum}，应为 {total}，还差 {difference}",
        "These add up to {sum}, {difference} are missing",
    ),
    "sum_over": (
        "合计 {sum}，应为 {total}，多出 {difference}",
        "These add up to {sum}, {difference} too much",
    ),
    "agreement_none": ("没有可签署的协议", "There is no agreement to sign"),
    "agreement_changed": (
        "协议文本已更新，请重新阅读后再签署",
        "The text has changed meanwhile; read it again before you sign",
    ),
    "agreement_not_accepted": ("需要勾选同意才能签署", "Tick that you agree in order to sign"),
    "agreement_signer": (
        "签署人姓名与认证姓名不一致",
        "The name is not the certified name of the signer",
    ),
    "code_not_sent": ("先获取验证码，再填写", "Get a code first, then enter it"),
    "code_missing": ("填写收到的 6 位验证码", "Enter the 6 digits that were sent to you"),
    "code_form": ("验证码是 6 位数字", "A code has 6 digits"),
    "code_wrong": ("验证码不正确，还可以试 {tries} 次", "This is not the code; {tries} tries are left"),
    "code_expired": ("验证码已过期，请重新获取", "The code is no longer valid; get another one"),
    "code_spent": ("验证码错误次数过多，请重新获取", "Too many wrong codes; get another one"),
    "place_needed": ("还没有您的位置：请定位，或拍照", "Your position is missing: find it, or take a photo"),
    "place_too_far": (
        "您离取件点还有 {distance}，{most} 米以内才能签到；也可以拍照",
        "You are {distance} from the pickup; check in within {most} m, or take a photo",
    ),
    "handover_code_missing": ("填写对方告诉您的 4 位数字", "Enter the 4 digits the other side tells you"),
    "handover_code_wrong": ("数字不对，还可以试 {tries} 次", "These are not the digits; {tries} tries are left"),
    "handover_code_locked": (
        "错误次数过多，不能再输入；请拍照证明",
        "Too many wrong tries; prove it by a photo instead",
    ),
    "code_later": ("请在 {at} 之后再获取验证码", "The next code can be sent after {at}"),
    "address_missing": ("填写详细地址", "Enter the address"),
    "point_missing": (
        "还没有位置：在地图上标出，或选择已知地点",
        "No place yet: set it on the map, or choose a known one",
    ),
    "point_wrong": ("不是坐标，例如 30.276000, 120.130000", "Not coordinates, such as 30.276000, 120.130000"),
    "total_unknown": ("总金额还没有确定，暂时不能分配", "The total is not known yet, so it cannot be split"),
    # to analysts
    "not_json": ("应为表单 JSON，但无法读取：{problem}", "Expected a form in JSON, but {problem}"),
    "form_too_large": ("表单最多 {limit}，现在 {found}", "Expected a form of at most {limit}, but it has {found}"),
    "unknown_type": ("应为已支持的组件类型，但类型是 {type}", "Expected a supported type, but got {type}"),
    "entry_unsupported": (
        "列表的每一项应由简单字段组成，但有 {type}",
        "Expected the entries of a list to consist of simple fields, but found {type}",
    ),
    "entry_property": (
        "列表项中的字段不能有 {property}，但有",
        "Expected a field of a list without {property}, but it has one",
    ),
    "entries_missing": ("列表应至少有一个字段，但没有", "Expected a list with at least one field, but it has none"),
    "unknown_component": ("应为已注册的组件，但没有 {type}", "Expected a registered component, but there is no {type}"),
    "unknown_property": (
        "应只含已支持的属性，但有 {property}",
        "Expected supported properties only, but found {property}",
    ),
    "wrong_property": (
        "属性 {property} 应为 {expected}，但不是",
        "Expected {property} to be {expected}, but it is not",
    ),
    "key_invalid": (
        "字段键应为小写字母、数字和下划线，但为 {key}",
        "Expected a key of lower-case letters, digits and underscores, but got {key}",
    ),
    "key_reserved": ("字段键应避开保留字，但为 {key}", "Expected a key that is not reserved, but got {key}"),
    "key_duplicate": ("字段键应唯一，但 {key} 出现多次", "Expected distinct keys, but {key} occurs more than once"),
    "missing_chinese": ("应有中文 {property}，但没有", "Expected a Chinese {property}, but there is none"),
    "missing_english": ("应有英文 {property}，但没有", "Expected an English {property}, but there is none"),
    "feel_refused": (
        "应为文字，但 {property} 以 = 开头（FEEL 不支持）",
        "Expected plain text, but {property} starts with = (FEEL is not supported)",
    ),
    "bounds_crossed": (
        "下限应不大于上限，但 {low} 大于 {high}",
        "Expected the lower limit to be at most the upper, but {low} is greater than {high}",
    ),
    "money_key": ("金额字段的键应以 _fen 结尾，但为 {key}", "Expected the key of money to end in _fen, but got {key}"),
    "percent_key": (
        "百分比字段的键应以 _bps 结尾，但为 {key}",
        "Expected the key of a share to end in _bps, but got {key}",
    ),
    "pattern_invalid": ("应为正则表达式，但 {problem}", "Expected a regular expression, but {problem}"),
    "pattern_slow": (
        "应为能快速匹配的正则表达式，但 {problem}",
        "Expected a pattern that always matches fast, but {problem}",
    ),
    "default_invalid": (
        "默认值应符合字段类型，但不符合",
        "Expected a default of the field's kind, but it is not",
    ),
    "choices_missing": ("应至少有 {count} 个选项，但不足", "Expected at least {count} options, but there are fewer"),
    "choice_duplicate": ("选项值应唯一，但 {value} 重复", "Expected distinct option values, but {value} is repeated"),
    "side_key": ("分配双方的键应以 _fen 结尾，但为 {value}", "Expected a side to end in _fen, but got {value}"),
    "source_missing": ("应给出 source 或 rows，但都没有", "Expected a source or rows, but there is neither"),
    "condition_invalid": ("显示条件应为表达式，但无法解析：{problem}", "Expected an expression, but {problem}"),
    "condition_unknown": (
        "显示条件应只用本表单的字段，但用了 {names}",
        "Expected fields of this form only, but the condition names {names}",
    ),
    "condition_personal": (
        "显示条件不应使用个人信息字段，但用了 {names}",
        "Expected no personal field, but the condition names {names}",
    ),
    "condition_cyclic": ("显示条件不应循环，但有 {path}", "Expected no circle of conditions, but found {path}"),
}

_ONE_OF_MANY = re.compile(r"(?<![\d.,])1 (character|file|decimal|option)s\b")


def say(language: Language, code: str, **facts: object) -> str:
    """The message of `code` in one language, its places filled with `facts`."""
    chinese, english = MESSAGES[code]
    if language == "zh":
        return chinese.format(**facts)
    return _ONE_OF_MANY.sub(r"1 \1", english.format(**facts))
