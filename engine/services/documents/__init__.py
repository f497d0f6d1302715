"""Documents about money: issued once, with a number and a hash by which anybody can check them (C.7)."""
