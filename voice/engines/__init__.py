"""Speech engines, one module each. Loaded in processes of their own, never in the core."""
