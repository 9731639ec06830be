"""Real servers that the tests start for themselves, on free loopback ports; see `fixtures.py`."""
