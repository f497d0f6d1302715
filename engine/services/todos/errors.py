"""Why something cannot be done with an item now."""

from engine.language.errors import EngineError


class ChangeOpen(EngineError):
    """Another change of the item waits to be finished: one at a time."""

    def __init__(self, item_id: str) -> None:
        super().__init__(f"Expected no open change of item {item_id}, but there is one", item=item_id)


class ItemUnfit(EngineError):
    """What another system sent is no item as we keep them; `problems` are codes."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(f"Expected an item, but {', '.join(problems)}", problems=", ".join(problems))
        self.problems = problems
