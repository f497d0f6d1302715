"""Where the time of a case over HTTP goes: whose code is running, looked at a thousand times a CPU second.

Looking costs next to nothing, where a profiler that notes every call makes small functions look dear.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from bench import world
from bench.case import Case, open_browser, settle_memory
from bench.diagrams import pair
from bench.measuring import Figure

INTERVAL_SECONDS = 0.001
# Part and the files that make it up; the innermost call in one of them counts, what lies within is done for it.
PARTS = (
    ("templates", ("/jinja2/", "/markupsafe/", ".html")),
    ("forms", ("/wtforms/", "/engine/definitions/forms/", "/web/rendering/")),
    ("sandbox", ("/engine/language/sandbox.py", "/engine/language/workers.py")),
    ("tokens and their state", ("/SpiffWorkflow/", "/engine/language/")),
    ("SQL", ("/engine/storage/prepared.py", "/engine/storage/direct.py", "/engine/storage/columns.py")),
    ("connections, transactions, SQLAlchemy", ("/sqlalchemy/", "/engine/storage/database.py", "/psycopg/")),
    ("Flask and Werkzeug", ("/flask/", "/werkzeug/")),
    (
        "session, policy, form token, headers",
        ("/web/security.py", "/web/policy.py", "/web/preferences.py", "/web/app.py"),
    ),
    ("history, seals, work list", ("/engine/records/", "/engine/storage/")),
    ("step and commands", ("/engine/runtime/", "/engine/commands/", "/engine/definitions/", "/engine/services/")),
    ("questions of pages", ("/engine/queries/",)),
    ("pages", ("/web/",)),
)
OTHER = "the bench itself"


def measure_profile(is_quick: bool) -> Iterator[Figure]:
    """Shares of the case of `case`, the largest first."""
    with world.open_engine(pair()) as engine:
        case = Case(engine, open_browser(engine))
        for _ in range(20):
            case.run()
        settle_memory()
        with _sample() as seen:
            for _ in range(50 if is_quick else 400):
                case.run()
    for part, count in seen.most_common():
        yield Figure(f"profile.{part}", f"share of a case over HTTP: {part}", 100 * count / seen.total(), "%")


@contextmanager
def _sample() -> Iterator[Counter[str]]:
    """Counts by part while it is open."""
    seen: Counter[str] = Counter()

    def look(_signal: int, frame: FrameType | None) -> None:
        seen[_find_part(frame)] += 1

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL_SECONDS, INTERVAL_SECONDS)
    try:
        yield seen
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _find_part(frame: FrameType | None) -> str:
    while frame is not None:
        for part, files in PARTS:
            if any(file in frame.f_code.co_filename for file in files):
                return part
        frame = frame.f_back
    return OTHER
