"""To-do items: kept by managers, watched by supervisors, seen by their handlers, acted on by signed links."""
