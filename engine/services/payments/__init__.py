"""Money from and to the outside world: top-ups and payouts through a payment provider behind one port."""
