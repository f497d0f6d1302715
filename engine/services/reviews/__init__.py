"""Platform reviews: what is checked by itself, what people decided and why, and the reminders they got."""
