"""docs/bpmn-support.md, written from the table."""

from engine.definitions.lint import RULES
from tests.engine.language.support import activities, events, structure
from tests.engine.language.support.rows import Row

TABLE: dict[str, tuple[Row, ...]] = {
    "Tasks": activities.TASKS,
    "Markers of activities": activities.MARKERS,
    "Sub-processes": activities.SUB_PROCESSES,
    "Event sub-processes": activities.EVENT_SUB_PROCESSES,
    "Gateways": structure.GATEWAYS,
    "Start events": events.STARTS,
    "Intermediate events": events.INTERMEDIATE,
    "Boundary events": events.BOUNDARIES,
    "End events": events.ENDS,
    "Sequence flows": structure.FLOWS,
    "Data": structure.DATA,
    "Pools, lanes and drawings": structure.POOLS,
}
PREFACE = """\
# BPMN support

Written by `tests/engine/language/support/page.py` from the table the tests run; do not edit.

Every row is a diagram of its own in `tests/engine/language/elements`. `tests/engine/language/test_bpmn_support.py` runs
each of them, saving and loading the case between all steps, with and without compaction, and asserts the elements that
completed, their order, the data and the end event. Of what is refused it asserts which rule of
[the lint](lint-rules.md) names which element as an error, and an error keeps a file from being deployed. Elements that
are not in this table are refused as well (`element-unknown`). The last column says what SpiffWorkflow 3.2.0 makes of it
where that is wrong or missing.
"""
HEAD = "| element | what happens | diagram | SpiffWorkflow |\n|---|---|---|---|\n"


def write_page() -> str:
    """The Markdown of docs/bpmn-support.md."""
    rows = [row for group in TABLE.values() for row in group]
    refused = sum(bool(row.rule) for row in rows)
    count = f"{len(rows)} rows: {len(rows) - refused} run, {refused} are refused.\n"
    groups = [f"## {title}\n\n{HEAD}" + "\n".join(map(_write_row, group)) + "\n" for title, group in TABLE.items()]
    return "\n".join([PREFACE, count, *groups])


def _write_row(row: Row) -> str:
    what = f"**Refused** (`{row.rule}`): {RULES[row.rule].reason}" if row.rule else row.what
    return f"| {row.title} | {what} | `{row.file}` | {row.fault} |"
