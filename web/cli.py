"""The verbs of `./run`."""

import argparse
import errno
import json
import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from fcntl import LOCK_EX, flock
from pathlib import Path

import orjson

from engine.commands.deployments import DefinitionInvalid, deploy
from engine.commands.imports import complete_file
from engine.definitions.findings import Finding
from engine.definitions.lint import lint_paths
from engine.language.lines import answer_line
from engine.language.sandbox import Sandbox
from engine.runtime.engine import Engine
from engine.services.checkpoints.jobs import schedule_checkpoints
from engine.services.ledger.nightly import schedule_checks
from engine.services.reconciliation.jobs import schedule_reconciliation
from engine.services.verification import ShippedCheck, count_rows, verify
from engine.storage.actor import SYSTEM
from engine.storage.clock import system_clock
from engine.storage.schema import SchemaUnsafe, check_triggers, upgrade_schema
from engine.storage.settings import Settings, read_settings
from web.assets.build import AssetsUnavailable, build
from web.demo import PASSWORD
from web.demo.data import LOGINS, load_demo
from web.demo.disputing import play_dispute
from web.demo.expressing import play_express
from web.demo.founding import play_founding
from web.demo.handling import play_todos
from web.demo.joining import play_joining
from web.demo.play import play
from web.demo.repairing import play_repair
from web.demo.running import CATEGORIES, CLASSES, play_errand
from web.demo.working import AWARDS, MODES, play_work
from web.refusals import tell_refusals
from web.replaying import add_arguments, run_replay
from web.repository import ROOT, read_definitions
from web.scenarios import run_scenarios
from web.services import load_services
from web.serving import Server
from web.workers import run_worker

DEMOS = (
    "hire_order",
    "normal_task",
    "express_task",
    "errand",
    "individual_onboarding",
    "enterprise_onboarding",
    "service_case",
    "todo_handling",
    "repair_collaboration",
)
PLAYED_REMOTELY = DEMOS[0]


def main(arguments: list[str]) -> int:
    """Runs one verb; its exit code."""
    options = read_arguments(arguments)
    load_services()
    return tell_refusals(lambda: run_verb(options), refused=2 if options.verb == "replay" else 1)


def run_verb(options: argparse.Namespace) -> int:
    """What the arguments ask for; the exit code."""
    if options.verb == "lint":
        return run_lint(options.files, options.json)
    if options.verb == "scenarios":
        return run_scenarios(options.paths, coverage=options.coverage, as_json=options.json)
    if options.verb == "demo":
        return run_demo(options)
    if options.verb in ("web", "worker"):
        return run_process(options)
    if options.verb == "deploy":
        return run_deploy(options.files)
    if options.verb == "replay":
        return run_replay(options, name_file)
    if options.verb == "bench":  # in a process of its own: nothing of this one is measured along
        given = [f"--{name}" for name in ("quick", "json") if getattr(options, name)]
        return subprocess.call([sys.executable, "-m", "bench", *given, *options.names])
    if options.verb == "verify":
        return run_verify(options.checkpoints)
    return {"serve": serve, "prepare": prepare, "expr": run_expressions}[options.verb]()


def run_demo(options: argparse.Namespace) -> int:
    """Plays a case; 0 if every proof held."""
    if options.process == "enterprise_onboarding":
        return play_founding()
    if options.process == "individual_onboarding":
        return play_joining()
    if options.process == "service_case":
        return play_dispute()
    if options.process == "normal_task":
        return play_work(options.mode, options.award, options.workers)
    if options.process == "express_task":
        return play_express(options.lines)
    if options.process == "errand":
        return play_errand(options.category, options.order_class)
    if options.process == "repair_collaboration":
        return play_repair(options.assistants, options.conflicts)
    if options.process == "todo_handling":
        return play_todos(options.transfers, options.exception)
    return play(options.takers, options.url, options.milestones)


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """The verb and its options; without a verb, `serve`."""
    parser = argparse.ArgumentParser(prog="./run")
    verbs = parser.add_subparsers(dest="verb")
    verbs.add_parser("serve", help="start the application (the default)")
    verbs.add_parser("prepare", help="built assets, schema, definitions and demo data, without serving")
    pages = verbs.add_parser("web", help="on PostgreSQL: serve pages and nothing else; `prepare` comes before")
    pages.add_argument("--processes", type=int, choices=range(1, 65), metavar="N", default=2)
    worker = verbs.add_parser("worker", help="on PostgreSQL: do what is due; as many of them as are needed")
    worker.add_argument("--jobs", type=int, choices=range(1, 65), metavar="N", default=4, help="how many at once")
    lint = verbs.add_parser("lint", help="check diagrams, forms and tables as a deployment would")
    lint.add_argument("files", nargs="+", type=Path)
    lint.add_argument("--json", action="store_true")
    scenarios = verbs.add_parser("scenarios", help="play scenarios on the real engine, each on a database of its own")
    scenarios.add_argument("paths", nargs="*", type=Path, help="files or folders; all of the repository without any")
    scenarios.add_argument("--coverage", action="store_true", help="what they pass, too; 1 if something is left out")
    scenarios.add_argument("--json", action="store_true")
    demo = verbs.add_parser("demo", help="play a whole case and prove its end")
    demo.add_argument("process", choices=DEMOS)
    demo.add_argument("--takers", type=int, default=1)
    demo.add_argument("--milestones", action="store_true", help="an order whose reward is released in three parts")
    demo.add_argument("--mode", choices=MODES, default=MODES[0], help="of a normal task: how it is paid")
    demo.add_argument("--award", choices=AWARDS, default=AWARDS[0], help="of a normal task: who gets its seats")
    demo.add_argument("--workers", type=int, default=2, help="of a normal task: how many seats")
    demo.add_argument("--lines", type=int, default=20, help="of an express task: how many people are on the list")
    demo.add_argument("--category", choices=CATEGORIES, default=CATEGORIES[0], help="of an errand: what it is about")
    demo.add_argument("--class", dest="order_class", choices=CLASSES, default=CLASSES[0], help="of an errand")
    demo.add_argument("--assistants", type=int, default=3, help="of a repair: how many besides the leader")
    demo.add_argument("--conflicts", type=int, default=1, help="of a repair: about how much two of them differ")
    demo.add_argument("--transfers", type=int, default=1, help="of a to-do item: how often it is handed on")
    demo.add_argument("--exception", action="store_true", help="of a to-do item: an exception is filed on the way")
    demo.add_argument("--url", help=f"of {PLAYED_REMOTELY}: play against a running server on this machine")
    replaying = verbs.add_parser("replay", help="play recorded cases again, in memory, and tell what differs")
    add_arguments(replaying)
    proof = verbs.add_parser("verify", help="check everything the database remembers")
    proof.add_argument("--checkpoints", type=Path, help="a file of shipped checkpoints to compare it with")
    verbs.add_parser("expr", help="evaluate expressions and scripts: JSON lines in, JSON lines out")
    bench = verbs.add_parser("bench", help="measure, as ratios within one run")
    bench.add_argument("names", nargs="*", help="which measurements; all without a name")
    bench.add_argument("--quick", action="store_true", help="smaller sizes, rougher figures")
    bench.add_argument("--json", action="store_true", help="one JSON object; the table goes to stderr")
    deployment = verbs.add_parser("deploy", help="deploy files to the database")
    deployment.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args(arguments or ["serve"])
    if options.verb == "demo" and options.url is not None and options.process != PLAYED_REMOTELY:
        demo.error(f"argument --url: expected with {PLAYED_REMOTELY} alone, but got {options.process}")
    if options.verb == "replay" and options.last is not None and options.all is None:
        replaying.error("argument --last: expected with --all alone")
    return options


def serve() -> int:
    """Prepares in a process of its own, for the sandbox must not have run before the server forks, then serves.

    It is forked, for it needs the same modules, and to import them is most of a start.
    """
    settings = read_settings()
    if (problem := find_port_problem(settings)) is not None:
        print(problem, file=sys.stderr)
        return 1
    preparing = multiprocessing.get_context("fork").Process(target=lambda: sys.exit(tell_refusals(prepare)))
    preparing.start()
    preparing.join()
    if preparing.exitcode:
        return preparing.exitcode
    print(f"\nBaton is at http://{settings.host}:{settings.port}")
    print(f"Sign in with the password {PASSWORD} as")
    for login, meaning in LOGINS:
        print(f"  {login:<6} {meaning}")
    print("Ctrl-C ends it.", flush=True)
    sys.argv = ["baton"]  # gunicorn reads the command line
    Server(settings).run()
    return 0


def run_process(options: argparse.Namespace) -> int:
    """One of the processes that share a PostgreSQL database; see docs/operations.md."""
    settings = read_settings()
    if not settings.url.startswith("postgresql"):
        print(
            "Expected BATON_DATABASE_URL to name a PostgreSQL database: on SQLite one process does it all, ./run.",
            file=sys.stderr,
        )
        return 1
    check_prepared(settings)
    if options.verb == "worker":
        print(f"Doing what is due, up to {options.jobs} at once. Ctrl-C ends it.", flush=True)
        return run_worker(settings, options.jobs)
    sys.argv = ["baton"]  # gunicorn reads the command line
    Server(settings, options.processes).run()
    return 0


def check_prepared(settings: Settings) -> None:
    """Raises NotPrepared, KeyUnfit, SchemaUnsafe before anything is started on a database that is not ready for it."""
    engine = Engine(settings, may_be_new=False)
    try:
        with engine.database.read() as connection:
            check_triggers(connection)
    finally:
        engine.close()


def find_port_problem(settings: Settings) -> str | None:
    """Why the server could not listen where the settings say; None if it could."""
    place = f"port {settings.port} on {settings.host}"
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return f"Port {settings.port} on {settings.host} is in use. Set BATON_PORT to another one."
            return f"Expected to listen at {place}, but: {error.strerror}. Look at BATON_HOST and BATON_PORT."
    return None


def prepare() -> int:
    """Built assets, the newest schema, the repository's definitions, and demo data when there is nobody yet."""
    settings = read_settings()
    try:
        build()
    except AssetsUnavailable as problem:
        print(f"{problem}\nBaton runs without icons, live updates, drawn diagrams and editors.", file=sys.stderr)
    engine = Engine(settings)
    try:
        with (settings.data_dir / "prepare.lock").open("w") as turn:
            with suppress(OSError):  # a file system without locks
                flock(turn, LOCK_EX)  # who starts at the same moment finds all of it done
            upgrade_schema(engine.database)
            deploy(engine, SYSTEM, read_definitions(), "repository", only_unknown=True)
            schedule_checks(engine)
            schedule_reconciliation(engine)
            schedule_checkpoints(engine)
            load_demo(engine)
    except DefinitionInvalid as refused:
        print_findings(refused.findings)
        return 1
    finally:
        engine.close()
    return 0


def run_lint(paths: list[Path], as_json: bool) -> int:
    """Findings, one a line; 1 if there are any."""
    findings = lint_paths(paths, shipped=read_definitions())
    for finding in findings:
        if as_json:
            print(json.dumps(finding.to_json(), ensure_ascii=False))
        else:
            print(f"{finding.file}: {finding.element}: {finding.severity}: {finding.message} [{finding.rule}]")
    return 1 if findings else 0


def run_expressions() -> int:
    """Answers every line of the input as it comes; see `answer_line`."""
    sandbox = Sandbox(max_processes=1)
    try:
        for line in sys.stdin.buffer:
            if line.strip():
                answer = answer_line(line, sandbox, system_clock())
                print(orjson.dumps(answer).decode(), flush=True)
    finally:
        sandbox.close()
    return 0


def run_verify(checkpoints: Path | None) -> int:
    """Proves what the database remembers, also while the server runs; 1 and a line per bad row otherwise."""
    if checkpoints is not None and not checkpoints.is_file():
        print(f"Expected a file of shipped checkpoints, but {checkpoints} is none.", file=sys.stderr)
        return 1
    engine = Engine(read_settings(), may_be_new=False)
    try:
        with engine.database.read() as connection:
            try:
                check_triggers(connection)
            except SchemaUnsafe as unsafe:  # the rows that were changed meanwhile are named as well
                print(unsafe)
            counts = count_rows(connection)
        findings = list(verify(engine))
        if checkpoints is not None:
            shipped = ShippedCheck(engine, checkpoints)
            findings += [one for one in shipped.run() if one not in findings]
            print(shipped)
    finally:
        engine.close()
    for finding in findings:
        print(f"{finding.table} {finding.row}: {finding.message}")
    if not findings:
        print("Intact: " + ", ".join(f"{count} {table}" for table, count in counts.items()))
    return 1 if findings else 0


def run_deploy(paths: list[Path]) -> int:
    """Deploys files; 1 and the findings if they are refused."""
    named = {name_file(path): path.read_bytes() for path in paths}
    files = {name: complete_file(name, content) for name, content in named.items()}
    engine = Engine(read_settings(), may_be_new=False)
    try:
        result = deploy(engine, SYSTEM, files, f"deployed by {os.environ.get('USER', 'the operator')}")
    except DefinitionInvalid as refused:
        print_findings(refused.findings)
        return 1
    finally:
        engine.close()
    for one in result.definitions:
        print(f"{one.kind} {one.key} version {one.version}")
    if not result.definitions:
        print("Nothing new: each of these files is deployed already as it is.")
    return 0


def name_file(path: Path) -> str:
    """A path as deployments name it: below the repository where it lies there."""
    absolute = path.resolve()
    return str(absolute.relative_to(ROOT) if absolute.is_relative_to(ROOT) else path)


def print_findings(findings: Iterable[Finding]) -> None:
    """Why files were refused, one line each."""
    for finding in findings:
        print(f"{finding.file}: {finding.element}: {finding.message} [{finding.rule}]", file=sys.stderr)
