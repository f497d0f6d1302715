"""Topics that move money of an order. What each takes and gives says its docstring, which analysts read."""
