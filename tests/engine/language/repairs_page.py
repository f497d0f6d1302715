"""The page that lists all repairs, written from the registry and its switches."""

from engine.language.repairs import REPAIRS
from tests.engine.language.faults import FAULTS

PREFACE = """\
# Repairs of SpiffWorkflow

Written by `tests/engine/language/repairs_page.py` from the registry, `engine/language/repairs.py`; do not edit.
`tests/engine/language/test_repairs.py` puts each fault back in turn (`faults.py`) and sees the test named here fail.

| entry | what SpiffWorkflow 3.2.0 does | repaired by (`engine.language`) | test that fails without |
|---|---|---|---|
"""


def write_documentation() -> str:
    """The Markdown of docs/repairs.md."""
    rows = []
    for name, repair in sorted(REPAIRS.items()):
        test = FAULTS[name].test
        rows.append(
            f"| `{name}` | {repair.fault} | `{repair.place}` | `{test.__module__.split('.')[-1]}.{test.__name__}` |"
        )
    return PREFACE + "\n".join(rows) + "\n"
