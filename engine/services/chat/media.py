"""Pictures and voice messages: what is kept, and how others see it. The content decides, never the sender's word."""

import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from engine.services.chat.errors import MessageUnfit
from engine.storage.files import StoredFile
from engine.storage.plain import Plain, PlainDict

PICTURES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS = 12 * 1024 * 1024, 60_000_000
SHOWN_PIXELS = 1600
MAX_VOICE_BYTES = 2 * 1024 * 1024
BARS, TALLEST = 40, 15  # of the drawing of a voice
# The first bytes of what browsers record, and what they are played as.
_HEADS = ((b"\x1aE\xdf\xa3", 0, "audio/webm"), (b"OggS", 0, "audio/ogg"), (b"ftyp", 4, "audio/mp4"))


@dataclass(frozen=True)
class Recording:
    """What the browser says of a voice it recorded: how long it is and how loud, bar by bar. Shown, and no more."""

    seconds: int = 0
    bars: tuple[int, ...] = ()

    def describe(self) -> PlainDict:
        """As the message keeps it."""
        bars: Plain = [*self.bars]
        return {"seconds": self.seconds, "bars": bars}


def read_recording(seconds: str, bars: str) -> Recording:
    """From the fields of a form; whatever is not as a browser sends it counts as unknown."""
    known = int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) <= 4 else 0
    levels = bars.split(",") if bars else []
    is_drawn = len(levels) <= BARS and all(one.isascii() and one.isdigit() and len(one) <= 2 for one in levels)
    return Recording(known, tuple(min(int(one), TALLEST) for one in levels) if is_drawn else ())


def check_picture(stored: StoredFile, path: Path) -> None:
    """Raises MessageUnfit for what is no picture, or too large a one."""
    if stored.media_type not in PICTURES:
        raise MessageUnfit("not_shown")
    if stored.size_bytes > MAX_PICTURE_BYTES:
        raise MessageUnfit("too_large", MAX_PICTURE_BYTES // 1024 // 1024)
    try:
        with Image.open(path, formats=FORMATS) as image:
            width, height = image.size
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        raise MessageUnfit("not_shown") from error
    if width * height > MAX_PICTURE_PIXELS:
        raise MessageUnfit("too_big")


def check_voice(stored: StoredFile, path: Path, recording: Recording, most_seconds: int) -> None:
    """Raises MessageUnfit for what no browser plays, and for what is too long."""
    if find_sound(path) is None:
        raise MessageUnfit("not_shown")
    if stored.size_bytes > MAX_VOICE_BYTES:
        raise MessageUnfit("too_large", MAX_VOICE_BYTES // 1024 // 1024)
    if recording.seconds > most_seconds:
        raise MessageUnfit("too_long_voice", most_seconds)


def find_sound(path: Path) -> str | None:
    """As what a recording is played; None for a file that is none."""
    with path.open("rb") as file:
        head = file.read(16)
    return next((kind for mark, at, kind in _HEADS if head[at : at + len(mark)] == mark), None)


def strip_picture(path: Path) -> bytes:
    """A JPEG of the picture as others see it: turned upright, not larger than a screen, and without anything the camera
    wrote into it. Raises LookupError for a file that is no picture any more.
    """
    Image.MAX_IMAGE_PIXELS = MAX_PICTURE_PIXELS
    try:
        with Image.open(path, formats=FORMATS) as image:
            clean = ImageOps.exif_transpose(image).convert("RGB")
            clean.thumbnail((SHOWN_PIXELS, SHOWN_PIXELS))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError) as error:
        raise LookupError("Expected a picture, but it cannot be read") from error
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=82)
    return out.getvalue()
