"""A service case on its way: what comes before an arbiter, and what after."""

from engine.queries.inbox import list_tasks
from engine.services.cases.states import fetch_case_row
from engine.storage.actor import Actor
from engine.storage.plain import PlainDict
from tests.support.stage import Stage

TEXT = "成果按约定交付，照片可以证明。"


def to_arbiter(stage: Stage, case_id: str, case_ref: str, respondent: Actor) -> None:
    """The respondent refuses the claim and a proposal of customer service; an arbiter has to decide."""
    service = stage.staff("service", "customer_service")
    stage.do(service, case_id, "triage", {"matter": "dispute"})
    stage.do(respondent, case_id, "respond", {"response": "refuse", "text": TEXT})
    with stage.engine.database.read() as connection:
        disputed_fen = fetch_case_row(connection, case_ref)["disputed_fen"]
    proposal: PlainDict = {"split-pay_fen": f"{disputed_fen / 100:.2f}", "text": "建议全额支付，双方各自承担费用。"}
    stage.do(service, case_id, "mediate", proposal)
    stage.do(respondent, case_id, "answer_proposal", {"proposal_answer": "refuse"})


def accept_decision(stage: Stage, case_id: str, *parties: Actor) -> None:
    """Each of the parties that might appeal accepts the decision."""
    for party in parties:
        mine = [row for row in list_tasks(stage.engine, party).rows if row.instance_id == case_id]
        if any(row.element.id == "appeal_decision" for row in mine):
            stage.do(party, case_id, "appeal_decision", {"appeal_choice": "accept"})
