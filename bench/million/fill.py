"""Fills a database with a crowd of cases."""

import time
from dataclasses import dataclass

from bench.million.crowd import Crowd
from bench.million.loading import Loader
from bench.million.samples import KEYS, play
from engine.runtime.engine import Engine


@dataclass(frozen=True)
class Filled:
    """What it took."""

    seconds: float
    bytes: int


def fill(engine: Engine, finished: int, still_open: int) -> Filled:
    """Adds so many finished and about so many open cases."""
    started, loader = time.monotonic(), Loader(engine)
    samples = {key: [play(engine, key, steps) for steps in range(3)] for key in KEYS}
    crowd = Crowd(engine, samples, finished, still_open)
    with loader.in_bulk():
        loader.load(crowd.list_parties())
        for rows in crowd.list_chunks():
            loader.load(rows)
    loader.finish()
    return Filled(time.monotonic() - started, loader.measure_bytes())
