"""The terms of a work task: their digest as published, and what of them an engagement keeps."""

import hashlib
from datetime import datetime

import orjson
from sqlalchemy import RowMapping

from engine.storage.clock import format_instant
from engine.storage.plain import Plain, PlainDict

_KEPT = (
    *("number", "title", "category", "description", "deliverable_spec", "deliverable_types", "qualification_reqs"),
    *("place_mode", "district", "is_confidential", "insurance_policy", "start_by", "due_at", "rework_limit"),
    *("acceptance_days", "mode", "fee_bearer", "fee", "pay_fen", "guarantee_bps", "negotiable_settlement"),
    *("unit_name", "unit_price_fen", "price_tiers", "min_batch", "quality_rule", "reject_policy"),
)


def describe_terms(task: RowMapping) -> PlainDict:
    """The terms as they stand now, with their version and the SHA-256 of all of them."""
    terms: PlainDict = {name: _plain(task[name]) for name in _KEPT}
    return {**terms, "version": task["terms_version"], "sha256": digest_terms(terms)}


def digest_terms(terms: PlainDict) -> str:
    """The SHA-256 of terms, in hexadecimal digits; their order does not matter."""
    return hashlib.sha256(orjson.dumps(terms, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plain(value: object) -> Plain:
    if isinstance(value, datetime):
        return format_instant(value)
    assert value is None or isinstance(value, (str, int, list, dict))
    return value
