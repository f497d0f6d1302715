"""Fee, VAT and allocation: integers only, rounded once, half up (C.3). Pure arithmetic."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from engine.storage.plain import Plain, PlainDict

BPS = 10_000
DEDUCTED, ON_TOP = "deducted_from_pay", "on_top"


@dataclass(frozen=True)
class FeeTerms:
    """A row of the decision table `fee_schedule`; `max_fen` None: no upper limit."""

    rate_bps: int
    min_fen: int
    max_fen: int | None
    vat_bps: int

    def as_plain(self) -> PlainDict:
        """The row again, as entries keep it."""
        return dict(asdict(self))


NO_FEE = FeeTerms(rate_bps=0, min_fen=0, max_fen=0, vat_bps=0)


@dataclass(frozen=True)
class Settlement:
    """What becomes of a gross pay. `fee_fen` contains `vat_fen`.

    Deducted from the pay: gross = net + fee + tax. On top of it: gross = net + tax, and the payer bears the fee.
    """

    gross_fen: int
    fee_fen: int
    vat_fen: int
    tax_fen: int
    net_fen: int
    fee_bearer: str = DEDUCTED

    @property
    def charge_fen(self) -> int:
        """What the payer's side pays in all."""
        return self.net_fen + self.fee_fen + self.tax_fen

    def as_plain(self) -> PlainDict:
        """The amounts by name, as process data hold them."""
        return dict(asdict(self))


def read_terms(row: Plain) -> FeeTerms:
    """Terms from a decision result. Raises ValueError if it is not a row of the table or out of range."""
    if not isinstance(row, Mapping):
        raise ValueError(f"Expected a row of fee_schedule, but got {row!r}")
    terms = FeeTerms(
        rate_bps=_whole(row, "rate_bps"),
        min_fen=_whole(row, "min_fen"),
        max_fen=None if row.get("max_fen") is None else _whole(row, "max_fen"),
        vat_bps=_whole(row, "vat_bps"),
    )
    if terms.rate_bps > BPS or (terms.max_fen is not None and terms.max_fen < terms.min_fen):
        raise ValueError(f"Expected a rate of at most 10000 bps and min <= max, but got {terms}")
    return terms


def round_half_up(numerator: int, denominator: int) -> int:
    """numerator / denominator for numbers of at least 0, a half rounded up."""
    return (2 * numerator + denominator) // (2 * denominator)


def share_of(amount_fen: int, rate_bps: int) -> int:
    """A share in basis points, rounded half up."""
    return round_half_up(amount_fen * rate_bps, BPS)


def compute_fee(gross_fen: int, terms: FeeTerms) -> int:
    """The platform fee including VAT: within min and max, never above the gross pay."""
    fee_fen = max(share_of(gross_fen, terms.rate_bps), terms.min_fen)
    if terms.max_fen is not None:
        fee_fen = min(fee_fen, terms.max_fen)
    return min(fee_fen, gross_fen)


def contained_vat(amount_fen: int, vat_bps: int) -> int:
    """The VAT contained in an amount."""
    return amount_fen - round_half_up(amount_fen * BPS, BPS + vat_bps)


def compute_settlement(
    gross_fen: int, terms: FeeTerms, tax_fen: int = 0, fee_bearer: str = DEDUCTED, before_fen: int = 0
) -> Settlement:
    """Splits a gross pay. Raises ValueError unless 0 <= tax <= gross - fee (I9), and for an unknown bearer.

    `before_fen` is what the same engagement was paid before: fee and VAT are those of the whole so far less what was
    taken, so that many small parts cost what one payment would.
    """
    before, whole = compute_fee(before_fen, terms), compute_fee(before_fen + gross_fen, terms)
    vat_fen = contained_vat(whole, terms.vat_bps) - contained_vat(before, terms.vat_bps)
    return _split(gross_fen, whole - before, vat_fen, tax_fen, fee_bearer)


def read_settlement(gross_fen: int, fixed: PlainDict) -> Settlement:
    """A split whose fee was fixed before. Raises ValueError unless 0 <= VAT <= fee <= gross (I9)."""
    fee_fen, vat_fen = _whole(fixed, "fee_fen"), _whole(fixed, "vat_fen")
    return _split(gross_fen, fee_fen, vat_fen, 0, DEDUCTED)


def _split(gross_fen: int, fee_fen: int, vat_fen: int, tax_fen: int, fee_bearer: str) -> Settlement:
    if fee_bearer not in (DEDUCTED, ON_TOP):
        raise ValueError(f"Expected {DEDUCTED} or {ON_TOP} as the bearer of the fee, but got {fee_bearer!r}")
    if not vat_fen <= fee_fen <= gross_fen:
        raise ValueError(f"Expected a fee of at most {gross_fen} fen with its VAT, but got {fee_fen} and {vat_fen}")
    if not 0 <= tax_fen <= gross_fen - fee_fen:
        raise ValueError(f"Expected a tax of 0 to {gross_fen - fee_fen} fen, but got {tax_fen}")
    deducted_fen = fee_fen if fee_bearer == DEDUCTED else 0
    return Settlement(gross_fen, fee_fen, vat_fen, tax_fen, gross_fen - deducted_fen - tax_fen, fee_bearer)


def allocate(total_fen: int, weights: Sequence[int]) -> list[int]:
    """Divides an amount by weights so that the parts sum to it exactly: largest remainder, ties by position.

    Raises ValueError for a negative total or weight, or if all weights are 0.
    """
    whole = sum(weights)
    if total_fen < 0 or whole <= 0 or min(weights) < 0:
        raise ValueError(f"Expected an amount and weights of at least 0, but got {total_fen} by {list(weights)}")
    parts = [total_fen * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total_fen * weights[i] % whole), i))
    for i in by_remainder[: total_fen - sum(parts)]:
        parts[i] += 1
    return parts


def divide(split: Settlement, weights: Sequence[int]) -> list[Settlement]:
    """A settlement paid in parts: every amount of the parts sums to that of the whole. Raises what `allocate` raises.

    Fee and VAT are computed once, on the whole, so that many small parts cost what one payment would.
    """
    gross = allocate(split.gross_fen, weights)
    fee = _allocate_within(split.fee_fen, gross)
    vat = _allocate_within(split.vat_fen, fee)
    tax = _allocate_within(split.tax_fen, [whole - part for whole, part in zip(gross, fee, strict=True)])
    return [_split(*part, split.fee_bearer) for part in zip(gross, fee, vat, tax, strict=True)]


def _allocate_within(total_fen: int, limits: Sequence[int]) -> list[int]:
    """An amount in proportion to others that sum to at least as much; no part exceeds the one it belongs to."""
    return allocate(total_fen, limits) if any(limits) else [0] * len(limits)


def _whole(row: Mapping[str, Plain], name: str) -> int:
    value = row.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"Expected {name} to be a whole number of at least 0, but got {value!r}")
    return value
