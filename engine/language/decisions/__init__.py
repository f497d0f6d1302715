"""Decision tables: DMN 1.3 as dmn-js writes it, decided in one call of the sandbox."""

from engine.language.decisions.deciding import DecisionError, decide, map_result
from engine.language.decisions.model import (
    Aggregation,
    Decision,
    DecisionTable,
    Entry,
    HitPolicy,
    Input,
    Output,
    Rule,
)
from engine.language.decisions.reader import DecisionInvalid, parse_decisions

__all__ = [
    "Aggregation",
    "Decision",
    "DecisionError",
    "DecisionInvalid",
    "DecisionTable",
    "Entry",
    "HitPolicy",
    "Input",
    "Output",
    "Rule",
    "decide",
    "map_result",
    "parse_decisions",
]
