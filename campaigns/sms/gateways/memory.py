"""For tests: keeps what it was given, once for each reference, refuses the numbers it is told to, and can fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from campaigns.sms.gateways.base import Answer, Outgoing, Refused, Taken


@dataclass
class Memory:
    key: str = "memory"
    is_idempotent: bool = True
    taken: dict[str, Outgoing] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    fails: bool = False

    def send(self, messages: Sequence[Outgoing]) -> list[Answer]:
        if self.fails:
            raise ConnectionError("the memory gateway was told to fail")
        return [self._take(message) for message in messages]

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]

    def _take(self, message: Outgoing) -> Answer:
        if message.to in self.refuses:
            return Refused("refused by the test")
        self.taken.setdefault(message.reference, message)
        return Taken(message.reference)


GATEWAY = Memory()
