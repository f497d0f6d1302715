"""`python -m web`: what `./run` runs."""

import gc
import sys


def start() -> int:
    """Runs a verb; its exit code.

    What is imported stays. The collector would look at it again and again meanwhile: a quarter of the time it takes.
    """
    gc.disable()
    from web.cli import main

    gc.freeze()
    gc.enable()
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(start())
