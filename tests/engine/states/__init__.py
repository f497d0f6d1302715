"""Saved states of every release, one folder each: `kinds` are cases of random diagrams at every step of theirs,
`shipped` are demo cases of the product's own processes wherever people, timers or messages were waited for.

`before-0.1.0` holds states of version 1 (see `engine.language.state`), which are still read. A release adds its folder
with `python -m tests.engine.states.saving 0.2.0`; a folder of a release that is out is never changed again.
"""
