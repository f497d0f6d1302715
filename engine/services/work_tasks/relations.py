"""Who stands how to a work task, for what diagrams say of their tasks."""

from sqlalchemy import bindparam, select

from engine.definitions.registry import RelationCall, relation
from engine.services.identity.policies import may_accept_own
from engine.services.work_tasks.tables import work_task
from engine.storage.tables import submission

_ENTERPRISE = select(work_task.c.enterprise_id).where(work_task.c.id == bindparam("task_id"))
_PUBLISHERS = select(submission.c.actor_id).where(
    submission.c.instance_id == bindparam("task_id"), submission.c.element == "draft_task"
)


@relation("work_task.own_publishers")
def own_publishers(call: RelationCall) -> list[str]:
    """Who filled in the work task, where the enterprise forbids them to accept what is delivered for it."""
    values = {"task_id": call.data["task_id"]}
    enterprise_id = call.connection.execute(_ENTERPRISE, values).scalar_one()
    if may_accept_own(call.connection, enterprise_id):
        return []
    return [*call.connection.execute(_PUBLISHERS, values).scalars()]
