"""Walking flows without a telephone: callers played from a script or at random, on simulated time.

What is walked is the flow itself, by `ivr.call.take_call`; only the telephone (`line`), the
distributor (`line.Desk`) and the clock (`simulated_time`) are played.
"""
