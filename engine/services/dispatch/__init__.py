"""Couriers and the offers of errands: who is on duty where, which orders reach him, and who takes one."""
