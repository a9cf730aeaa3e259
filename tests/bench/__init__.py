"""Benchmarks: figures that anyone can measure again with `./hotline bench NAME`."""
