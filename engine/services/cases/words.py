"""What the entries of a timeline and the collected facts are called, in both languages."""

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


RULINGS: Mapping[str, tuple[str, str]] = {
    "split": ("分配争议金额", "Divide the disputed amount"),
    "resume": ("继续履约", "The work goes on"),
}
# what of a collected row is shown, in this order; the rest is kept for the hash
COLLECTED: Mapping[str, tuple[str, str]] = {
    "title": ("标题", "Title"),
    "content": ("需求", "Demand"),
    "description": ("任务描述", "Description"),
    "deliverable_spec": ("交付要求", "Deliverable requirements"),
    "result_spec": ("交付要求", "Deliverable requirements"),
    "quality_rule": ("质量标准", "Quality rule"),
    "environment": ("服务环境", "Service environment"),
    "safety_notes": ("安全说明", "Safety notes"),
    "reward_fen": ("酬金", "Reward"),
    "pay_fen": ("报酬（个人佣金）", "Pay"),
    "net_fen": ("实收金额", "Net pay"),
    "paid_fen": ("已支付", "Paid so far"),
    "service_from": ("服务开始", "Service from"),
    "service_to": ("服务结束", "Service to"),
    "locked_at": ("接单", "Taken"),
    "confirmed_at": ("确认承接", "Confirmed"),
    "started_at": ("开始", "Started"),
    "handover_due": ("应交接", "Handover due"),
    "due_at": ("截止时间", "Deadline"),
    "handed_over_at": ("交接", "Handed over"),
    "submitted_at": ("提交成果", "Result sent"),
    "files": ("成果文件", "Files of the result"),
    "quantity": ("数量", "Quantity"),
    "accepted": ("合格数量", "Accepted quantity"),
    "proposed_fen": ("提议支付", "Proposed pay"),
}
# instants whose names do not say so
INSTANTS: Mapping[str, str] = {name: f"{name}_at" for name in ("service_from", "service_to", "handover_due")}
_ACCOUNTS: Mapping[str, tuple[str, str]] = {
    "wallet": ("钱包", "Wallet"),
    "escrow": ("托管", "Escrow"),
    "guarantee": ("保证金", "Guarantee"),
    "hold": ("冻结", "Held"),
    "rev": ("平台服务费", "Platform fee"),
    "vat": ("增值税", "VAT"),
    "tax": ("代扣个税", "Tax withheld"),
    "psp": ("支付渠道", "Payment provider"),
    "bank": ("银行", "Bank"),
    "exp": ("平台支出", "Expense"),
}


def name_account(code: str) -> tuple[str, str]:
    """What kind of account a code is of, Chinese and English."""
    return _ACCOUNTS.get(code.partition(":")[0], (code, code))
