"""What the entries of a timeline are called, in both languages."""

from collections.abc import Mapping

_KINDS: Mapping[str, tuple[str, str]] = {
    "opened": ("提出", "Opened the case"),
    "evidence": ("补充证据", "Added evidence"),
    "decision": ("裁决", "Decision"),
    "withdrawn": ("撤回主张", "Withdrew the claim"),
    "triage.question": ("分诊为咨询", "Triage: a question"),
    "triage.complaint": ("分诊为投诉", "Triage: a complaint"),
    "triage.dispute": ("分诊为争议", "Triage: a dispute"),
    "triage.safety": ("分诊为安全事件", "Triage: a safety matter"),
    "answer.given": ("客服答复", "Answer"),
    "reply.satisfied": ("问题已解决", "Settled"),
    "reply.ask": ("追问", "Asked more"),
    "reply.dispute": ("作为争议处理", "Handled as a dispute"),
    "reply.silent": ("逾期未回复，视为已解决", "No reply: settled"),
    "respond.accept": ("接受主张", "Accepted the claim"),
    "respond.offer": ("提出分配方案", "Offered a split"),
    "respond.refuse": ("拒绝主张", "Refused the claim"),
    "respond.silent": ("逾期未答复，视为接受主张", "No response: the claim is accepted"),
    "offer.accept": ("接受方案", "Accepted the offer"),
    "offer.counter": ("提出新方案", "Made another offer"),
    "offer.refuse": ("拒绝方案", "Refused the offer"),
    "offer.silent": ("逾期未答复方案", "No answer to the offer"),
    "proposal.made": ("调解方案", "Proposal"),
    "proposal.silent": ("未在期限内提出调解方案", "No proposal in time"),
    "proposal_answer.accept": ("接受调解方案", "Accepted the proposal"),
    "proposal_answer.refuse": ("拒绝调解方案", "Refused the proposal"),
    "confirm.return": ("第二位仲裁员退回", "Sent back by the second arbiter"),
    "safety.arbitrate": ("安全处理：移交仲裁", "Safety: to an arbiter"),
    "safety.end": ("安全处理：结束", "Safety: ended"),
    "appeal.accept": ("接受裁决", "Accepted the decision"),
    "appeal.appeal": ("申诉", "Appealed"),
}


def name_kind(kind: str) -> tuple[str, str]:
    """A kind of entry, Chinese and English; the kind itself where a diagram has brought a new answer."""
    return _KINDS.get(kind, (kind, kind))
