"""Plays one scenario on a stage, step by step, and says where it was not as written."""

from engine.scenarios.comparing import compare, find_incidents
from engine.scenarios.failures import ScenarioFailed
from engine.scenarios.model import (
    Answer,
    Claim,
    Command,
    Complete,
    Expect,
    Expectation,
    Message,
    PayIn,
    Provider,
    Scenario,
    Signal,
    Start,
    Step,
    Wait,
    WaitUntilDue,
)
from engine.scenarios.stage import Stage, explain


def play(stage: Stage, scenario: Scenario) -> None:
    """Plays what is new in a scenario of a process, and compares what came of it. Raises ScenarioFailed."""
    known = scenario.continues.roles if scenario.continues else {}
    stage.admit(scenario.roles, known)
    steps: list[Step | Start] = [*scenario.given, *([scenario.start] if scenario.start else []), *scenario.steps]
    expected = scenario.expectation
    assert expected is not None
    for step in steps:
        try:
            _do(stage, step)
        except ScenarioFailed:
            raise
        except Exception as error:  # whatever a step raises fails the scenario, and must not end the others
            raise ScenarioFailed(step.place, explain(error)) from error
        if stage.case_id and not expected.incidents and (found := find_incidents(stage, frozenset())):
            raise ScenarioFailed(step.place, *found)
    _check(stage, expected)


def _check(stage: Stage, expected: Expectation) -> None:
    if differences := compare(stage, expected):
        raise ScenarioFailed(expected.where(differences[0].part), *(one.text for one in differences))


def _do(stage: Stage, step: Step | Start) -> None:
    match step:
        case Start():
            stage.start(step)
        case Complete(_, element, by, form, about):
            stage.complete(element, by, form, about)
        case Claim(_, element, by):
            stage.claim(element, by)
        case Command(_, name, by, values):
            stage.command(name, by, values)
        case Message(place, name, payload):
            stage.deliver(place, name, payload)
        case Signal(_, name, payload):
            stage.broadcast(name, payload)
        case Answer(place, element, result, error):
            stage.answer(place, element, result, error)
        case Wait(_, duration):
            stage.wait(duration)
        case WaitUntilDue(place, timer):
            stage.wait_until_due(place, timer)
        case PayIn(_, amounts_fen):
            stage.pay_in(amounts_fen)
        case Provider(_, rules):
            stage.change_provider(rules)
        case Expect(_, expectation):
            _check(stage, expectation)
