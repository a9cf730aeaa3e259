"""The web process: one hardened HTTP server for the API and, later, pages and channels."""
