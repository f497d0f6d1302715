"""What the system an item came from is told of it: a webhook to the address it gave, until it takes it."""

from dataclasses import replace
from typing import Any

from sqlalchemy import RowMapping

from engine.definitions.registry import JobDone, JobRun, Outbox, job_handler
from engine.services.job_engine import engine_of
from engine.services.notifications.channels.chosen import channel_of
from engine.services.notifications.channels.port import WEBHOOK, Message
from engine.storage.ids import new_id
from engine.storage.plain import Plain, PlainDict

CALL_BACK = "todo.call_back"


class CallBackFailed(Exception):
    """The other system has not taken it: it is tried again later."""


def plan_callback(outbox: Outbox, handling: RowMapping, item: RowMapping, state: str) -> None:
    """Tells the source, if it is another system and gave an address, once this is committed."""
    content: dict[str, Any] = item["content"]
    url = content.get("callback_url")
    if not item["source_id"] or not url:
        return
    result = handling["result"]
    payload: PlainDict = {
        "url": url,
        "id": new_id(),
        "external_id": item["external_id"],
        "occurrence": handling["occurrence"],
        "state": state,
        "result": result.get("result", "") if isinstance(result, dict) else "",
    }
    outbox.enqueue(CALL_BACK, payload)


@job_handler(CALL_BACK)
def call_back(run: JobRun) -> Plain:
    """Posts it; a failure is a failed job, with growing pauses. Under one id the other side sees it once."""
    engine, payload = engine_of(run), run.payload
    channel = channel_of(engine, WEBHOOK)
    told = {name: str(payload[name]) for name in ("external_id", "occurrence", "state", "result")}
    body = "\n".join(f"{name}: {text}" for name, text in told.items())
    message = Message(str(payload["id"]), "", str(payload["url"]), f"{told['external_id']} {told['state']}", body)
    for receipt in channel.send([replace(message, facts=told)]):
        if receipt.error:
            raise CallBackFailed(receipt.error)
    return None


@call_back.finish
def end(_done: JobDone, _result: Plain) -> None:
    """Nothing else is to be written down."""
