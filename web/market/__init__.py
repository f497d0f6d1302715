"""The market: orders to take, orders of one's own, the wallet."""
