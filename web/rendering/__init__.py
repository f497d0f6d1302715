"""Forms as HTML: to be filled in, and as they were filled in."""

from web.rendering.forms import render_form, render_readonly

__all__ = ["render_form", "render_readonly"]
