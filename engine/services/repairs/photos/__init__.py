"""What a photo tells of itself: read from the file as it was uploaded, which stays as it is."""

from engine.services.repairs.photos.examining import Examined, Expected, examine

__all__ = ["Examined", "Expected", "examine"]
