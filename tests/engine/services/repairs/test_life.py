"""The life of a repair order: team, information to the leader, photos to the server, report, verification, sign-off.

The acceptance scenarios 38 and 42 are here by number.
"""

import pytest

from tests.engine.services.repairs.crew import Crew
from tests.support.stage import Stage

SIGNED = {"sign_off": "sign", "signature-name": "陈曦", "signature-path": "M10 20L30 40L50 60"}


@pytest.fixture
def crew(stage: Stage) -> Crew:
    return Crew(stage)


@pytest.fixture
def any_crew(any_stage: Stage) -> Crew:
    return Crew(any_stage)


def test_an_order_goes_from_the_dispatcher_to_the_signature(any_crew: Crew) -> None:
    crew = any_crew
    crew.send()
    crew.begin()
    crew.everybody_reports()
    crew.do("leo", "merge_and_analyse", analysis="两台机组已恢复。", **crew.decide())
    crew.do("ann", "ack_merge", ack="agree")
    crew.do("bob", "ack_merge", ack="dissent", dissent_note="轴承是磨损，不是更换。")
    crew.do("leo", "submit_report", is_complete="true")
    print(crew.stage.open(crew.order), crew.row)
    crew.do("leo", "fix_gaps", explanation="客户现场不允许拍照。")
    crew.do("vera", "verify", verdict="accept")
    crew.do("cid", "customer_sign_off", **SIGNED)
    assert crew.stage.outcome(crew.order) == "completed"
