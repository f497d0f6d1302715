"""Every kind of step does what production would, and what goes otherwise is said with its place."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.scenarios.coverage import find_stale, measure
from engine.scenarios.definitions import Definitions
from engine.scenarios.mutants import find_survivors, list_mutants
from engine.scenarios.parts import ScenarioInvalid
from engine.scenarios.runner import Run, Runner
from tests.engine.scenarios.small import BEGINNING, read, run, small
from tests.support.definitions import FILES, diagram, flow, node, note_form, user

FILLED = """\
  - complete: fill
    by: ann
    form: {note: 三箱, amount_fen: 20.00, photos: [a.png]}
"""


@pytest.fixture(scope="module")
def runner() -> Iterator[Runner]:
    with Runner(small()) as runner:
        yield runner


_numbers = iter(range(1000))


def play(runner: Runner, folder: Path, text: str) -> Run:
    return run(runner, folder, BEGINNING + text, f"trial{next(_numbers)}")


ENDS = {
    "end_arrived": FILLED + "  - {answer: count, with: {counted: 3}}\n  - {message: goods.arrived}\n",
    "end_no_stock": FILLED + "  - {answer: count, error: NO_STOCK}\n",
    "end_holiday": "  - {complete: fill, by: ann, form: {note: 三箱}}\n  - {signal: holiday}\n",
}


@pytest.mark.parametrize("end", ENDS)
def test_messages_signals_and_answers_of_external_services_move_the_case(
    runner: Runner, tmp_path: Path, end: str
) -> None:
    found = play(runner, tmp_path, f"steps:\n{ENDS[end]}outcome: {end}\nopen: []\n")
    assert found.has_passed, found.differences
    assert ("trial", end) in found.coverage.passed


def test_time_passes_from_one_due_instant_to_the_next(runner: Runner, tmp_path: Path) -> None:
    found = play(
        runner,
        tmp_path,
        "steps:\n  - wait: PT59M\n  - expect: {visits: {reminded: 0}}\n  - wait: P3D\n"
        "visits: {reminded: 1}\nopen: {fill: ann}\n",
    )
    assert found.has_passed, found.differences


WRONG = {
    "who may not do it": (
        "steps:\n  - {complete: fill, by: rita, form: {note: x}}\nopen: []\n",
        "9: steps[1]",
        "Expected fill open for rita, but open are: fill (ann)",
    ),
    "a form that is not valid": (
        "steps:\n  - {complete: fill, by: ann, form: {amount_fen: 1}}\nopen: []\n",
        "9: steps[1]",
        "note: ",
    ),
    "a message nobody waits for": (
        "steps:\n  - message: goods.arrived\nopen: []\n",
        "9: steps[1]",
        "Expected the case to wait for goods.arrived, but it waits for nothing",
    ),
    "a timer that does not run": (
        f"steps:\n{FILLED}  - wait_until_due: reminded\nopen: []\n",
        "12: steps[2]",
        "Expected timer reminded to run, but running are: none",
    ),
    "another end": (
        f"steps:\n{ENDS['end_holiday']}outcome: end_arrived\n",
        "11: outcome",
        "Expected the case to end at end_arrived, but it ended at end_holiday",
    ),
    "no end yet": (
        "outcome: end_arrived\n",
        "8: outcome",
        "Expected the case to end at end_arrived, but it still runs: fill (ann)",
    ),
    "other people": (
        "open: {fill: rita}\n",
        "8: open",
        "Expected fill to be open for rita, but it is for ann",
    ),
    "another path": (
        f"steps:\n{ENDS['end_holiday']}path: [gw, count]\nopen: []\n",
        "11: path",
        "Expected the path to pass count behind gw, but there it passed await, holiday, end_holiday",
    ),
    "other data": (
        f"steps:\n{ENDS['end_holiday']}data: {{note: 四箱}}\nopen: []\n",
        "11: data",
        "Expected note to be '四箱', but it is '三箱'",
    ),
    "other money": (
        "steps:\n  - pay_in: {ann: 0.10}\nledger: {wallets: {ann: 0.20}}\nopen: [fill]\n",
        "10: ledger",
        "Expected the wallet of ann to hold 0.20, but it holds 0.10",
    ),
    "other rows": (
        "rows: {party: [{id: ann}]}\nopen: [fill]\n",
        "8: rows",
        "Expected 1 rows in party, but there are",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_goes_otherwise_is_told_with_its_place(runner: Runner, tmp_path: Path, what: str) -> None:
    text, place, difference = WRONG[what]
    found = play(runner, tmp_path, text)
    assert not found.has_passed
    assert str(found.place).partition(".yaml:")[2] == place
    assert any(difference in one for one in found.differences), found.differences


def test_an_incident_fails_the_step_it_comes_from_unless_it_is_expected(runner: Runner, tmp_path: Path) -> None:
    text = f"steps:\n{FILLED}  - {{answer: count, with: {{}}}}\nopen: []\n"
    found = play(runner, tmp_path, text)
    assert str(found.place).endswith(".yaml:12: steps[2]")
    assert "Expected no incident, but count failed: " in found.differences[0]
    assert play(runner, tmp_path, f"{text}incidents: [count]\n").has_passed


def test_whatever_a_step_raises_fails_the_scenario_and_no_other(runner: Runner, tmp_path: Path) -> None:
    too_large = BEGINNING.replace("peer: x", f"peer: {2**70}")
    found = run(runner, tmp_path, too_large + "open: []\n", "too_large")
    assert (str(found.place), found.differences[0]) == (
        "scenarios/too_large.yaml:7: start",
        "TypeError: Integer exceeds 64-bit range",
    )


def test_a_scenario_goes_on_where_another_ends_and_fails_with_it(runner: Runner, tmp_path: Path) -> None:
    read(tmp_path, BEGINNING + f"steps:\n{FILLED}visits: {{fill: 1}}\nopen: []\n", runner.definitions, "first")
    more = "name: {zh: 续, en: More}\ncontinues: first\npeople: {bob: person}\nsteps:\n  - answer: count\n"
    found = run(runner, tmp_path, f"{more}    error: NO_STOCK\noutcome: end_no_stock\n", "second")
    assert found.has_passed, found.differences
    assert ("trial", "fill") in found.coverage.passed
    read(tmp_path, BEGINNING + "open: []\n", runner.definitions, "broken")
    failed = run(runner, tmp_path, more.replace("first", "broken") + "    error: X\nopen: []\n", "third")
    assert "broken.yaml:8: open: the scenario it continues fails" in failed.differences[0]


def test_scenarios_leave_no_trace_in_one_another(runner: Runner, tmp_path: Path) -> None:
    texts = BEGINNING + f"steps:\n{ENDS['end_holiday']}rows: {{instance: [{{outcome: end_holiday}}]}}\nopen: []\n"
    assert [run(runner, tmp_path, texts, name).differences for name in ("one", "two")] == [(), ()]


def test_gaps_and_faults_nobody_notices_are_named(tmp_path: Path) -> None:
    definitions = small()
    with Runner(definitions) as runner:
        found = play(runner, tmp_path, f"steps:\n{ENDS['end_holiday']}outcome: end_holiday\n")
        (measured,) = measure(definitions, ["trial"], found.coverage, {"trial/count": "an example"})
        gaps = {target.name[1]: target for target in measured.gaps}
        assert gaps.keys() >= {"reminded", "end_arrived", "gw_to_count", "no_stock_to_end_no_stock"}
        assert not gaps.keys() & {"fill", "await", "gw_to_await", "count"}  # passed, or left out with a reason
        assert (gaps["gw_to_count"].label_en, measured.count("nodes")) == ("Large? → count", (7, 13))
        assert find_stale({"trial/count": "", "trial/fill": "", "trial/gone": ""}, [measured]) == [
            "trial/fill",
            "trial/gone",
        ]
        mutants = list_mutants(definitions, ["trial"])
        assert [mutant.name for mutant in mutants] == [("trial", "gw_to_count")] * 3
        assert [mutant.fault.partition(" → ")[2] for mutant in mutants] == [
            "not (amount_fen is not None and amount_fen > 100)",
            "not amount_fen is not None and amount_fen > 100",
            "amount_fen is not None and (not amount_fen > 100)",
        ]
        # nothing was typed as amount: only the first and an incident of the second are noticed
        assert find_survivors(runner, [found], mutants) == [mutants[2]]


def test_a_person_starts_a_process_in_the_browser_with_its_form(tmp_path: Path) -> None:
    begun = node("startEvent", "begun", camunda__formKey="trial/note", camunda__initiator="who")
    (path, xml), *_ = diagram(
        "trial", begun + user("check") + node("endEvent", "done") + flow("begun check done")
    ).items()
    started = xml.replace(b'baton:startVariables="who peer"', b'camunda:candidateStarterGroups="individual"')
    text = BEGINNING.replace("{by: ann, values: {who: ann, peer: x}}", "{by: ann, form: {note: 三箱}}")
    with Runner(Definitions({**FILES, **note_form(), path: started})) as runner:
        found = run(runner, tmp_path, f"{text}open: {{check: ann}}\ndata: {{note: 三箱, who: ann}}\n")
        assert found.has_passed, found.differences
        found = run(runner, tmp_path, f"{text.replace('by: ann', 'by: rita')}open: [check]\n", "other")
        assert str(found.place) == "scenarios/other.yaml:7: start"
        with pytest.raises(ScenarioInvalid, match=r"7: start.form.nota: Expected a field of the form trial/note"):
            run(runner, tmp_path, f"{text.replace('note', 'nota')}open: [check]\n", "misspelt")
