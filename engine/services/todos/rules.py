"""The decision tables of to-do items as they are deployed now, for people to read."""

from dataclasses import dataclass

from engine.definitions.catalogue import DECISION
from engine.language.decisions.model import DecisionTable
from engine.runtime.engine import Engine

TABLES = ("reminder_rule_default", "escalation_rule", "event_type_routing", "four_eyes_required")


@dataclass(frozen=True)
class Rules:
    """A table: the names of its columns, and of each row what it is for and its cells. Texts are in both languages, one
    after the other, as the analyst wrote them.
    """

    id: str
    name: str
    columns: list[str]
    rows: list[tuple[str, list[str]]]


def list_rules(engine: Engine) -> list[Rules]:
    """Those that are deployed, each as a table people can read."""
    with engine.database.read() as connection:
        newest = engine.catalogue.newest(connection).get(DECISION, {})
        found = [(newest[key], engine.catalogue.decision(connection, newest[key])) for key in TABLES if key in newest]
    return [_describe(definition_id, table) for definition_id, table in found if isinstance(table, DecisionTable)]


def _describe(definition_id: str, table: DecisionTable) -> Rules:
    columns = [one.label for one in table.inputs] + [one.label for one in table.outputs]
    rows = [
        (" ".join(rule.annotations), [test.text for test in rule.tests] + [result.text for result in rule.results])
        for rule in table.rules
    ]
    return Rules(definition_id, table.name, columns, rows)
