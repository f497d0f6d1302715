"""What earlier releases saved is read, told by its history, and goes on to its end."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from engine.language.errors import BpmnError
from engine.language.migration import move_case
from engine.language.parser import ProcessSpecs, parse_process
from engine.language.script_engine import SandboxEngine
from engine.language.state import freeze, thaw
from engine.language.workflow import Case, TracedTask
from engine.records.rebuild import TOKEN_KINDS, Picture
from tests.engine.language.reference.comparison import answer, refuse
from tests.engine.language.trial import SANDBOX, Trial, TrialHost, describe_live, describe_tokens
from tests.engine.states.saving import KINDS, SHIPPED, read_saved, read_state

RELEASES = sorted(path for path in Path(__file__).parent.iterdir() if (path / KINDS).exists())
EVERY_RELEASE = pytest.mark.parametrize("release", RELEASES, ids=lambda path: str(path.name))
WITH_SHIPPED = pytest.mark.parametrize(
    "release", [one for one in RELEASES if (one / SHIPPED).exists()], ids=lambda path: str(path.name)
)


EVERY = 3  # of so many cases one is run to its end


class Saved(Trial):
    """A case that goes on from a state somebody else saved."""

    def __init__(self, saved: dict[str, Any], at: int) -> None:
        self.mended: set[str] = set()
        self.xml, self.key, self.called_keys = saved["xml"].encode(), "p", tuple(saved["called"])
        self.fresh_specs, self.compacting, self.is_thorough = False, True, False
        self.specs = saved["specs"]
        topics = {"answers": answer, "waits": lambda **_: None, "fails": self._fail_once, "refuses": refuse}
        self.host = TrialHost(topics)  # type: ignore[arg-type]  # called by the names of their inputs
        self.events, self.steps, self.rows, self.waiting, self.picture = [], [], [], set(), Picture()
        for step in saved["steps"][: at + 1]:
            for event in step["events"]:
                self.picture.apply(event)
        self.state = read_state(saved["steps"][at]["state"])

    def act(self, act: dict[str, Any]) -> None:
        def do(case: Case) -> None:
            task = [one for one in case.tokens() if one.task_spec.name == act["spec"]][act["place"]]
            self._do(case, task, act["verb"], act["values"])

        self.step(do)

    def _do(self, case: Case, task: TracedTask, verb: str, values: dict[str, Any]) -> None:
        if verb == "fire":
            self.host.at = max(self.host.at, dict(case.timers())[task.id])
            case.fire_timer(task)
        elif verb == "throw":
            case.throw(task, BpmnError(str(values["code"]), values={"x": "thrown"}))
        elif verb == "release":
            case.release(task)
        elif verb == "retry":
            self.mended.add(task.task_spec.bpmn_id)
            case.retry(task)
        else:
            act = {"complete": case.complete, "deliver": case.deliver, "answer": case.complete_service}[verb]
            act(task, values)

    def _fail_once(self, who: str, **inputs: Any) -> Any:
        if who not in self.mended:
            raise ConnectionError("down")
        self.mended.remove(who)
        return answer(**inputs)


@EVERY_RELEASE
def test_every_kind_of_waiting_goes_on_to_the_end_it_had(release: Path) -> None:
    for number, saved in enumerate(read_saved(release / KINDS)):
        saved["specs"] = parse_process(dict.fromkeys(("p", *saved["called"]), saved["xml"].encode()), "p")
        steps, picture = saved["steps"], Picture()
        for at, step in enumerate(steps):
            for event in step["events"]:
                picture.apply(event)
            live = thaw(read_state(step["state"]), saved["specs"], SandboxEngine(SANDBOX), TrialHost())
            assert describe_tokens(picture.tokens()) == describe_live(live), (number, at)
        if number % EVERY:
            continue
        begin = len(steps) // 3
        trial = Saved(saved, begin)
        for before, after in pairwise(steps[begin:]):
            trial.act(before["act"])
            assert trial.open_elements() == after["open"], number
        assert (trial.is_done, trial.data, trial.outcome) == (True, saved["data"], saved["outcome"])


@WITH_SHIPPED
def test_cases_of_the_shipped_processes_are_read_and_told(release: Path) -> None:
    """They stand where their history says, are saved again as they were, and may go to what they run on already."""
    saved = read_saved(release / SHIPPED)
    diagrams = {key: xml.encode() for key, xml in saved["diagrams"].items()}
    specs: dict[str, ProcessSpecs] = {}
    seen: dict[str, int] = {}
    for one in saved["cases"]:
        key = one["process"]
        specs.setdefault(key, parse_process(diagrams, key))
        case = thaw(read_state(one["state"]), specs[key], SandboxEngine(SANDBOX), TrialHost())
        picture = Picture()
        for event in one["events"]:
            if event["kind"] in TOKEN_KINDS:
                picture.apply(event)
        assert describe_tokens(picture.tokens()) == describe_live(case), key
        again = thaw(freeze(case), specs[key], SandboxEngine(SANDBOX), TrialHost())
        assert describe_live(again) == describe_live(case)
        seen[key] = seen.get(key, 0) + 1
        moved = move_case(case, specs[key], {}, SandboxEngine(SANDBOX), TrialHost())
        assert describe_live(moved) == describe_live(case), "to the diagrams it runs on any case may go"
    assert len(seen) >= 10
    assert sum(seen.values()) >= 60


def test_a_state_of_the_first_version_is_among_them() -> None:
    versions = {
        orjson.loads(zstandard.decompress(read_state(step["state"])))["version"]
        for release in RELEASES
        for saved in read_saved(release / KINDS)
        for step in saved["steps"]
    }
    assert versions == {1, 2}
