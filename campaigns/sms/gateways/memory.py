"""For tests: keeps what it was given, once for each reference, answers as it is told to, and can fail."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from campaigns.sms.gateways.base import (
    Answer,
    GatewayKind,
    Outgoing,
    Promises,
    Refused,
    SendsOnly,
    Setup,
    Taken,
)


@dataclass
class Memory(SendsOnly):
    """`says` answers a number otherwise than by taking it; `knows` is what a look-up finds by reference."""

    promises: Promises = field(default_factory=lambda: Promises(is_idempotent=True, can_look_up=True))
    taken: dict[str, Outgoing] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    says: dict[str, Answer] = field(default_factory=dict)
    knows: dict[str, Answer] = field(default_factory=dict)
    fails: bool = False

    def send(self, messages: Sequence[Outgoing]) -> list[Answer]:
        if self.fails:
            raise ConnectionError("the memory gateway was told to fail")
        return [self._take(message) for message in messages]

    def look_up(self, messages: Sequence[Outgoing]) -> list[Answer | None]:
        return [self.knows.get(message.reference) for message in messages]

    def clear(self) -> None:
        self.__init__()  # type: ignore[misc]

    def _take(self, message: Outgoing) -> Answer:
        if message.to in self.says:
            return self.says[message.to]
        if message.to in self.refuses:
            return Refused("refused by the test")
        self.taken.setdefault(message.reference, message)
        return Taken(message.reference)


def connect(setup: Setup) -> Memory:
    return Memory()


KIND = GatewayKind("memory", _("Memory"), connect, is_builtin=True)
