"""Words for what is kept as a code, as people read it."""

from collections.abc import Iterable, Mapping

from engine.storage.plain import Plain

_WORDS: Mapping[str, tuple[str, str]] = {
    # categories
    "design": ("设计与创作", "Design and creation"),
    "software": ("软件与数据", "Software and data"),
    "content": ("内容与翻译", "Content and translation"),
    "survey": ("调研与推广", "Survey and promotion"),
    "event": ("活动与展会", "Events and fairs"),
    "installation": ("安装与维修", "Installation and repair"),
    "assembly": ("组装与加工", "Assembly"),
    "other": ("其它", "Other"),
    # kinds of deliverable
    "text": ("文字", "Text"),
    "file": ("文件", "Files"),
    "link": ("链接", "Links"),
    "location": ("位置", "Position"),
    "quantity": ("数量", "Quantity"),
    # what becomes of pieces that are not accepted
    "rework": ("返工", "Rework"),
    "scrap": ("报废", "Scrap"),
    # why a delivery was not accepted
    "incomplete": ("不完整", "Incomplete"),
    "quality": ("质量不符", "Not of the quality"),
    "late": ("交付逾期", "Late"),
    "not_as_agreed": ("与要求不符", "Not as required"),
    # where, and when the agreed price is paid
    "remote": ("远程", "Remote"),
    "on_site": ("现场", "On site"),
    "at_award": ("中标时冻结", "Frozen at the award"),
    "on_completion": ("验收时支付", "Paid at acceptance"),
}


def say(codes: Iterable[str]) -> Plain:
    """The words for codes, as a fact holds them."""
    words = [_WORDS.get(code, (code, code)) for code in codes]
    return {"zh": "、".join(zh for zh, _ in words), "en": ", ".join(en for _, en in words)}
