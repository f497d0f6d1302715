"""Couriers in the browser: what they set for themselves. Orders and deliveries are pages of `web.errands`."""
