"""The verbs of `./run`."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from engine.commands.deployments import DefinitionInvalid, deploy
from engine.definitions.lint import lint_paths
from engine.runtime.engine import Engine
from engine.services.verification import count_rows, verify
from engine.storage.actor import SYSTEM
from engine.storage.schema import check_triggers, upgrade_schema
from engine.storage.settings import read_settings
from web.assets.build import build
from web.demo.data import LOGINS, PASSWORD, load_demo
from web.demo.play import play
from web.serving import Server
from web.services import load_services

ROOT = Path(__file__).resolve().parents[1]
SUFFIXES = frozenset({".bpmn", ".dmn", ".form", ".json"})


def main(arguments: list[str]) -> int:
    """Runs one verb; its exit code."""
    parser = argparse.ArgumentParser(prog="./run")
    verbs = parser.add_subparsers(dest="verb")
    verbs.add_parser("serve", help="start the application (the default)")
    verbs.add_parser("prepare", help="schema, definitions and demo data, without serving")
    lint = verbs.add_parser("lint", help="check diagrams, forms and tables as a deployment would")
    lint.add_argument("files", nargs="+", type=Path)
    lint.add_argument("--json", action="store_true")
    demo = verbs.add_parser("demo", help="play a whole case and prove its end")
    demo.add_argument("process", choices=["hire_order"])
    demo.add_argument("--takers", type=int, default=1)
    demo.add_argument("--url")
    verbs.add_parser("verify", help="check everything the database remembers")
    deployment = verbs.add_parser("deploy", help="deploy files to the database")
    deployment.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args(arguments or ["serve"])
    load_services()
    if options.verb == "lint":
        return run_lint(options.files, options.json)
    if options.verb == "demo":
        return play(options.takers, options.url)
    return {"serve": serve, "prepare": prepare, "verify": run_verify}.get(
        options.verb, lambda: run_deploy(options.files)
    )()


def serve() -> int:
    """Prepares in a process of its own, for the sandbox must not have run before the server forks, then serves."""
    settings = read_settings()
    build()
    if code := subprocess.call([sys.executable, "-m", "web.cli", "prepare"]):
        return code
    print(f"\nBaton is at http://{settings.host}:{settings.port}")
    print(f"Sign in with the password {PASSWORD} as")
    for login, meaning in LOGINS:
        print(f"  {login:<12} {meaning}")
    print("Ctrl-C ends it.", flush=True)
    sys.argv = ["baton"]  # gunicorn reads the command line
    Server(settings).run()
    return 0


def prepare() -> int:
    """The newest schema, the repository's definitions, and demo data when there is nobody yet."""
    engine = Engine(read_settings())
    try:
        upgrade_schema(engine.database)
        deploy(engine, SYSTEM, read_definitions(ROOT), "repository")
        load_demo(engine)
    except DefinitionInvalid as refused:
        for finding in refused.findings:
            print(f"{finding.file}: {finding.element}: {finding.message}", file=sys.stderr)
        return 1
    finally:
        engine.close()
    return 0


def run_lint(paths: list[Path], as_json: bool) -> int:
    """Findings, one a line; 1 if there are any."""
    findings = lint_paths(paths)
    for finding in findings:
        if as_json:
            print(json.dumps(finding.to_json(), ensure_ascii=False))
        else:
            print(f"{finding.file}: {finding.element}: {finding.severity}: {finding.message} [{finding.rule}]")
    return 1 if findings else 0


def run_verify() -> int:
    """Proves what the database remembers; 1 and a line per bad row otherwise."""
    engine = Engine(read_settings())
    try:
        with engine.database.read() as connection:
            check_triggers(connection)
            counts = count_rows(connection)
        findings = list(verify(engine))
    finally:
        engine.close()
    for finding in findings:
        print(f"{finding.table} {finding.row}: {finding.message}")
    if not findings:
        print("Intact: " + ", ".join(f"{count} {table}" for table, count in counts.items()))
    return 1 if findings else 0


def run_deploy(paths: list[Path]) -> int:
    """Deploys files; 1 and the findings if they are refused."""
    engine = Engine(read_settings())
    files = {
        str(path.resolve().relative_to(ROOT) if path.resolve().is_relative_to(ROOT) else path): path.read_bytes()
        for path in paths
    }
    try:
        result = deploy(engine, SYSTEM, files, f"deployed by {os.environ.get('USER', 'the operator')}")
    except DefinitionInvalid as refused:
        for finding in refused.findings:
            print(f"{finding.file}: {finding.element}: {finding.message} [{finding.rule}]", file=sys.stderr)
        return 1
    finally:
        engine.close()
    for one in result.definitions:
        print(f"{one.kind} {one.key} version {one.version}")
    return 0


def read_definitions(root: Path) -> dict[str, bytes]:
    """Everything under `bpmn/` and `forms/`, by its path."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for folder in ("bpmn", "forms")
        for path in sorted((root / folder).rglob("*"))
        if path.suffix in SUFFIXES
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
