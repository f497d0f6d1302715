"""Why a scenario fails."""

from engine.scenarios.model import Place


class ScenarioFailed(Exception):
    """A step could not be done, or something is not as expected: where it is written, and each difference."""

    def __init__(self, place: Place, *differences: str) -> None:
        super().__init__(f"{place}: " + "; ".join(differences))
        self.place, self.differences = place, differences
