"""Why something is returned or rejected, and what became of it, in words for people."""

from collections.abc import Mapping

Words = tuple[str, str]

REASONS: Mapping[str, Words] = {
    "incomplete": ("内容不完整", "Incomplete"),
    "unclear": ("描述不清楚", "Unclear"),
    "unlawful": ("违法违规", "Unlawful or against the rules"),
    "contact_details": ("含有联系方式或绕开平台", "Contact details, or a way around the platform"),
    "unsafe": ("安全措施不足", "Not safe enough"),
    "qualification": ("资质不符", "Qualification missing"),
    "not_as_agreed": ("与约定不符", "Not as agreed"),
    "not_genuine": ("材料不真实或重复使用", "Not genuine, or used before"),
    "other": ("其他", "Other"),
}
CLOSINGS: Mapping[str, Words] = {
    "blocked": ("自动检查未通过", "Refused by the automatic check"),
    "rejected": ("审核驳回", "Rejected by the review"),
    "too_many_returns": ("退回次数已用完", "No returns left"),
    "correction_late": ("未按时补正", "Not corrected in time"),
    "appeal_refused": ("申诉未获支持", "Appeal refused"),
}
OUTCOMES: Mapping[str, Words] = {
    "approved": ("通过", "Approved"),
    "returned": ("退回", "Returned"),
    "rejected": ("驳回", "Rejected"),
    "refused": ("复核不同意", "Second review disagreed"),
    "corrected": ("已补正", "Corrected"),
    "appealed": ("已申诉", "Appealed"),
}


def say(words: Mapping[str, Words], code: str, language: str) -> str:
    """A code in a language; one that is not known stands for itself."""
    found = words.get(code, (code, code))
    return found[0] if language == "zh" else found[1]
