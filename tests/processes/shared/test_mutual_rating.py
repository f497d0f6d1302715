"""`mutual_rating` beside its scenarios: who sees and rates what, on both databases."""

from dataclasses import dataclass

import pytest
from sqlalchemy import select

from engine.commands.tasks import FormRejected
from engine.services.ratings.queries import RatingView, rating_of, ratings_of_case
from engine.services.ratings.tables import rating
from engine.storage.actor import SYSTEM
from engine.storage.plain import PlainDict
from tests.support.stage import Stage

GOOD: PlainDict = {"stars": "5", "tags": ["punctual", "careful"], "comment": "守时又细致", "private_note": "愿意再合作"}
POOR: PlainDict = {"stars": "2"}


@dataclass
class Case:
    """A finished order between a firm with two people and a person."""

    stage: Stage

    def __post_init__(self) -> None:
        self.stage.organisation("acme")
        self.olga = self.stage.member("olga", "acme", "enterprise_operator")
        self.otto = self.stage.member("otto", "acme", "enterprise_operator")
        self.bob = self.stage.person("bob")
        values: PlainDict = {"subject_id": "o1", "party_a": "acme", "party_b": "bob", "window": "P14D"}
        self.id = self.stage.start(SYSTEM, "mutual_rating", values)
        self.stage.settle()

    def seen_by(self, party_id: str) -> list[RatingView]:
        with self.stage.engine.database.read() as connection:
            return ratings_of_case(connection, self.stage.engine.keys, "o1", party_id)

    def standing(self, party_id: str) -> tuple[int, int | None]:
        with self.stage.engine.database.read() as connection:
            found = rating_of(connection, party_id)
        return found.rating_count, found.average_tenths

    def check(self, outcome: str) -> None:
        found = self.stage.incidents(self.id), self.stage.outcome(self.id), self.stage.open(self.id)
        assert found == ([], outcome, set())


@pytest.fixture
def case(stage: Stage) -> Case:
    return Case(stage)


def test_both_ratings_appear_together(any_stage: Stage) -> None:
    case = Case(any_stage)
    assert any_stage.open(case.id) == {"rate_a", "rate_b"}
    any_stage.do(case.otto, case.id, "rate_a", GOOD)
    assert [case.seen_by(one) for one in ("bob", "carl")] == [[], []]
    [own] = case.seen_by("acme")
    assert (own.stars, own.is_published) == (5, False)
    assert case.standing("bob") == (0, None)
    any_stage.do(case.bob, case.id, "rate_b", POOR)
    case.check("end_rated")
    first, second = case.seen_by("anybody")
    assert (first.rater_id, first.ratee_id, first.stars, first.comment) == ("acme", "bob", 5, "守时又细致")
    assert first.tags == (("守时", "Punctual"), ("细致", "Careful"))
    assert (second.rater_id, second.stars, second.comment, second.is_published) == ("bob", 2, None, True)
    assert (case.standing("bob"), case.standing("acme")) == ((1, 50), (1, 20))


def test_one_person_of_a_firm_rates_for_all(case: Case) -> None:
    case.stage.do(case.olga, case.id, "rate_a", GOOD)
    with pytest.raises(LookupError):
        case.stage.task_id(case.otto, case.id, "rate_a")
    with case.stage.engine.database.read() as connection:
        row = connection.execute(select(rating)).one()
    assert (row.rater_id, row.given_by) == ("acme", "olga")


def test_each_side_has_its_own_task(case: Case) -> None:
    with pytest.raises(LookupError):
        case.stage.task_id(case.bob, case.id, "rate_a")
    shown = case.stage.form_data(case.bob, case.id, "rate_b")["rating_subject"]
    assert "acme" in str(shown)


def test_silence_of_one_side_does_not_hide_the_other(case: Case) -> None:
    case.stage.do(case.bob, case.id, "rate_b", POOR)
    case.stage.wait(days=13, hours=23)
    assert case.seen_by("acme") == []
    case.stage.wait(hours=1)
    case.check("end_rated")
    assert [one.rater_id for one in case.seen_by("acme")] == ["bob"]


def test_stars_are_needed_and_nothing_else(case: Case) -> None:
    with pytest.raises(FormRejected) as refused:
        case.stage.do(case.bob, case.id, "rate_b", {"comment": "很好"})
    assert [*refused.value.bound.errors] == ["stars"]


def test_what_was_said_stays_out_of_process_data(case: Case) -> None:
    case.stage.do(case.olga, case.id, "rate_a", GOOD)
    case.stage.wait(days=14)
    data = case.stage.data(case.id, "end_rated")
    assert not {"stars", "tags", "comment", "private_note"} & data.keys()
    with case.stage.engine.database.read() as connection:
        row = connection.execute(select(rating)).one()
    assert "守时" not in str(row.comment)  # a reference into the vault
    assert "再合作" not in str(row.private_note)
