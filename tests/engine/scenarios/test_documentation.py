"""The page on scenarios: its examples hold, and it names everything there is."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.scenarios.commands import COMMANDS
from engine.scenarios.definitions import Definitions
from engine.scenarios.expectations import EXPECTED
from engine.scenarios.reading import read_scenarios
from engine.scenarios.runner import Runner
from engine.scenarios.steps import VERBS
from tests.support.stage import ROOT
from web.repository import read_definitions

PAGE = (ROOT / "docs/scenarios.md").read_text(encoding="utf-8")


def test_its_examples_hold(tmp_path: Path) -> None:
    definitions = Definitions(read_definitions())
    paths = []
    for number, text in enumerate(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)):
        paths.append(tmp_path / f"example{number}.yaml")
        paths[-1].write_text(text, encoding="utf-8")
    assert len(paths) == 2
    with Runner(definitions) as runner:
        runs = [runner.run(one) for one in read_scenarios(paths, definitions, ZoneInfo("Asia/Shanghai"), tmp_path)]
    assert [run.differences for run in runs] == [(), ()]


def test_it_names_every_step_expectation_and_command() -> None:
    assert [name for name in (*VERBS, *EXPECTED, *COMMANDS) if f"`{name}" not in PAGE] == []
