"""Pages of whoever has tasks to do."""
