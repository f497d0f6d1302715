"""Gateways, flows, data, pools and what is only drawn."""

from tests.engine.language.support.rows import Row, do, hear, still, tick

GATEWAYS = (
    Row(
        "exclusive_gateway",
        "Exclusive",
        "The first flow whose condition holds, in the order of the file; else the default.",
        fault="By the height of the shapes: to move one changes what happens.",
        given={"amount": 99},
        acts=(do("pay", paid=True),),
        path="begin which pay meet done",
        data={"amount": 99, "paid": True},
    ),
    Row(
        "inclusive_gateway",
        "Inclusive",
        "Every flow whose condition holds; the join waits for all tokens that can still come.",
        fault="The join fires early in some orders and runs what follows twice.",
        given={"amount": 99},
        acts=(do("ship", shipped=1), still("meet", "pay"), do("pay", paid=2)),
        path="begin which_ones ship pay meet done",
        data={"amount": 99, "shipped": 1, "paid": 2},
    ),
    Row(
        "inclusive_gateway_default",
        "Inclusive, default",
        "When no condition holds.",
        given={"amount": 1},
        acts=(do("note"),),
        path="begin which_ones note meet done",
        data={"amount": 1},
    ),
    Row(
        "inclusive_gateway_beside_sub_process",
        "Inclusive join with a token in a sub-process",
        "The join waits for it.",
        fault="Tokens inside an open sub-process are overlooked.",
        given={"amount": 99},
        acts=(do("ship", shipped=1), still("ask", "meet", "phase"), do("ask", answer=2)),
        path="begin which_ones inner_begin ship ask inner_done phase meet done",
        data={"amount": 99, "shipped": 1, "answer": 2},
    ),
    Row(
        "parallel_gateway",
        "Parallel",
        "The join waits for a token of each flow and merges what the branches changed; a conflict is an incident that "
        "names the variable.",
        fault="Lost update: the branch that ends last puts back its old copy of the data.",
        acts=(do("pay", paid=1), still("join", "ship"), do("ship", shipped=2)),
        path="begin fork pay ship join done",
        data={"paid": 1, "shipped": 2},
    ),
    Row(
        "parallel_gateway_on_a_cycle",
        "Parallel join on a cycle",
        "Every turn counts for itself, in whatever order its branches end.",
        fault="Counts arrivals of earlier turns: fires early and doubles tokens.",
        acts=(do("pay"), do("ship", more=True), do("ship"), do("pay", more=False)),
        path="begin top fork pay ship join again top fork ship pay join again done",
        data={"more": False},
    ),
    Row(
        "event_based_gateway",
        "Event-based",
        "The first of messages, signals, timers, conditions and receive tasks; the others are cancelled.",
        fault="Of two timers only the first counts.",
        given={"order": "A1"},
        acts=(still("heard", "late", "soon", "wait"), hear("wait", text="fine")),
        path="begin pick wait done",
        data={"order": "A1", "answer": "fine"},
    ),
    Row(
        "event_based_gateway_timer",
        "Event-based, the second timer first",
        "Every timer has its own time.",
        fault="Of two timers only the first counts.",
        given={"order": 1},
        acts=(still("late", "soon", "holds"), tick("soon")),
        path="begin pick soon done",
        data={"order": 1},
    ),
    Row("event_based_gateway_parallel", "Event-based, parallel", rule="event-gateway-kind", element="pick"),
    Row(
        "event_based_gateway_instantiate",
        "Event-based, starting the process",
        rule="event-gateway-kind",
        element="pick",
    ),
    Row("complex_gateway", "Complex", rule="complex-gateway", element="which"),
)

FLOWS = (
    Row(
        "default_flow",
        "Default flow",
        "Taken when no condition holds.",
        given={"amount": 1},
        path="begin which done",
        data={"amount": 1},
    ),
    Row(
        "implicit_join",
        "Several flows into an activity",
        "Every token runs it; nothing is joined.",
        acts=(do("pay"), do("ship")),
        path="begin fork pay compute done ship compute done",
        data={"n": 1},
    ),
    Row("implicit_split", "Several flows out of an activity", rule="implicit-split", element="ask"),
    Row(
        "conditional_flow_of_an_activity",
        "Conditional flow of an activity",
        rule="conditional-flow",
        element="ask-done",
    ),
    Row("flow_into_a_sub_process", "Flow into a sub-process", rule="flow-crosses-border", element="ask-check"),
    Row("unreachable", "An element nothing leads to", rule="node-unreachable", element="check"),
)

DATA = (
    Row(
        "data_object",
        "Data object, data association",
        "A drawing: process data are variables.",
        fault="Changes the data after the step.",
        acts=(do("ask", answer="yes"),),
        path="begin ask done",
        data={"answer": "yes"},
    ),
    Row("data_store", "Data store", rule="data-store", element="store"),
    Row("io_specification", "Data input, data output", rule="io-specification", element="ask"),
)

POOLS = (
    Row(
        "pools_and_lanes",
        "Pool, black-box pool, lane, message flow",
        "The lane is shown with the task; message flows are drawings of what messages do.",
        acts=(do("ask", answer="yes"), do("check")),
        path="begin ask check done",
        data={"answer": "yes"},
    ),
    Row("artifacts", "Text annotation, association, group", "Drawings.", acts=(do("ask"),), path="begin ask done"),
    Row("global_task", "Global task", rule="global-task", element="everywhere"),
    Row("choreography", "Choreography", rule="choreography", element="dance"),
    Row("conversation", "Conversation", rule="choreography", element="talk"),
)
