"""Events as bytes."""

from engine.records.packing import pack_events, unpack_events
from engine.storage.plain import PlainDict

EVENTS: list[PlainDict] = [
    {"kind": "completed_task", "task": "01a21faba1fb770d971ffbcc292d3387", "element": "fill"},
    {"kind": "state", "version": 2, "status": "active"},
]
# The same, as the first dictionary packed them.
PACKED_BEFORE = bytes.fromhex(
    "28b52ffd2085bd0100540261323166616261316662373730643937316666626363323932643333383766696c6c327d5d0500e08988dd44b01d"
    "aeb116a2e00504"
)


def test_events_come_back_and_are_small() -> None:
    packed = pack_events(EVENTS)
    assert unpack_events(packed) == EVENTS
    assert len(packed) < len(PACKED_BEFORE)


def test_rows_of_the_first_dictionary_are_read() -> None:
    assert unpack_events(PACKED_BEFORE) == EVENTS


def test_what_is_no_row_holds_nothing() -> None:
    for damaged in (b"", b"text", PACKED_BEFORE[:-3], pack_events(EVENTS)[4:]):
        assert unpack_events(damaged) == []
