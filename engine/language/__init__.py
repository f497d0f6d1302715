"""What diagrams mean: expressions in the sandbox, decision tables, our parser and the repaired SpiffWorkflow specs."""
