"""Timers: they only arm; due instants, months, cycles."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.language.errors import TaskNotWaiting, ValueUnfit
from engine.language.specs.durations import add_duration, continue_cycle, find_due, parse_duration, start_cycle
from engine.language.workflow import Case
from engine.storage.plain import PlainDict
from tests.engine.diagrams import boundary, bpmn, catch, end, flow, process, start, timer, user
from tests.engine.language.trial import BEGIN, Trial


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


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
    ],
)
def test_durations(text: str, begin: str, due: str) -> None:
    assert add_duration(at(begin), parse_duration(text)) == at(due)


@pytest.mark.parametrize(
    "text", ["P", "PT", "P1", "1H", "-PT1H", "P-1D", "PT1D", "P1H", "P1DT", "pt1h", "P1.5D", " PT1H", ""]
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueUnfit, match="Expected an ISO 8601 duration"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["2026-01-01", "2026-01-01T10:00", "tomorrow", "0 9 * * *", "R3/PT1H"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueUnfit, match="Expected a duration or an instant with its time zone"):
        find_due(text, BEGIN, lambda _, now: now)


@pytest.mark.parametrize(
    "text", ["R0/PT1H", "R3", "3/PT1H", "R/PT0S", "R3/2026-01-01T00:00:00Z", "RR/PT1H", "R-1/PT1H"]
)
def test_what_is_no_repetition(text: str) -> None:
    with pytest.raises(ValueUnfit, match="Expected a repetition"):
        start_cycle(text, BEGIN, lambda _, now: now)


def dues(text: str, begin: datetime, count: int) -> list[str]:
    def working_time(_: str, start: datetime) -> datetime:
        return start + timedelta(days=3)

    found: list[str] = []
    cycle: PlainDict | None = start_cycle(text, begin, working_time)
    while cycle is not None and len(found) < count:
        found.append(str(cycle["due"]))
        cycle = continue_cycle(cycle, datetime.fromisoformat(str(cycle["due"])), working_time)
    return found


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
    assert [due[:10] for due in dues("R/WT:P1D", BEGIN, 3)] == ["2026-11-24", "2026-11-27", "2026-11-30"]


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


@pytest.mark.parametrize("text", ["${missing}", "${5}", "${'soon'}"])
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
