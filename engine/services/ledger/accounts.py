"""Account codes: kind, floor and owner follow from the code alone (C.2)."""

import hashlib

SHARDS = 16
# prefix: (kind, floor at zero, sharded because every entry touches it)
_PREFIXES: dict[str, tuple[str, bool, bool]] = {
    "bank": ("asset", False, True),
    "psp": ("asset", False, True),
    "recv": ("asset", True, False),
    "wallet": ("liability", True, False),
    "hold": ("liability", True, False),
    "escrow": ("liability", True, False),
    "goods": ("liability", True, False),
    "guarantee": ("liability", True, False),
    "payout": ("liability", True, False),
    "suspense": ("liability", True, False),
    "tax": ("liability", False, True),
    "vat": ("liability", False, True),
    "rev": ("income", False, True),
    "exp": ("expense", False, True),
}
_OWNED = frozenset({"recv", "wallet", "hold", "payout"})
# Frozen money: whose it is follows from who paid it in.
FROZEN = ("escrow", "goods", "guarantee")
# Liabilities to customers: what the custody account must cover at any time.
CUSTOMERS = ("wallet", "hold", *FROZEN, "payout", "suspense")
DEBIT_KINDS = frozenset({"asset", "expense"})

CUSTODY = "bank:custody"
OWN_BANK = "bank:own"
VAT = "vat:payable"
CANCELLATION_REVENUE = "rev:cancellation"
GOODWILL = "exp:goodwill"
PROVIDER_FEES = "exp:psp"
SUSPENSE = "suspense"
AUTHORITY = "national"  # the tax authority that gets what is withheld


def wallet(party_id: str) -> str:
    """A party's freely available balance."""
    return f"wallet:{party_id}"


def escrow(escrow_ref: str) -> str:
    """The frozen reward of an order."""
    return f"escrow:{escrow_ref}"


def goods(escrow_ref: str) -> str:
    """The frozen advance of an order for buying goods."""
    return f"goods:{escrow_ref}"


def guarantee(escrow_ref: str) -> str:
    """The deposit of the payer of an engagement that is settled on completion."""
    return f"guarantee:{escrow_ref}"


def claim(party_id: str) -> str:
    """What a party owes."""
    return f"recv:{party_id}"


def withheld_tax(authority: str) -> str:
    """Income tax withheld for an authority."""
    return f"tax:withheld:{authority}"


def hold(party_id: str, case_ref: str) -> str:
    """A party's money held by a dispute."""
    return f"hold:{party_id}:{case_ref}"


def payout(party_id: str) -> str:
    """A party's withdrawals under way."""
    return f"payout:{party_id}"


def provider(name: str) -> str:
    """Money in transit from or to a payment provider."""
    return f"psp:{name}"


def fee_revenue(process_key: str) -> str:
    """Platform fees of a process, net of VAT."""
    return f"rev:fee:{process_key}"


def kind_of(code: str) -> str:
    """asset, liability, income or expense. Raises ValueError for an unknown prefix."""
    return _entry(code)[0]


def is_known(code: str) -> bool:
    """Whether it is an account code of C.2."""
    prefix, _, rest = code.partition(":")
    return prefix in _PREFIXES and bool(rest or prefix == "suspense")


def has_floor(code: str) -> bool:
    """Whether the balance may not fall below zero."""
    return _entry(code)[1]


def is_hot(code: str) -> bool:
    """Whether the account is split into shards, so that entries of different orders do not wait for each other."""
    return _entry(code)[2]


def shard(code: str, key: str) -> str:
    """The account a line is posted to: hot accounts get a shard chosen by the entry's key, others stay."""
    if not is_hot(code):
        return code
    return f"{code}#{hashlib.sha256(key.encode()).digest()[0] % SHARDS}"


def shards_of(code: str) -> list[str]:
    """Every shard a hot account may have."""
    return [f"{code}#{number}" for number in range(SHARDS)]


def unsharded(code: str) -> str:
    """The account a shard belongs to."""
    return code.partition("#")[0]


def owner_in(code: str) -> str | None:
    """The party named in the code of its own accounts; None where the code names none."""
    prefix, _, rest = code.partition(":")
    return rest.partition(":")[0] if prefix in _OWNED else None


def is_frozen(code: str) -> bool:
    """Whether the account holds money its payer froze."""
    return code.partition(":")[0] in FROZEN


def natural_fen(code: str, amount_fen: int) -> int:
    """A signed amount (debit positive) as a change of the account's balance."""
    return amount_fen if kind_of(code) in DEBIT_KINDS else -amount_fen


def _entry(code: str) -> tuple[str, bool, bool]:
    if not is_known(code):
        raise ValueError(f"Expected an account code of C.2, but got {code!r}")
    return _PREFIXES[code.partition(":")[0]]
