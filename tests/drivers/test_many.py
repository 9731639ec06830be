"""200 miners of which 20 hang, asked again and again: no poll beyond its deadline, no thread more than hang.

Ten minutes of it are `python -m benchmarks soak`.
"""

from __future__ import annotations

from benchmarks import soak

DEADLINE_S, POLLS_S = 1.0, 8.0


def test_polls_end_in_time_and_leave_nothing_behind():
    seen = soak.run(POLLS_S, 0.0, DEADLINE_S, stuck_s=60)
    assert len(seen.seconds) >= 7
    assert max(seen.seconds) < DEADLINE_S + 1
    # A driver that does not come back keeps its thread, one each; nobody else does.
    settled = seen.threads[1:]
    assert max(settled) <= soak.STUCK + 1, seen.threads
    assert max(settled) >= soak.STUCK, "those that are stuck were not even asked"
    assert seen.missing == 0
