"""What a device, its network or whoever stands between can do wrong to an answer."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    REFUSE = "refuse"  # no listener
    DROP = "drop"  # takes the call, closes without a word
    HANG = "hang"  # takes the call, never answers
    SLOW = "slow"  # the whole answer, when nobody waits for it any more
    DRIP = "drip"  # one byte now and then
    GARBAGE = "garbage"  # bytes that are no answer
    TRUNCATE = "truncate"  # half of it
    HUGE = "huge"  # 10 MB
    WRONG_ACK = "wrong_ack"  # it obeys and says it did not
    ACK_NOT_DONE = "ack_not_done"  # it says it obeyed and did not
    DONE_NOT_ACKED = "done_not_acked"  # it obeys and never says so
    FROZEN = "frozen"  # it goes on telling what it told before


#: Those after which nothing usable came back: each must be a clear error.
NO_ANSWER = (Fault.REFUSE, Fault.DROP, Fault.HANG, Fault.SLOW, Fault.DRIP, Fault.GARBAGE, Fault.TRUNCATE, Fault.HUGE)
#: Those that last until the other side gives up.
WITHOUT_END = (Fault.HANG, Fault.SLOW, Fault.DRIP)
#: Those that only a command can meet.
OF_COMMANDS = (Fault.WRONG_ACK, Fault.ACK_NOT_DONE, Fault.DONE_NOT_ACKED)


class Scope(StrEnum):
    READ = "read"
    WRITE = "write"
    ANY = "any"


@dataclass
class Faults:
    """The fault of each exchange: none, or the one set, for what it is set for, as often as it is set."""

    fault: Fault | None = None
    scope: Scope = Scope.ANY
    probability: float = 1.0
    random: random.Random = field(default_factory=lambda: random.Random(1))

    def set(self, fault: Fault | None, scope: Scope = Scope.ANY, probability: float = 1.0) -> None:
        self.fault, self.scope, self.probability = fault, scope, probability

    def clear(self) -> None:
        self.set(None)

    def of(self, is_write: bool) -> Fault | None:
        """The fault this exchange meets."""
        if self.fault is None or (self.fault in OF_COMMANDS and not is_write):
            return None
        if self.scope is not Scope.ANY and is_write != (self.scope is Scope.WRITE):
            return None
        return self.fault if self.random.random() < self.probability else None
