"""A worker as a process of its own, to be killed: does what is due, and nothing else."""

import sys
from dataclasses import replace
from pathlib import Path
from threading import Event

from engine.commands.work import run_due_work
from engine.runtime.engine import Engine
from engine.storage.settings import Settings
from web.services import load_services

IDLE_SECONDS = 0.2


def main(folder: str, database_url: str, smtp_url: str) -> None:
    """Works until it is ended."""
    load_services()
    settings = Settings(database_url=database_url, data_dir=Path(folder))
    engine = Engine(replace(settings, smtp_url=smtp_url, mail_from="baton@example.org"))
    pause = Event()
    print("ready", flush=True)
    while True:
        if not run_due_work(engine):
            pause.wait(IDLE_SECONDS)


if __name__ == "__main__":
    main(*sys.argv[1:])
