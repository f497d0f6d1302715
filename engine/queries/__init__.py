"""What is asked: inbox, cases, definitions. Nothing here writes."""
