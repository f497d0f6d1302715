"""Accounts and problems in words, for the forms of platform finance."""

from sqlalchemy import Connection, select

from engine.services.ledger import accounts
from engine.storage.actor import party_behind
from engine.storage.tables import party

WHY_NOT = {
    "unknown_member": {
        "zh": "没有找到这个会员，或有重名：请改用编号。",
        "en": "No such member, or several: use the number.",
    },
    "unknown_account": {"zh": "没有这个账户：请核对代码。", "en": "There is no such account: check the code."},
    "same_account": {"zh": "借方和贷方是同一个账户。", "en": "Both sides are the same account."},
    "insufficient": {"zh": "账户余额不足。", "en": "The account holds too little."},
    "unfit": {"zh": "这笔差异不能这样处理：请换一种。", "en": "Not possible for this difference: choose another way."},
}
_KINDS = {
    "wallet": ("钱包", "Wallet"),
    "recv": ("应收款", "Claim"),
    "hold": ("争议保留", "Held"),
    "escrow": ("托管", "Escrow"),
    "goods": ("代购垫款", "Goods advance"),
    "guarantee": ("保证金", "Guarantee"),
    "payout": ("提现中", "Payout under way"),
    "suspense": ("待查款项", "Suspense"),
    "bank:custody": ("托管银行账户", "Custody bank account"),
    "bank:own": ("平台自有账户", "The platform's own account"),
    "exp:goodwill": ("补偿支出", "Goodwill"),
    "exp:psp": ("支付渠道费用", "Provider fees"),
    "exp:badDebt": ("坏账", "Bad debt"),
    "rev:cancellation": ("取消收入", "Cancellation income"),
    "rev:withdrawal": ("提现手续费收入", "Withdrawal income"),
    "vat:payable": ("应交增值税", "VAT payable"),
}


def name_account(connection: Connection, code: str, language: str) -> str:
    """An account as finance reads it: whose it is, then its code."""
    prefix, _, rest = code.partition(":")
    zh, en = _KINDS.get(code) or _KINDS.get(prefix) or (prefix, prefix)
    words = zh if language == "zh" else en
    if code in _KINDS:
        return f"{words} ({code})"
    owner_id = accounts.owner_in(code)
    return f"{words} · {name_person(connection, owner_id, language) if owner_id else rest} ({code})"


def name_person(connection: Connection, data_id: str, language: str) -> str:
    """The name of a person or an organisation; the id where nobody is registered under it."""
    party_id = party_behind(data_id)
    names = connection.execute(select(party.c.name_zh, party.c.name_en).where(party.c.id == party_id)).one_or_none()
    if names is None:
        return party_id
    first, second = (names.name_zh, names.name_en) if language == "zh" else (names.name_en, names.name_zh)
    return str(first or second)
