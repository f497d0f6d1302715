"""The application needs no more than its own lock file names."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
START = """
import sys
sys.modules |= dict.fromkeys({absent!r})
import web.cli, web.serving, web.app
from web.services import load_services
load_services()
"""


def read_lock(name: str) -> set[str]:
    """The distributions of a lock file."""
    return set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / name).read_text().lower(), re.MULTILINE))


def test_it_starts_without_what_only_tests_and_extras_need() -> None:
    extra = read_lock("requirements-test.lock") - read_lock("requirements.lock")
    absent = [
        package
        for package, distributions in packages_distributions().items()
        if {re.sub(r"[-_.]+", "-", name).lower() for name in distributions} <= extra
    ]
    assert "alipay" in absent
    run = subprocess.run([sys.executable, "-c", START.format(absent=absent)], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
