"""What is read from a photo, and what is odd about it."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import ExifTags, Image, ImageDraw

from engine.services.repairs.photos import Examined, Expected, examine
from engine.services.repairs.photos.examining import find_distance, find_perceptual_hash

SITE = (31.2304, 121.4737)
DAY = Expected(
    datetime(2026, 3, 2, 0, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC), ZoneInfo("Asia/Shanghai"), SITE
)


def draw(shift: int = 0) -> Image.Image:
    image = Image.new("RGB", (320, 240), "white")
    pen = ImageDraw.Draw(image)
    for place in range(6):
        pen.rectangle(
            (place * 50 + shift, place * 30, place * 50 + 40 + shift, place * 30 + 90), fill=(place * 40, 60, 90)
        )
    return image


def save(
    folder: Path, time: str = "", offset: str = "", place: tuple[object, ...] = (), image: Image.Image | None = None
) -> Path:
    exif = Image.Exif()
    if time:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = time
    if offset:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.OffsetTimeOriginal] = offset
    if place:
        gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
        names = ("GPSLatitudeRef", "GPSLatitude", "GPSLongitudeRef", "GPSLongitude")
        gps.update({ExifTags.GPS[name]: value for name, value in zip(names, place, strict=True)})
    path = folder / "photo.jpg"
    (image or draw()).save(path, exif=exif)
    return path


HERE = ("N", (31.0, 13.0, 49.4), "E", (121.0, 28.0, 25.3))
ELSEWHERE = ("S", (31.0, 13.0, 49.4), "W", (121.0, 28.0, 25.3))


def test_time_and_place_are_read_from_the_unaltered_file(tmp_path: Path) -> None:
    path = save(tmp_path, "2026:03:02 10:00:00", place=HERE)
    before = path.read_bytes()
    found = examine(path, DAY)
    assert found.taken_at == "2026-03-02T02:00:00Z"
    assert found.position == (31.230389, 121.473694)
    assert found.distance_metres == 1
    assert found.flags == ()
    assert len(found.perceptual_hash) == 16
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("time", "offset", "place", "flags"),
    [
        ("", "", (), ("time_missing", "place_missing")),
        ("not a time", "", HERE, ("time_missing",)),
        ("2026:03:02 18:00:00", "", HERE, ("out_of_time",)),
        ("2026:03:02 18:00:00", "+10:00", HERE, ()),
        ("2026:03:02 10:00:00", "", ELSEWHERE, ("out_of_place",)),
        ("2026:03:02 10:00:00", "", ("N", (931.0, 0.0, 0.0), "E", (0.0, 0.0, 0.0)), ("place_missing",)),
    ],
)
def test_what_is_odd_is_flagged(
    tmp_path: Path, time: str, offset: str, place: tuple[object, ...], flags: tuple[str, ...]
) -> None:
    assert examine(save(tmp_path, time, offset, place), DAY).flags == flags


def test_what_is_no_picture_is_flagged(tmp_path: Path) -> None:
    broken = tmp_path / "photo.jpg"
    for content in (b"", b"no picture", save(tmp_path).read_bytes()[:500]):
        broken.write_bytes(content)
        assert examine(broken, DAY) == Examined(flags=("not_a_picture",))


def test_pictures_that_look_alike_have_hashes_that_differ_little() -> None:
    one = int(find_perceptual_hash(draw()), 16)
    paler = draw().point(lambda value: value * 9 // 10).resize((800, 600))
    assert (one ^ int(find_perceptual_hash(paler), 16)).bit_count() <= 6
    assert (one ^ int(find_perceptual_hash(draw().rotate(180)), 16)).bit_count() > 6


def test_distances_are_over_the_ground() -> None:
    assert find_distance((0, 0), (0, 0)) == 0
    assert find_distance((0, 0), (0, 1)) == pytest.approx(111_195, abs=5)
    assert find_distance((0, 179.9995), (0, -179.9995)) == pytest.approx(111, abs=1)
