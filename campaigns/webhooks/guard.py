"""Where a webhook may go: to addresses of the public internet, and to networks that the operator named.

A name is looked up by us, what it leads to is checked, and the connection is made to exactly what was checked: a name
that leads elsewhere a moment later (DNS rebinding) leads nowhere. The check stands twice, at the look-up, where it can
say which name is wrong, and where the socket is made, past which no connection comes about.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from django.utils.translation import gettext as _

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA's IPv4 Special-Purpose Address Registry, multicast, and what is reserved. Among them carriers' own networks
# (100.64.0.0/10) and where clouds tell a machine its secrets (169.254.169.254, 100.100.100.200, 192.0.0.192).
NOT_PUBLIC_4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4",
        # Azure tells its machines things there: a public address that only they reach.
        "168.63.129.16/32",
    )
)  # fmt: skip
# All that is in use of IPv6 begins so; the rest is loopback, private, link-local, multicast, or IPv4 in disguise.
PUBLIC_6 = IPv6Network("2000::/3")
# Protocols' own (Teredo among them), documentation, and 6to4, which wraps an IPv4 address.
NOT_PUBLIC_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
# A network without IPv4 reaches it through these (RFC 6052): what counts is the address within.
NAT64 = IPv6Network("64:ff9b::/96")


class ForbiddenAddress(OSError):
    """A webhook would have left the public internet. The message says where to, for whoever set the endpoint up."""


def read_networks(words: Sequence[str]) -> tuple[Network, ...]:
    """Raises ValueError."""
    return tuple(ip_network(word) for word in words)


def is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_4)
    if address.ipv4_mapped:
        return is_public(address.ipv4_mapped)
    if address in NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
    return address in PUBLIC_6 and not any(address in network for network in NOT_PUBLIC_6)


def is_own(address: Address) -> bool:
    """Whether it is this machine's: then the system would answer it from itself. Nothing is sent to find out."""
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return ip_address(probe.getsockname()[0]) == address
    except OSError:  # it has no way there
        return False


class Guard(AbstractResolver):
    """Looks names up, and makes sockets, for one HTTP session. `allowed`: networks of the operator's own.

    `only_allowed`: nothing else, as for calls that are not encrypted.
    """

    def __init__(self, allowed: Sequence[Network], *, only_allowed: bool = False) -> None:
        self.allowed, self.only_allowed = allowed, only_allowed
        self._names: AbstractResolver | None = None

    def check(self, address: str, named: str = "") -> None:
        """Raises ForbiddenAddress."""
        found = ip_address(address)
        plain = getattr(found, "ipv4_mapped", None) or found
        if any(plain in network for network in self.allowed):
            return
        if self.only_allowed or not is_public(found) or is_own(found):
            raise ForbiddenAddress(self._says(str(found), named))

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self._names = self._names or ThreadedResolver()
        found = await self._names.resolve(host, port, family)
        for one in found:  # all of them: whoever mixes in an address of ours means no good
            self.check(one["host"], host)
        return found

    def socket(self, info: tuple[Any, ...]) -> socket.socket:
        """For the connection that is about to be made, to exactly this address."""
        family, kind, protocol, _name, address = info
        self.check(address[0])
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        if self._names:
            await self._names.close()

    def _says(self, address: str, named: str) -> str:
        words = {"host": named, "address": address}
        if self.only_allowed and is_public(ip_address(address)):
            return (
                _("%(address)s is not in WEBHOOK_ALLOWED_NETWORKS: beyond those the address begins with https.") % words
            )
        if named and named != address:
            return _("%(host)s leads to %(address)s, which is inside a network: webhooks only go out.") % words
        return _("%(address)s is inside a network: webhooks only go out.") % words
