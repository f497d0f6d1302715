"""Decisions: DMN 1.3 as dmn-js writes it; tables and expressions, each decided in one call of the sandbox."""

from engine.language.decisions.deciding import DecisionError, decide, decide_alone, map_result
from engine.language.decisions.model import (
    Aggregation,
    Decision,
    DecisionLogic,
    DecisionTable,
    HitPolicy,
    Input,
    LiteralExpression,
    Output,
    Result,
    Rule,
    Test,
)
from engine.language.decisions.reader import DecisionInvalid, find_decision_keys, parse_decisions

__all__ = [
    "Aggregation",
    "Decision",
    "DecisionError",
    "DecisionInvalid",
    "DecisionLogic",
    "DecisionTable",
    "HitPolicy",
    "Input",
    "LiteralExpression",
    "Output",
    "Result",
    "Rule",
    "Test",
    "decide",
    "decide_alone",
    "find_decision_keys",
    "map_result",
    "parse_decisions",
]
