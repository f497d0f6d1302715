"""What people sign: versions of agreements, and the evidence of each signature."""
