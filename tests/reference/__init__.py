"""A second opinion on the order of contacts, which shares no line with `acd/`."""
