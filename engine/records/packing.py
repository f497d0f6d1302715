"""The events of a history row as bytes: JSON, compressed with a dictionary of what events are made of.

Rows are a third smaller for it. A row names its dictionary, and rows are never rewritten: the dictionaries here must
not change, and a better one gets the next number.
"""

from pathlib import Path

import orjson
import zstandard

from engine.storage.plain import PlainDict
from engine.storage.zstd import Codec

MAX_EVENT_BYTES = 64 * 1024 * 1024
COMPRESSION_LEVEL = 3  # higher ones want larger tables, which the processor does not keep: 25 us for 9 bytes
_FIRST = zstandard.ZstdCompressionDict(
    b'","error":"","message":"","values":{},"table":"","inputs":{},"matched":[],"result":{"kind":"decision","index":0,'
    b'"body":true,"due_at":"","name":"","key":"","payload":{},"kind":"timer","kind":"message","kind":"published",'
    b'"kind":"service","topic":"","gone":[],"user":"","kind":"assigned"{"kind":"joined","kind":"cancelled",'
    b'"kind":"failed","kind":"data","scope":"01","set":{[{"kind":"started","process":"","pins":"01","values":{"'
    b'[{"kind":"completed_task","task":"01","element":"},{"kind":"completed","task":"01","element":"},'
    b'{"kind":"entered","task":"01","element":"","base":"01","set":{"'
    b'},{"kind":"submitted","scope":"task:01","token":"01","seal":"'
    b'"},{"kind":"state","version":1,"status":"active","sha256":"',
    dict_type=zstandard.DICT_TYPE_RAWCONTENT,
)
# Trained on the rows of the demo data: `zstandard.train_dictionary(8192, rows, dict_id=1, level=9)`.
_TRAINED = zstandard.ZstdCompressionDict(Path(__file__).with_name("events.zdict").read_bytes())
_TRAINED.precompute_compress(COMPRESSION_LEVEL)
_CODECS = {0: Codec(COMPRESSION_LEVEL, _FIRST), _TRAINED.dict_id(): Codec(COMPRESSION_LEVEL, _TRAINED)}
_NEWEST = _CODECS[_TRAINED.dict_id()]


def pack_events(events: list[PlainDict]) -> bytes:
    """Events as a row keeps them."""
    return _NEWEST.compress(orjson.dumps(events))


def unpack_events(packed: bytes) -> list[PlainDict]:
    """The events of a row; none if the bytes were damaged, which its MAC shows."""
    try:
        codec = _CODECS[zstandard.get_frame_parameters(packed).dict_id]
        events = orjson.loads(codec.decompress(packed, MAX_EVENT_BYTES))
    except (KeyError, TypeError, zstandard.ZstdError, orjson.JSONDecodeError):
        return []
    return events if isinstance(events, list) else []
