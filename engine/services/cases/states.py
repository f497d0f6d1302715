"""The state machine of a service case (F.3). `move` is the only function that changes `service_case.state`."""

from collections.abc import Mapping

from sqlalchemy import Connection, RowMapping, select, update

from engine.services.cases.tables import service_case

TRANSITIONS: Mapping[str, frozenset[str]] = {
    "open": frozenset({"triaged", "closed"}),
    "triaged": frozenset({"answered", "responding", "arbitrating", "closed"}),
    "responding": frozenset({"negotiating", "mediating", "decided", "closed"}),
    "negotiating": frozenset({"mediating", "decided", "closed"}),
    "mediating": frozenset({"arbitrating", "decided", "closed"}),
    "arbitrating": frozenset({"decided", "closed"}),
    "decided": frozenset({"appealed", "closed"}),
    "appealed": frozenset({"arbitrating", "closed"}),
    "answered": frozenset({"closed"}),
    "closed": frozenset(),
}
UNDECIDED = frozenset({"open", "triaged", "responding", "negotiating", "mediating", "arbitrating"})
"""The states in which the claim may still be withdrawn; a case that closes out of one of them was withdrawn."""


def fetch_case_row(connection: Connection, case_ref: str) -> RowMapping:
    """The row of a case. Raises LookupError if there is none."""
    row = connection.execute(select(service_case).where(service_case.c.ref == case_ref)).mappings().one_or_none()
    if row is None:
        raise LookupError(f"Expected a service case, but found none under {case_ref!r}")
    return row


def move(connection: Connection, case_ref: str, state: str, **values: object) -> None:
    """Brings a case into another state and writes `values` with it. Raises ValueError for a transition F.3 lacks."""
    before = fetch_case_row(connection, case_ref)["state"]
    if state not in TRANSITIONS[before]:
        raise ValueError(f"Expected one of {sorted(TRANSITIONS[before])} after {before}, but got {state!r}")
    change(connection, case_ref, {"state": state, **values})


def change(connection: Connection, case_ref: str, values: Mapping[str, object]) -> None:
    """Writes values of a case."""
    connection.execute(update(service_case).where(service_case.c.ref == case_ref).values(dict(values)))
