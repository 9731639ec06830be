"""Deciding: pure functions of a situation (time and memory included). No Django, no clock, no I/O."""
