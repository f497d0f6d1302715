"""Notifications of every process: in the browser always, by mail, messenger and webhook as each person wishes."""
