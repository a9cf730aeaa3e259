"""How other processes of this machine ask the core: a local socket, one JSON line each way."""
