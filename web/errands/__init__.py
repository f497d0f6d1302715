"""Errands in the browser: who asks for one, and the courier who does it."""
