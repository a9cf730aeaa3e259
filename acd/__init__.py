"""Call distribution: who is next, and which agent. Pure: no I/O, clock, asyncio, randomness."""
