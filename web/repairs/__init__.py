"""Repair orders: the list, one order with its team, what was sent and the reports, for everybody it concerns."""
