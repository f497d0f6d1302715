"""The process engine. Knows nothing of the web."""
