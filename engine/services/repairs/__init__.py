"""Repair collaboration: orders, teams, what each member sends, the merged reports, verification and sign-off."""
