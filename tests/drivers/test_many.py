"""40 miners of which 8 hang, asked again and again: the well ones are read, and no thread stays but those of the stuck.

How long a poll of 200 takes, for ten minutes, is `python -m benchmarks soak`.
"""

from __future__ import annotations

import threading

from benchmarks import soak
from integrations.ask import call_all, forget
from tests.servers.process import PATIENT_SECONDS, wait_until

MINERS, HUNG, STUCK = 40, 8, 3
#: All of it is waited for at each poll, as some hang; the well ones need a tenth.
DEADLINE_S = 2.0


def test_polls_leave_nothing_behind(monkeypatch):
    for name, value in (("MINERS", MINERS), ("HUNG", HUNG), ("STUCK", STUCK)):
        monkeypatch.setattr(soak, name, value)
    forget()
    others, over = set(threading.enumerate()), threading.Event()

    def ours() -> int:
        return sum(thread not in others for thread in threading.enumerate())

    with soak.devices() as addresses:
        calls = soak.calls(addresses, PATIENT_SECONDS, over)
        for _ in range(4):
            outcomes = call_all(calls, DEADLINE_S)
            assert [key for key in calls if outcomes[key].error is None] == list(range(HUNG, MINERS))
            # A driver that does not come back keeps its thread, one each; nobody else does.
            wait_until(lambda: ours() <= STUCK, "the others have come back")
            assert ours() == STUCK
        over.set()
    wait_until(lambda: ours() == 0, "those that were stuck have come back")
    forget()
