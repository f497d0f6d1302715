"""`./run replay`: plays recorded cases again, in memory, and tells the first thing that would be otherwise."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import orjson
from sqlalchemy import or_, select

from engine.commands.deployments import DefinitionInvalid, check, read_candidates
from engine.definitions.catalogue import UnknownDefinition
from engine.language.errors import EngineError
from engine.language.values import hide_references
from engine.queries.replays import list_last_cases, replay_cases
from engine.runtime.engine import Engine
from engine.runtime.replay import Difference, Drafts, Ending, Reason, Replay, Target
from engine.storage.actor import SYSTEM
from engine.storage.plain import Plain, PlainDict
from engine.storage.settings import read_settings
from engine.storage.tables import instance
from web.texts import Language, text_in

SPOKEN: Language = "en"  # in a terminal
LAST = 100
MOST = 1_000_000_000
MAX_SHOWN_CHARACTERS = 200
PERSONAL = "…"
ABOUT_EVENTS = frozenset({Reason.ELEMENT, Reason.FAILED, Reason.WAIT, Reason.SENT})


class NotADefinition(EngineError):
    """A file that no case could run on."""

    def __init__(self, path: str) -> None:
        super().__init__(f"Expected a diagram, a table, a form, a policy or a calendar, but {path} is none", path=path)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("case", nargs="?", help="the id or the number of a case")
    chosen.add_argument("--all", metavar="PROCESS", help="the last cases of a process instead of one case")
    parser.add_argument("--last", type=_count, help=f"how many of them, {LAST} unless told otherwise")
    parser.add_argument("--with", dest="files", nargs="+", type=Path, default=[], help="files in the place of deployed")
    parser.add_argument(
        "--newest", action="store_true", help="on what is deployed now, not on the versions of the case"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a case")


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"Expected a number from 1 to {MOST}, but got {text}")
    return int(text)


def run_replay(options: argparse.Namespace, name_file: Callable[[Path], str]) -> int:
    """Plays and tells; 1 if anything differs, 2 if nothing could be played."""
    files = {name_file(path): path.read_bytes() for path in options.files}
    engine = Engine(read_settings(), may_be_new=False)
    try:
        drafts = _read_drafts(engine, files)
        ids = _find_cases(engine, options.case, options.all, options.last or LAST)
        if not ids:
            print("Expected a case with this id or number, or cases of this process, but found none.", file=sys.stderr)
            return 2
        results = replay_cases(engine, SYSTEM, ids, Target(engine, drafts, is_newest=options.newest))
        return _tell(results, as_json=options.json)
    except DefinitionInvalid as refused:
        print("\n".join(f"{one.file}: {one.element}: {one.message}" for one in refused.findings), file=sys.stderr)
        return 2
    except (EngineError, UnknownDefinition) as error:  # no definition, or one that others need is not there
        print(error, file=sys.stderr)
        return 2
    finally:
        engine.close()


def _read_drafts(engine: Engine, files: Mapping[str, bytes]) -> Drafts:
    """Raises NotADefinition, and DefinitionInvalid for what could not be deployed."""
    if errors := [one for one in check(engine, files) if one.severity == "error"]:
        raise DefinitionInvalid(errors)
    drafts: dict[tuple[str, str], bytes] = {}
    for path, content in files.items():
        found = [*read_candidates(path, content)]
        if not found:
            raise NotADefinition(path)
        drafts |= {(one.kind, one.key): one.content for one in found}
    return drafts


def _find_cases(engine: Engine, case: str | None, process_key: str | None, last: int) -> list[str]:
    if process_key is not None:
        return list_last_cases(engine, SYSTEM, process_key, last)
    query = select(instance.c.id).where(or_(instance.c.id == case, instance.c.business_key == case))
    with engine.database.read() as connection:
        return [*connection.execute(query.order_by(instance.c.id)).scalars()]


def _tell(results: Iterable[Replay], *, as_json: bool) -> int:
    counts = Counter[str]()
    for result in results:
        counts[result.difference.kind.value if result.difference else "same"] += 1
        if as_json:
            print(json.dumps(to_json(result), ensure_ascii=False))
        else:
            print("\n".join(describe_replay(result, SPOKEN)))
    if not as_json and counts.total() > 1:
        names = {kind: text_in(SPOKEN, f"replay.kind.{kind}") for kind in counts}
        print(", ".join(f"{count} {names[kind]}" for kind, count in sorted(counts.items())))
    return 0 if counts.total() == counts["same"] else 1


def to_json(result: Replay) -> PlainDict:
    """A result for programs, without references to personal data."""
    told: PlainDict = orjson.loads(orjson.dumps(_hide(asdict(result))))
    words = describe_difference(result.difference, SPOKEN) if result.difference else None
    return {"same": result.is_same, **told, "words": words}


def describe_replay(result: Replay, language: Language) -> list[str]:
    """A result in words, a line each: how it compares, how it ends, and up to where that can be known."""
    name = f"{result.process_key} {result.business_key or result.instance_id}"
    found, stopped = result.difference, result.stopped
    if found is None:
        return [f"{name}: {text_in(language, 'replay.same', steps=result.steps)}"]
    words = describe_difference(found, language)
    lines = [f"{name}: {text_in(language, 'replay.differs', seq=found.seq, words=words)}"]
    if stopped is not None and stopped is not found:
        words = describe_difference(stopped, language)
        lines.append(f"  {text_in(language, 'replay.unknown', seq=stopped.seq, words=words)}")
    elif result.now is not None and result.now != result.before:
        before, now = (_describe_ending(one) for one in (result.before, result.now))
        lines.append(f"  {text_in(language, 'replay.ends', before=before, now=now)}")
    return lines


def describe_difference(difference: Difference, language: Language) -> str:
    """Where two runs part, in words."""
    show = _show_event if difference.reason in ABOUT_EVENTS else _show
    told = {name: _show(value, language) for name, value in difference.facts.items()}
    told |= {name: show(value, language) for name, value in (("before", difference.before), ("now", difference.now))}
    if difference.reason is Reason.NOT_OPEN and isinstance(difference.now, list):
        told["now"] = ", ".join(map(str, difference.now)) or text_in(language, "replay.none")
    return text_in(language, f"replay.reason.{difference.reason.value}", element=difference.element or "", **told)


def _describe_ending(ending: Ending) -> str:
    return f"{ending.status} ({ending.outcome})" if ending.outcome else ending.status


def _show(value: Plain, language: Language) -> str:
    """A value as text."""
    if value is None:
        return text_in(language, "replay.none")
    if isinstance(value, str):
        return value
    shown = orjson.dumps(_hide(value)).decode()
    return shown if len(shown) <= MAX_SHOWN_CHARACTERS else shown[:MAX_SHOWN_CHARACTERS] + "…"


def _show_event(event: Plain, language: Language) -> str:
    """What happened, or what was waited for."""
    if not isinstance(event, dict):
        return text_in(language, "replay.none")
    key = f"replay.wait.{event['awaits']}" if "awaits" in event else f"replay.token.{event['kind']}"
    facts = {name: event.get(name, "") for name in ("element", "name", "due_at")}
    return text_in(language, key, correlation_key=event.get("key", ""), **facts)


def _hide(value: object) -> object:
    """The value without references to personal data."""
    return _mask(hide_references(value, []))


def _mask(value: object) -> object:
    if isinstance(value, tuple):
        return PERSONAL
    if isinstance(value, dict):
        return {name: _mask(part) for name, part in value.items()}
    return [_mask(part) for part in value] if isinstance(value, list) else value
