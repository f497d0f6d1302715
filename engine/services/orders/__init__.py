"""Hire orders: the demand, its listing in the market, the lock of the one who takes it, handover and closing."""
