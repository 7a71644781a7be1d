"""Headers of the PROXY protocol, as a proxy sends them."""

import socket
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def v1(source="192.0.2.7", port=50123, family="TCP4", to="198.51.100.1"):
    return f"PROXY {family} {source} {to} {port} 995\r\n".encode()


def run(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


OVER_TLS = run(0x20, b"\1\0\0\0\0" + run(0x21, b"TLSv1.3"))


def v2(source="192.0.2.7", port=50123, runs=b"", command=0x21):
    family, code = ((socket.AF_INET6, 0x21) if ":" in source else (socket.AF_INET, 0x11))
    rest = socket.inet_pton(family, source) * 2 + struct.pack(">HH", port, 995) + runs
    return SIGNATURE + struct.pack(">BBH", command, code, len(rest)) + rest


LOCAL = SIGNATURE + b"\x20\0\0\0"
UNSPECIFIED = SIGNATURE + b"\x21\0\0\0"
