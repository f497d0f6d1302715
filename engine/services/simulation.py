"""What embedded simulators of the outside world have in common: chance that is the same for the same seed and key."""

import hashlib
from dataclasses import dataclass

from engine.services.ledger.fees import BPS


@dataclass(frozen=True)
class Chance:
    """Draws by seed, by what is drawn, and by key: whoever plays it again sees the same."""

    seed: int

    def happens(self, what: str, key: str, share_bps: int) -> bool:
        """Whether it happens to this key, as it does to so large a share of all."""
        return self.draw(what, key) % BPS < share_bps

    def draw(self, what: str, key: str) -> int:
        """A number of 64 bits."""
        return int.from_bytes(hashlib.sha256(f"{self.seed}:{what}:{key}".encode()).digest()[:8])
