"""Which addresses count as one client's, for every limit by address."""

import ipaddress

IPV6_PREFIX_BITS = 64
"""What one subscriber is given at least (RFC 6177): whoever has one address of it has all of them."""


def address_group(host: str) -> str:
    """An IPv4 address, or the /64 network of an IPv6 one; a mapped IPv4 address is that. Other texts stay as they are,
    shortened to what a log line bears."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host[:64]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, IPV6_PREFIX_BITS), strict=False))
    return str(address)
