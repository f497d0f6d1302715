"""What a step writes down: history, work list, jobs, subscriptions, incidents."""
