"""Kinds of abnormal events: what each is called; the decision table `event_type_routing` says what follows."""

from typing import Final

EVENTS: Final = {
    "system_outage": ("系统中断", "System outage"),
    "data_error": ("数据差错", "Data error"),
    "missing_document": ("资料缺失", "Missing document"),
    "customer_complaint": ("客户投诉", "Customer complaint"),
    "safety": ("安全事件", "Safety event"),
    "other": ("其他", "Other"),
}


def name_event(event_type: str) -> tuple[str, str]:
    """Chinese and English name."""
    return EVENTS[event_type]
