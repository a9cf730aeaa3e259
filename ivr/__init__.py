"""The conversation and the rules of the house. Knows ports, never sockets."""
