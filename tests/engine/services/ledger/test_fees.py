"""Fees, VAT and allocation; the worked examples of the money specification."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.services.ledger.fees import (
    FeeTerms,
    allocate,
    compute_fee,
    compute_settlement,
    contained_vat,
    divide,
    read_terms,
    round_half_up,
)

AMOUNTS = st.integers(0, 10**12)


def terms(rate_bps: int, min_fen: int = 0, max_fen: int | None = None, vat_bps: int = 600) -> FeeTerms:
    return FeeTerms(rate_bps, min_fen, max_fen, vat_bps)


def test_worked_example_1_prepayment_seat() -> None:
    split = compute_settlement(100_000, terms(600))
    assert (split.net_fen, split.fee_fen - split.vat_fen, split.vat_fen) == (94_000, 5_660, 340)


def test_worked_example_5_hire_order() -> None:
    split = compute_settlement(33_330, terms(1000))
    assert (split.fee_fen, split.net_fen, split.vat_fen) == (3_333, 29_997, 189)


def test_worked_example_8_dispute_fee_on_the_awarded_part() -> None:
    split = compute_settlement(70_000, terms(1000))
    assert (split.fee_fen, split.net_fen) == (7_000, 63_000)


@pytest.mark.parametrize(
    ("gross_fen", "fee_terms", "expected_fen"),
    [
        (5, terms(1000), 1),  # a half is rounded up
        (4, terms(1000), 0),
        (1_000, terms(1000, min_fen=250), 250),
        (1_000_000, terms(1000, max_fen=5_000), 5_000),
        (100, terms(1000, min_fen=250), 100),  # never above the gross pay
        (0, terms(1000, min_fen=250), 0),
    ],
)
def test_fee_is_clamped(gross_fen: int, fee_terms: FeeTerms, expected_fen: int) -> None:
    assert compute_fee(gross_fen, fee_terms) == expected_fen


def test_vat_of_the_specification() -> None:
    assert contained_vat(6_000, 600) == 340
    assert contained_vat(3_333, 600) == 189
    assert contained_vat(3_333, 0) == 0


def test_allocation_gives_the_remainder_to_the_largest_fractions() -> None:
    assert allocate(10_000, [1, 1, 1]) == [3_334, 3_333, 3_333]
    assert allocate(100, [5_000, 3_333, 1_667]) == [50, 33, 17]


@given(AMOUNTS, st.integers(0, 10_000), AMOUNTS, st.none() | AMOUNTS, st.integers(0, 2_000))
def test_settlement_keeps_its_parts(
    gross_fen: int, rate_bps: int, min_fen: int, max_fen: int | None, vat_bps: int
) -> None:
    split = compute_settlement(gross_fen, terms(rate_bps, min_fen, max_fen, vat_bps))
    assert split.gross_fen == split.fee_fen + split.net_fen
    assert 0 <= split.vat_fen <= split.fee_fen <= gross_fen
    assert split.net_fen >= 0


@given(AMOUNTS, st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
def test_allocation_is_exact_and_fair(total_fen: int, weights: list[int]) -> None:
    parts = allocate(total_fen, weights)
    assert sum(parts) == total_fen
    whole = sum(weights)
    assert all(abs(part * whole - total_fen * weight) < whole for part, weight in zip(parts, weights, strict=True))


@given(AMOUNTS, st.integers(1, 10**6))
def test_rounding_is_half_up(numerator: int, denominator: int) -> None:
    rounded = round_half_up(numerator, denominator)
    assert -denominator <= 2 * (numerator - rounded * denominator) < denominator


@pytest.mark.parametrize(
    "row",
    [
        None,
        {"rate_bps": 1000},
        {"rate_bps": 10_001, "min_fen": 0, "max_fen": None, "vat_bps": 0},
        {"rate_bps": -1, "min_fen": 0, "max_fen": None, "vat_bps": 0},
        {"rate_bps": 10.0, "min_fen": 0, "max_fen": None, "vat_bps": 0},
        {"rate_bps": True, "min_fen": 0, "max_fen": None, "vat_bps": 0},
        {"rate_bps": 10, "min_fen": 5, "max_fen": 4, "vat_bps": 0},
    ],
)
def test_terms_that_are_none_are_refused(row: object) -> None:
    with pytest.raises(ValueError, match="Expected"):
        read_terms(row)  # type: ignore[arg-type]  # wrong rows are the point


def test_tax_above_what_is_left_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected a tax"):
        compute_settlement(100, terms(5000), tax_fen=51)


SHARES = st.lists(st.integers(100, 10_000), min_size=1, max_size=20)


@given(st.integers(100, 10**12), SHARES, st.integers(0, 10_000), AMOUNTS, st.none() | AMOUNTS, st.integers(0, 2_000))
def test_milestones_sum_to_the_whole_in_every_amount(
    gross_fen: int, shares: list[int], rate_bps: int, min_fen: int, max_fen: int | None, vat_bps: int
) -> None:
    limit = max_fen if max_fen is None else max(max_fen, min_fen)
    whole = compute_settlement(gross_fen, terms(rate_bps, min_fen, limit, vat_bps))
    parts = divide(whole, shares)
    for name in ("gross_fen", "fee_fen", "vat_fen", "tax_fen", "net_fen"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name), name
    for part, share in zip(parts, shares, strict=True):
        assert 0 <= part.vat_fen <= part.fee_fen <= part.gross_fen
        assert part.net_fen == part.gross_fen - part.fee_fen >= 0
        assert abs(part.gross_fen * sum(shares) - gross_fen * share) < sum(shares)  # less than a fen off


def test_worked_example_5_in_three_milestones() -> None:
    parts = divide(compute_settlement(33_330, terms(1000)), [3_333, 3_333, 3_334])
    assert [(part.gross_fen, part.fee_fen, part.vat_fen) for part in parts] == [
        (11_109, 1_111, 63),
        (11_109, 1_111, 63),
        (11_112, 1_111, 63),
    ]
