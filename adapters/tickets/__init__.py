"""Tickets and timelines: their tables, the journal's projection into them, and their API."""
