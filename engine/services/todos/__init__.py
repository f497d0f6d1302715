"""To-do items: kept by managers and other systems, brought to their handlers, escalated, closed everywhere."""
