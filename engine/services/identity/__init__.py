"""Who is who: people, organisations, what each may act as, passwords and sessions."""
