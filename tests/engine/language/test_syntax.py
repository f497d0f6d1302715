"""Python is read by several threads at once."""

import gc
import threading
import time

from engine.language.syntax import read_expression, read_module

THREADS, TURNS, LITTER = 4, 100, 20
LONG = "+".join(["f(a, b[c], d.e)"] * 40)


class Litter:
    """What the collector finds in the middle of anything, and lets another thread go on for."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        time.sleep(0)


def test_a_thread_that_gives_way_while_it_reads_disturbs_no_other() -> None:
    failures: list[BaseException] = []

    def read() -> None:
        try:
            for _ in range(TURNS):
                for _ in range(LITTER):
                    Litter()
                read_expression(LONG)
                read_module(LONG)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)

    before = gc.get_threshold()
    gc.set_threshold(50)
    try:
        threads = [threading.Thread(target=read) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*before)
    assert failures == []
