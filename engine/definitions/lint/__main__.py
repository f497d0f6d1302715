"""`python -m engine.definitions.lint FILE... [--json]`: prints the findings; exit code 1 when one is an error."""

import argparse
import json
import sys
from pathlib import Path

from engine.definitions.findings import has_errors
from engine.definitions.lint import lint_paths


def main(arguments: list[str]) -> int:
    """Prints one line per finding, or a JSON list. Services are not loaded, so rules about topics keep silent."""
    parser = argparse.ArgumentParser(prog="python -m engine.definitions.lint")
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print a JSON list instead of lines")
    options = parser.parse_args(arguments)
    findings = lint_paths(options.paths)
    if options.json:
        lines = [json.dumps([finding.to_json() for finding in findings], ensure_ascii=False, indent=2)]
    else:
        lines = [f"{f.file}: {f.element}: {f.severity}: {f.message} [{f.rule}]" for f in findings]
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return int(has_errors(findings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
