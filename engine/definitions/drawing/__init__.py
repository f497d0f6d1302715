"""Drawings of BPMN documents: draw one anew, complete one, ask whether there is one, check how good it is.

A drawing that a person has arranged is never laid out again without being asked."""

from engine.definitions.drawing.check import check_drawing, has_drawing
from engine.definitions.drawing.completion import complete_drawing
from engine.definitions.drawing.document import NotDrawable
from engine.definitions.drawing.finding import DrawingFinding
from engine.definitions.drawing.layout import lay_out

__all__ = ["DrawingFinding", "NotDrawable", "check_drawing", "complete_drawing", "has_drawing", "lay_out"]
