"""What the reader may do now about work tasks: his open user tasks, by the case they are of."""

from dataclasses import dataclass

from engine.queries.inbox import TaskFilter, TaskRow, list_tasks
from engine.queries.page import MAX_LIMIT
from engine.runtime.engine import Engine
from engine.services.work_tasks.notes import ENGAGEMENT_PROCESS, PROCESS
from engine.storage.actor import Actor

NEGOTIATION_PROCESS = "negotiation"


@dataclass(frozen=True)
class OpenTasks:
    """Open user tasks, the first due first: of work tasks, of engagements, of negotiations."""

    tasks: list[TaskRow]
    engagements: dict[str, list[TaskRow]]
    negotiations: list[TaskRow]

    def of_task(self, task_id: str) -> list[TaskRow]:
        """Those of the work task itself."""
        return [row for row in self.tasks if row.instance_id == task_id]

    def of_engagement(self, instance_id: str | None) -> list[TaskRow]:
        """Those of the case of an engagement."""
        return self.engagements.get(instance_id or "", [])

    def of_negotiations(self, number: str) -> list[TaskRow]:
        """Those of the negotiations about a work task, each called by its number and that of the sign-up."""
        return [row for row in self.negotiations if (row.business_key or "").startswith(f"{number}/")]


def read_open_tasks(engine: Engine, actor: Actor) -> OpenTasks:
    """Everything the actor may do now about any work task, engagement and negotiation."""

    def read(process: str) -> list[TaskRow]:
        return list_tasks(engine, actor, TaskFilter(process_key=process), limit=MAX_LIMIT).rows

    engagements: dict[str, list[TaskRow]] = {}
    for row in read(ENGAGEMENT_PROCESS):
        engagements.setdefault(row.instance_id, []).append(row)
    return OpenTasks(read(PROCESS), engagements, read(NEGOTIATION_PROCESS))
