"""200 miners of which 20 hang, asked again and again: no poll beyond its deadline, no thread more than hang.

Ten minutes of it are `python -m benchmarks soak`.
"""

from __future__ import annotations

from benchmarks import soak

#: A pass gives 5 s; less, and a machine busy with other tests misses some.
DEADLINE_S, POLLS_S = 4.0, 17.0


def test_polls_end_in_time_and_leave_nothing_behind():
    seen = soak.run(POLLS_S, 0.0, DEADLINE_S, stuck_s=60)
    assert len(seen.seconds) >= 4
    assert max(seen.seconds) < DEADLINE_S + 1
    # A driver that does not come back keeps its thread, one each; nobody else does.
    settled = seen.threads[1:]
    assert max(settled) <= soak.STUCK + 1, seen.threads
    assert max(settled) >= soak.STUCK, "those that are stuck were not even asked"
    assert seen.missing == 0
