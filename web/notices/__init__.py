"""What people are told: their list, and how they want to be told."""
