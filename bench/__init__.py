"""What the product costs, as ratios within one run: `python -m bench`."""
