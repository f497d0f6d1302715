"""Differences and resolutions in words, for the forms of platform finance."""

KINDS = {
    "missing_here": {"zh": "对方有，我方没有", "en": "They have it, we do not"},
    "missing_there": {"zh": "我方有，对方没有", "en": "We have it, they do not"},
    "different_amount": {"zh": "金额不同", "en": "Different amounts"},
    "duplicate": {"zh": "对方重复", "en": "They have it twice"},
}
LINES = {
    "payment": {"zh": "充值", "en": "Top-up"},
    "payout": {"zh": "打款", "en": "Payout"},
    "refund": {"zh": "原路退款", "en": "Refund"},
    "charge_back": {"zh": "拒付", "en": "Charge-back"},
}
RESOLUTIONS = {
    "credit": {"zh": "入账给会员", "en": "Credit it to a member"},
    "send_back": {"zh": "退回支付机构", "en": "Send it back to the provider"},
    "correct": {"zh": "按支付机构的金额更正", "en": "Correct to the provider's amount"},
    "explain": {"zh": "无需记账", "en": "Nothing to post"},
}
