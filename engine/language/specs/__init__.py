"""SpiffWorkflow 3.2.0 task specs, repaired. Data is copy on write: nothing here changes a value in place."""
