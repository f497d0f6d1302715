"""What processes do to the world. Each service registers its topics, relations and jobs when it is imported."""
