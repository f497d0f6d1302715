"""What of BPMN runs and how, element by element: a table whose every row has a diagram in `../elements`.

The tests run it and write docs/bpmn-support.md from it.
"""
