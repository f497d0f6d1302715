"""Ways out of the machine, behind one small port. The browser needs none of them."""
