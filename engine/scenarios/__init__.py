"""Scenarios: what a process shall do, written beside its diagram and played on the real engine."""
