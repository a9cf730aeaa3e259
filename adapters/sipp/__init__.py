"""Real SIP callers and agents' phones, played by SIPp: for the demo, tests and benchmarks."""
