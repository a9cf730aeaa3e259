"""Tests, by what they need: unit, contract, integration, acceptance, bench."""
