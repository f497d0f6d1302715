"""What people see: Flask, one folder per audience. It renders and asks; it decides nothing."""
