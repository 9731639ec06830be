"""Miners that are not there: what their firmware says, byte by byte, on loopback ports.

The bytes come from the reference notes (firmware sources, vendors' pages, recorded lines), never
from our own drivers. What is assumed rather than known stands in each emulator's docstring.
"""
