"""Timers: they only arm; due instants, months, cycles."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.language.errors import TaskNotWaiting, ValueUnfit
from engine.language.specs.durations import add_duration, parse_duration
from engine.language.specs.schedules import continue_cycle, due_of, find_due, start_cycle
from engine.language.workflow import Case
from engine.storage.plain import PlainDict
from tests.engine.diagrams import boundary, bpmn, catch, end, flow, process, start, timer, user
from tests.engine.language.trial import BEGIN, Trial, TrialHost

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def in_berlin() -> TrialHost:
    host = TrialHost()
    host.zone = BERLIN
    return host


@pytest.mark.parametrize(
    ("text", "begin", "due"),
    [
        ("PT1H30M", "2026-01-31T10:00", "2026-01-31T11:30"),
        ("P1M", "2026-01-31T10:00", "2026-02-28T10:00"),
        ("P1M", "2024-01-31T10:00", "2024-02-29T10:00"),
        ("P1Y", "2024-02-29T10:00", "2025-02-28T10:00"),
        ("P13M", "2026-12-31T10:00", "2028-01-31T10:00"),
        ("P1M1D", "2026-01-31T10:00", "2026-03-01T10:00"),
        ("P2W3D", "2026-01-01T00:00", "2026-01-18T00:00"),
        ("PT0.5S", "2026-01-01T00:00", "2026-01-01T00:00:00.5"),
        ("P1Y2M3DT4H5M6S", "2026-01-01T00:00", "2027-03-04T04:05:06"),
        ("PT1.5H", "2026-01-01T00:00", "2026-01-01T01:30"),
        ("P1,5D", "2026-01-01T00:00", "2026-01-02T12:00"),
        ("P1M", "2026-02-28T20:00", "2026-03-31T20:00"),  # in Shanghai from the first to the first
    ],
)
def test_durations(text: str, begin: str, due: str) -> None:
    assert add_duration(at(begin), parse_duration(text), TrialHost().zone) == at(due)


@pytest.mark.parametrize(
    "text", ["P", "PT", "P1", "1H", "PT1D", "P1H", "P1DT", "pt1h", "P1.5DT1H", "P1.5M", "+P1D", " PT1H", "", "PT１H"]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueUnfit, match="Expected an ISO 8601 duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("-PT1H", "goes forward in time"),
        ("P-1D", "goes forward in time"),
        ("PT-5.0S", "goes forward in time"),
        ("PT0S", "longer than zero"),
        ("P0D", "longer than zero"),
        ("P0Y0M0DT0H", "longer than zero"),
    ],
)
def test_nothing_goes_backward_or_stands_still(text: str, message: str) -> None:
    with pytest.raises(ValueUnfit, match=message):
        parse_duration(text)


def test_what_leads_beyond_the_last_year_is_said() -> None:
    with pytest.raises(ValueUnfit, match="before the year 10000"):
        find_due("P9000Y", BEGIN, TrialHost())


@pytest.mark.parametrize("text", ["2026-01-01", "2026-02-30T10:00", "tomorrow", "0 9 * * *", "R3/PT1H"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueUnfit, match="Expected a date with its time of day"):
        find_due(text, BEGIN, TrialHost())


def test_a_date_without_a_zone_is_one_of_the_platform() -> None:
    assert find_due("2026-12-31T18:00", BEGIN, TrialHost()) == at("2026-12-31T10:00")
    assert find_due("2026-12-31T18:00", BEGIN, in_berlin()) == at("2026-12-31T17:00")
    assert find_due("2026-12-31T18:00-05:00", BEGIN, TrialHost()) == at("2026-12-31T23:00")


@pytest.mark.parametrize(
    "text",
    [
        "R0/PT1H",
        "R3",
        "3/PT1H",
        "R/",
        "R3/2026-01-01T00:00:00Z",
        "RR/PT1H",
        "R-1/PT1H",
        "R/2026-01-01T00:00/2026-02-01T00:00/P1D",
        "R/P1D/2026-01-01T00:00/2026-02-01T00:00",
        "0 9 * *",
        "PT1H",
    ],
)
def test_what_is_no_repetition(text: str) -> None:
    with pytest.raises(ValueUnfit, match="Expected a repetition"):
        start_cycle(text, BEGIN, TrialHost())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("R/PT0S", "longer than zero"),
        ("R/-PT1H", "goes forward"),
        ("R/WT:P0D", "longer than zero"),
        ("R/2026-13-01T00:00/P1D", "date with its time of day"),
        ("R/P1D/2026-11-21T09:00", "an end after the first turn"),
        ("0 25 * * *", "five fields, minute hour day month weekday"),
        ("0 9 30 2 *", "five fields|a day that comes"),
        ("0 9 * * XYZ", "five fields"),
    ],
)
def test_what_is_wrong_with_a_repetition(text: str, message: str) -> None:
    with pytest.raises(ValueUnfit, match=message):
        start_cycle(text, BEGIN, TrialHost())


def dues(text: str, begin: datetime, count: int, host: TrialHost | None = None) -> list[str]:
    found: list[str] = []
    calendar = host or TrialHost()
    cycle: PlainDict | None = start_cycle(text, begin, calendar)
    while cycle is not None and len(found) < count:
        found.append(str(cycle["due"]))
        cycle = continue_cycle(cycle, due_of(cycle), calendar)
    return found


def walls(text: str, begin: str, count: int) -> list[str]:
    """What the clock on a wall in Berlin shows at each turn."""
    found = dues(text, datetime.fromisoformat(begin).replace(tzinfo=BERLIN), count, in_berlin())
    return [datetime.fromisoformat(due).astimezone(BERLIN).isoformat()[5:16] for due in found]


@pytest.mark.parametrize(
    ("text", "begin", "shown"),
    [
        ("R/P1D", "2026-03-27T09:00", ["03-28T09:00", "03-29T09:00", "03-30T09:00"]),
        ("R/P1D", "2026-10-24T09:00", ["10-25T09:00", "10-26T09:00", "10-27T09:00"]),
        ("R/PT24H", "2026-03-28T09:00", ["03-29T10:00", "03-30T10:00", "03-31T10:00"]),  # hours are exact
        ("R/P1D", "2026-03-27T02:30", ["03-28T02:30", "03-29T03:30", "03-30T02:30"]),  # 02:30 does not exist
        ("R/P1D", "2026-10-23T02:30", ["10-24T02:30", "10-25T02:30", "10-26T02:30"]),  # it is there twice: once
        ("0 9 * * *", "2026-03-28T12:00", ["03-29T09:00", "03-30T09:00", "03-31T09:00"]),
        ("0 9 * * MON-FRI", "2026-10-23T12:00", ["10-26T09:00", "10-27T09:00", "10-28T09:00"]),
        ("30 2 * * *", "2026-03-28T02:30", ["03-29T03:00", "03-30T02:30", "03-31T02:30"]),
        ("30 2 * * *", "2026-10-24T02:30", ["10-25T02:30", "10-26T02:30", "10-27T02:30"]),
        ("*/30 * * * *", "2026-03-29T01:00", ["03-29T01:30", "03-29T03:00", "03-29T03:30"]),
        ("0 0 L * *", "2028-01-31T12:00", ["02-29T00:00", "03-31T00:00", "04-30T00:00"]),  # a leap year
    ],
)
def test_turns_where_summer_time_begins_and_ends(text: str, begin: str, shown: list[str]) -> None:
    assert walls(text, begin, 3) == shown


def test_turns_between_a_start_and_an_end() -> None:
    assert dues("R/PT1H/2026-11-21T18:30", BEGIN, 9) == ["2026-11-21T09:00:00Z", "2026-11-21T10:00:00Z"]
    between = "R5/2026-12-01T09:00/P1D/2026-12-03T09:00"
    assert dues(between, BEGIN, 9) == ["2026-12-01T01:00:00Z", "2026-12-02T01:00:00Z", "2026-12-03T01:00:00Z"]
    assert len(dues("R2/2026-12-01T09:00/P1D/2027-12-03T09:00", BEGIN, 9)) == 2


@pytest.mark.parametrize("text", ["R/PT1H", "R/P1D", "R/P1M", "R2000/PT1H", "R40/P1D", "R/WT:P1D", "0 * * * *"])
def test_skipping_what_was_missed_leads_where_every_turn_leads(text: str) -> None:
    host, back = TrialHost(), BEGIN + timedelta(days=41, hours=5, minutes=7)
    cycle = start_cycle(text, BEGIN, host)
    slow: PlainDict | None = cycle
    while slow is not None and due_of(slow) <= back:
        slow = continue_cycle(slow, due_of(slow), host)
    fast = continue_cycle(cycle, back, host)
    assert fast is None or slow is None or (fast["due"], fast["left"]) == (slow["due"], slow["left"])
    assert (fast is None) == (slow is None) == (text == "R40/P1D")


def test_a_year_of_seconds_is_skipped_at_once() -> None:
    cycle = start_cycle("R/PT1S", BEGIN, TrialHost())
    following = continue_cycle(cycle, BEGIN + timedelta(days=400, milliseconds=300), TrialHost())
    assert following is not None
    assert due_of(following) == BEGIN + timedelta(days=400, seconds=1)


def test_monthly_cycle_does_not_drift() -> None:
    assert [due[:10] for due in dues("R/P1M", at("2026-01-31T10:00"), 4)] == [
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
        "2026-05-31",
    ]


def test_cycle_with_a_start_with_a_count_and_in_working_time() -> None:
    assert dues("R2/2026-02-01T00:00:00Z/P1D", BEGIN, 9) == ["2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z"]
    assert len(dues("R3/PT1H", BEGIN, 9)) == 3
    assert [due[:10] for due in dues("R/WT:P2D", BEGIN, 3)] == ["2026-11-24", "2026-11-26", "2026-11-30"]


def one_timer(text: str, kind: str = "timeDuration") -> bytes:
    return bpmn(process("p", start(), catch("w", timer(text, kind)), user("after"), end(), flow("s w after e")))


@pytest.mark.parametrize(
    ("text", "kind", "due"),
    [
        ("PT1H", "timeDuration", BEGIN + timedelta(hours=1)),
        ("2026-12-24T18:00:00+08:00", "timeDate", at("2026-12-24T10:00")),
        ("${deadline}", "timeDate", at("2026-12-01T00:00")),
        ("${cfg.wait}", "timeDuration", BEGIN + timedelta(days=2)),
        ("WT:P1D", "timeDuration", at("2026-11-23T08:00")),
        ("${work}", "timeDuration", at("2026-11-24T08:00")),
        ("${timedelta(hours=hours)}", "timeDuration", BEGIN + timedelta(hours=5)),
        ("${datetime.fromisoformat(deadline) - timedelta(days=1)}", "timeDate", at("2026-11-30T00:00")),
    ],
)
def test_due_is_computed_once_and_firing_is_a_step_of_its_own(text: str, kind: str, due: datetime) -> None:
    data: PlainDict = {"deadline": "2026-12-01T00:00:00+00:00", "cfg": {"wait": "P2D"}, "work": "WT:P2D", "hours": 5}
    trial = Trial(one_timer(text, kind), data=data)
    assert trial.dues() == {"w": due}
    trial.host.at += timedelta(days=400)  # late, but nobody has said that it fires
    trial.step(lambda case: case.do_engine_steps())
    assert trial.dues() == {"w": due}
    trial.fire("w")
    assert trial.open_elements() == ["after"]
    assert trial.dues() == {}


def test_a_timer_fires_once() -> None:
    trial = Trial(one_timer("PT1H"))

    def twice(case: Case) -> None:
        task = case.find("w")
        case.fire_timer(task)
        with pytest.raises(TaskNotWaiting):
            case.fire_timer(task)

    trial.step(twice)
    assert trial.log("completed").count(("completed", "w")) == 1


@pytest.mark.parametrize("text", ["${missing}", "${5}", "${'soon'}", "${timedelta(hours=-1)}", "${timedelta()}"])
def test_a_time_that_is_none_is_an_incident_and_can_be_retried(text: str) -> None:
    trial = Trial(one_timer(text))
    assert trial.open_elements() == ["w"]
    assert [element for element, _ in trial.host.incidents] == ["w"]
    assert trial.dues() == {}
    trial.retry("w")
    assert len(trial.host.incidents) == 2


def reminded(text: str) -> bytes:
    return bpmn(
        process(
            "p",
            start(),
            user("u"),
            boundary("rem", "u", timer(text, "timeCycle"), False),
            user("note"),
            end(),
            end("e2"),
            flow("s u e"),
            flow("rem note e2"),
        )
    )


def test_cycle_fires_so_often_on_its_own_schedule() -> None:
    trial = Trial(reminded("R3/PT1H"))
    for hour in (1, 2, 3):
        assert trial.dues() == {"rem": BEGIN + timedelta(hours=hour)}
        trial.fire("rem")
    assert trial.dues() == {}
    assert trial.open_elements() == ["note", "note", "note", "u"]
    trial.complete("u")
    for _ in range(3):
        trial.complete("note")
    assert trial.is_done


def test_no_storm_after_an_outage() -> None:
    trial = Trial(reminded("R/PT1H"))
    trial.host.at += timedelta(hours=5, minutes=30)
    trial.fire("rem")
    assert trial.dues() == {"rem": BEGIN + timedelta(hours=6)}
    assert trial.open_elements() == ["note", "rem", "u"]
    trial = Trial(reminded("R3/PT1H"))
    trial.host.at += timedelta(hours=5)
    trial.fire("rem")
    assert trial.dues() == {}


def test_cycle_from_data_and_end_with_the_host() -> None:
    trial = Trial(reminded("${every}"), data={"every": "R/P1D"})
    trial.fire("rem").complete("note").fire("rem").complete("note").complete("u")
    assert trial.is_done
    assert trial.log("cancelled") == [("cancelled", "rem")]
