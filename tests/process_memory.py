"""What a process remembers and a new one does not: forgotten between tests, and where a test restarts the program."""

from __future__ import annotations


def forget() -> None:
    """As a process that has just begun: no lease, live snapshot, session, plan, learned room or watched home."""
    from climate import observed
    from dashboard import fragments, last_hours
    from integrations import ask, refusals
    from miners import desired_state
    from optimization.site_plan import cache
    from optimization.watchdog import watchdog
    from sites import heartbeat, held, recording, said
    from sites import store as stores

    if hasattr(stores.store, "cache_clear"):  # else a test has put another in its place, and takes it away again
        stores.store.cache_clear()
    heartbeat.forget()
    recording.forget()
    refusals.forget()
    held.forget()
    said.forget()
    ask.forget()
    watchdog.keep_only(())
    cache.forget()
    fragments.forget()
    last_hours.forget()
    observed.forget()
    desired_state.forget()
