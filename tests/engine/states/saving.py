"""Makes the set of saved states of a release: `python -m tests.engine.states.saving 0.2.0`."""

import sys
import tempfile
from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
import zstandard

from engine.definitions.catalogue import PROCESS
from engine.language.specs.task import OPEN
from engine.records.history import read_stream
from engine.runtime.engine import Engine
from engine.storage.schema import upgrade_schema
from engine.storage.settings import Settings
from tests.engine.language.reference.comparison import Comparison
from tests.engine.language.reference.maker import Maker
from tests.support.former import keep_former_instances, read_former_instances
from tests.support.stage import deploy_all
from web.demo.data import load_demo
from web.services import load_services

FOLDER = Path(__file__).parent
KINDS, SHIPPED = "kinds.json.zst", "shipped.json.zst"
SEEDS = range(40)
LEVEL = 19


def main(release: str) -> None:
    """Writes both files into the folder of the release."""
    folder = FOLDER / release
    folder.mkdir(exist_ok=True)
    for name, content in ((KINDS, [*save_kinds()]), (SHIPPED, save_shipped())):
        (folder / name).write_bytes(zstandard.compress(orjson.dumps(content), LEVEL))


def read_saved(path: Path) -> Any:
    """What a file of a set holds."""
    return orjson.loads(zstandard.decompress(path.read_bytes(), 1 << 28))


def read_state(saved: str) -> bytes:
    """A state of a set as it is stored. Up to 0.1.0 the sets hold the text that is compressed in it."""
    return zstandard.compress(saved.encode()) if saved.startswith("{") else b64decode(saved)


def save_kinds() -> Iterator[dict[str, Any]]:
    """Cases of random diagrams: the state and the events of each step, and the act that came next."""
    for seed in SEEDS:
        diagram = Maker(seed).make_diagram()
        run = Comparison(diagram, 0, compacting=True, fresh_specs=False)
        steps = []
        while True:
            trial = run.trial
            step: dict[str, Any] = {
                "state": b64encode(trial.state).decode(),
                "events": trial.steps[-1],
                "open": trial.open_elements(),
            }
            steps.append(step)
            if run.run.is_done:
                break
            step["act"] = _describe_next(run)
        yield {
            "xml": diagram.xml.decode(),
            "called": [*diagram.called],
            "steps": steps,
            "data": run.trial.data,
            "outcome": run.trial.outcome,
        }


def _describe_next(run: Comparison) -> dict[str, Any]:
    """Takes the next step; gives the act: which of the tasks of its element, in the order they are found, and how."""
    case = run.trial.open()[0]
    task_id, verb, values = run.play_one()
    task = case.get_task_from_id(task_id)
    same = [one.id for one in case.tokens() if one.task_spec.name == task.task_spec.name]
    return {"spec": task.task_spec.name, "place": same.index(task_id), "verb": verb, "values": values}


def save_shipped() -> dict[str, Any]:
    """The demo cases at every set of places where they waited: state, events so far, and the diagrams of all."""
    load_services()
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        engine = Engine(Settings(data_dir=folder, password_cost=1))
        stack.callback(engine.close)
        upgrade_schema(engine.database)
        deploy_all(engine)
        with keep_former_instances(folder / "baton.db", folder / "former.db"):
            load_demo(engine)
        former = read_former_instances(folder / "former.db")
        with engine.database.read() as connection:
            pins = engine.catalogue.pins(connection, former[0]["pin_set_id"])
            keys = pins.ids[PROCESS]
            diagrams = {key: engine.catalogue.content(connection, one)["content"].decode() for key, one in keys.items()}
            cases = [*_choose(connection, former)]
    return {"diagrams": diagrams, "cases": cases}


def _choose(connection: Any, former: list[Any]) -> Iterator[dict[str, Any]]:
    seen: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for case, versions in groupby(former, key=lambda row: row["id"]):
        last = {row["history_seq"]: row for row in versions}  # a step may write its row twice
        events: list[Any] = []
        for row in read_stream(connection, case):
            version, events = last[row.seq], [*events, *row.events]
            state = version["state"]
            places = tuple(sorted(_list_open(orjson.loads(zstandard.decompress(state)))))
            if version["status"] == "active" and places not in seen[version["process_key"]]:
                seen[version["process_key"]].add(places)
                yield {"process": version["process_key"], "state": b64encode(state).decode(), "events": events}


def _list_open(state: dict[str, Any]) -> set[str]:
    """The names of the specs of all open tasks."""
    scopes = (state, *state.get("inner", []))
    return {row[3] for scope in scopes for row in scope["tasks"] if row[2] & OPEN}


if __name__ == "__main__":
    main(sys.argv[1])
