"""python -m engine.definitions.drawing lay-out FILE... [--collapse ID ...] | check FILE..."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.definitions.drawing import NotDrawable, check_drawing, lay_out


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0, or 1 when a file cannot be drawn or has errors."""
    parser = argparse.ArgumentParser(prog="python -m engine.definitions.drawing")
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("lay-out", help="draw the files anew, in place")
    drawing.add_argument("files", nargs="+", type=Path)
    drawing.add_argument("--collapse", nargs="*", metavar="ID", help="sub-processes to collapse; no ID: none")
    checking = commands.add_parser("check", help="report the faults of the drawings")
    checking.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    results = [_run(options, file) for file in options.files]
    return 0 if all(results) else 1


def _run(options: argparse.Namespace, file: Path) -> bool:
    try:
        if options.command == "check":
            return _check(file)
        file.write_bytes(lay_out(file.read_bytes(), options.collapse))
        return True
    except NotDrawable as error:
        sys.stderr.write(f"{file}: {error}\n")
        return False


def _check(file: Path) -> bool:
    findings = check_drawing(file.read_bytes())
    for finding in findings:
        sys.stdout.write(f"{file}: {finding.severity} {finding.rule} {finding.element}: {finding.message}\n")
    return not any(finding.severity == "error" for finding in findings)


if __name__ == "__main__":
    sys.exit(main())
