"""How a play is told: a line per step, a line per proof."""


def say(line: str) -> None:
    """One step."""
    print(f"- {line}", flush=True)


def prove(claim: str, holds: bool, found: str = "") -> bool:
    """One proof; gives back whether it holds."""
    print(f"{'Proved' if holds else 'FAILED'}: {claim}" + (f" ({found})" if found else ""), flush=True)
    return holds
