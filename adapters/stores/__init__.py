"""Where state lies: journal, vault, audit, tables of the web process, backup and restore."""
