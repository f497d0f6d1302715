"""What can be told of a subject without a person: counts and flags. Decision tables see these, never a text."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection, select

from engine.services.reviews.subjects import Subject
from engine.storage.plain import PlainDict
from engine.storage.tables import file, membership, party

_WORDS = Path(__file__).with_name("words.toml")
_NOT_A_LETTER = re.compile(r"[\W_]+")


@lru_cache
def _read_words() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(_WORDS.read_text(encoding="utf-8"))


def count_words(level: str, texts: Iterable[str]) -> int:
    """How many different words of a level (`block`, `watch`) of the word list are in the texts."""
    plain = [unicodedata.normalize("NFKC", text).casefold() for text in texts]
    spaced = " ".join(f" {_NOT_A_LETTER.sub(' ', text)} " for text in plain)
    # Parts are kept apart, so that no word is made of the end of one text and the beginning of the next.
    dense = "\n".join(_NOT_A_LETTER.sub("", text) for text in plain)
    words = _read_words()[level]
    chinese = sum(word in dense for word in words["zh"])
    english = sum(f" {_NOT_A_LETTER.sub(' ', word)} " in spaced for word in words["en"])
    return chinese + english


def count_duplicates(connection: Connection, instance_id: str, submitter: str, subject: Subject) -> PlainDict:
    """How many of the subject's files were handed in before in another case: by the submitter, by somebody else."""
    query = select(file.c.sha256, file.c.owner_id).where(
        file.c.sha256.in_(sorted(set(subject.files))), file.c.instance_id != instance_id
    )
    found = connection.execute(query.distinct()).all()
    foreign = {row.sha256 for row in found if row.owner_id != submitter}
    return {"own_duplicates": len({row.sha256 for row in found} - foreign), "foreign_duplicates": len(foreign)}


def is_suspended(connection: Connection, party_id: str) -> bool:
    """Whether a party is on the black list."""
    found = connection.execute(select(party.c.is_suspended).where(party.c.id == party_id)).scalar_one_or_none()
    return bool(found)


def is_related(connection: Connection, submitter: str, others: Iterable[str]) -> bool:
    """Whether a person of the submitter's stands on another side as well."""
    mine = {submitter, *_members(connection, [submitter])}
    theirs = set(others) - {submitter}
    return bool(mine & (theirs | _members(connection, sorted(theirs))))


def _members(connection: Connection, party_ids: Iterable[str]) -> set[str]:
    query = select(membership.c.user_id).where(membership.c.party_id.in_([*party_ids]))
    return set(connection.execute(query).scalars())
