"""As in `sites.remembered`."""

from sites.remembered import number, past, time

__all__ = ["number", "past", "time"]
