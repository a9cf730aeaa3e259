"""The work that outlives a call: rules of tickets and timelines. Pure; time is an argument."""
