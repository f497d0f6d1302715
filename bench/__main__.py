"""`python -m bench [--quick] [--json] [name …]`: measures and prints a table: what, figure, budget, met or not.

With --json one object of keys and figures is printed instead, and the table goes to the standard error output.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator

from bench.case import measure_case
from bench.dispatching import measure_dispatch
from bench.express import measure_express
from bench.language import measure_language
from bench.lists import measure_inbox
from bench.measuring import Figure
from bench.migrating import measure_migration
from bench.million import measure_million
from bench.modeler import measure_modeler
from bench.multi_instance import measure_multi_instance
from bench.nearest import measure_nearest
from bench.pages import measure_pages
from bench.past import measure_past
from bench.profile import measure_profile
from bench.proof import measure_verify
from bench.replaying import measure_replay
from bench.steps import measure_loop, measure_size, measure_sql
from web.services import load_services

BENCHES: dict[str, Callable[[bool], Iterator[Figure]]] = {
    "case": measure_case,
    "loop": measure_loop,
    "multi_instance": measure_multi_instance,
    "size": measure_size,
    "sql": measure_sql,
    "express": measure_express,
    "inbox": measure_inbox,
    "nearest": measure_nearest,
    "dispatch": measure_dispatch,
    "million": measure_million,
    "language": measure_language,
    "verify": measure_verify,
    "past": measure_past,
    "replay": measure_replay,
    "pages": measure_pages,
    "profile": measure_profile,
    "migrate": measure_migration,
    "modeler": measure_modeler,
}
VERDICTS = {None: "", True: "met", False: "NOT MET"}


def main(arguments: list[str]) -> int:
    """Runs the named benches, else all of them; 1 if a budget is not met."""
    parser = argparse.ArgumentParser(prog="./run bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="smaller sizes, rougher figures")
    parser.add_argument("--json", action="store_true", help="one JSON object; the table goes to stderr")
    options = parser.parse_args(arguments)
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"Expected names among {', '.join(BENCHES)}, but got {', '.join(sorted(unknown))}")
    load_services()
    started, figures = time.monotonic(), list[Figure]()
    table = sys.stderr if options.json else sys.stdout
    print(f"{'what':<72} {'figure':>12}       {'budget':>10}", file=table)
    for name in options.names or BENCHES:
        for figure in BENCHES[name](options.quick):
            print(format_line(figure), file=table, flush=True)
            figures.append(figure)
    print(f"{time.monotonic() - started:.0f} s in all", file=table)
    if options.json:
        print(json.dumps({figure.key: round(figure.value, 3) for figure in figures}, indent=1))
    return 1 if any(figure.is_met is False for figure in figures) else 0


def format_line(figure: Figure) -> str:
    """One line of the table."""
    digits = 0 if figure.value == int(figure.value) or figure.value >= 1000 else 2
    budget = "" if figure.limit is None else f"{figure.limit:>10,g}"
    line = f"{figure.what:<72} {figure.value:>12,.{digits}f} {figure.unit:<5} {budget:>10}  {VERDICTS[figure.is_met]}"
    return f"{line}  {figure.note}".rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
