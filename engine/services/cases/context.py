"""What a case rests on: each kind of subject says how to collect it, the case keeps it with its hash."""

import hashlib
from collections.abc import Callable

import orjson

from engine.definitions.registry import TopicCall
from engine.storage.plain import Plain, PlainDict

Collector = Callable[[TopicCall, str], PlainDict]
COLLECTORS: dict[str, Collector] = {}


def collects(category: str) -> Callable[[Collector], Collector]:
    """Registers how the facts of a subject of this category (a process key) are collected, given its id.

    What a collector gives holds ids, amounts, instants and vault references, never the text behind a reference.
    """

    def register(function: Collector) -> Collector:
        if category in COLLECTORS:
            raise ValueError(f"Expected one collector for {category}, but there are two")
        COLLECTORS[category] = function
        return function

    return register


def digest_context(context: Plain) -> str:
    """SHA-256 of a bundle, whatever the order of its keys."""
    return hashlib.sha256(orjson.dumps(context, option=orjson.OPT_SORT_KEYS)).hexdigest()
