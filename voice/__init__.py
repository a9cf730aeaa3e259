"""Hearing, speaking, knowing a voice. Imports nothing else of ours."""
