"""What a captured poplar-front could say to the other processes: its channels in the hands of a test.

The messages are those of src/ipc/message.h, read from there.
"""

import os
import pathlib
import re
import socket
import struct

from harness import PATIENCE, hold, sockets_that, taken, wait_until

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "src"
PARENT = 3  # the descriptor of the channel to poplard

TABLE = (SOURCE / "ipc" / "message.h").read_text()
KINDS = re.findall(r"^\tX\((\w+),", TABLE, re.M)
FIELDS = {kind: re.findall(r"\b([NT])\((\w+)", text)
          for kind, text in re.findall(r"#define MESSAGE_(\w+)_FIELDS\(N, T\)((?:[^\n]*\\\n)*[^\n]*)", TABLE)}
FAULTS = ["NONE"] + re.findall(r"^\tX\((\w+),", (SOURCE / "base" / "fault.h").read_text(), re.M)


def encode(kind, **values):
    """A message; what is not given is 0 or empty."""
    out = struct.pack("<H", KINDS.index(kind))
    for form, name in FIELDS[kind]:
        value = values.pop(name, 0 if form == "N" else b"")
        out += struct.pack("<Q", value) if form == "N" else struct.pack("<I", len(value)) + value
    assert not values, values
    return out


def decode(octets):
    kind, at, values = KINDS[struct.unpack_from("<H", octets)[0]], 2, {}
    for form, name in FIELDS[kind]:
        if form == "N":
            values[name], = struct.unpack_from("<Q", octets, at)
            at += 8
        else:
            length, = struct.unpack_from("<I", octets, at)
            values[name] = octets[at + 4:at + 4 + length]
            at += 4 + length
    assert at == len(octets)
    return kind, values


class Channel:
    """One end of a channel."""

    def __init__(self, fd):
        self.sock = socket.socket(fileno=fd)
        self.sock.setblocking(True)
        self.sock.settimeout(PATIENCE)

    def say(self, kind, **values):
        self.sock.sendall(encode(kind, **values))

    def hear(self):
        """Kind, fields, and the descriptor that came with them, or None."""
        octets, fds, _, _ = socket.recv_fds(self.sock, 1 << 17, 1)
        assert octets, "the channel has ended"
        return *decode(octets), fds[0] if fds else None

    def ask(self, *args, **kwargs):
        """The answer. What a front may offer, which poplar-auth tells unasked at its start, is none."""
        self.say(*args, **kwargs)
        while (answer := self.hear())[0] == "AUTH_OFFERS":
            pass
        return answer

    def close(self):
        self.sock.close()


def links_of(pid):
    """The channels that a process has beside that to its parent, which it may have twice."""
    parent = os.readlink(f"/proc/{pid}/fd/{PARENT}")

    def is_link(sock):
        return sock.type == socket.SOCK_SEQPACKET and f"socket:[{os.fstat(sock.fileno()).st_ino}]" != parent

    return sockets_that(pid, is_link)


def only_link_of(pid):
    """Its only channel beside that to its parent, once its last session has ended."""
    links = []

    def has_one():
        links[:] = links_of(pid)
        return len(links) == 1

    wait_until(has_one)
    return links[0]


def capture(pid):
    """Stop a poplar-front that has no session, and have its channel to poplar-auth."""
    link = only_link_of(pid)
    hold(pid)
    return channel_of(pid, link)


def channel_of(pid, number):
    """What a process has as this descriptor."""
    with taken(pid, number) as sock:
        return Channel(sock.detach())
