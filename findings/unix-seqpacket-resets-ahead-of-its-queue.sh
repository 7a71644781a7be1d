#!/bin/bash
# Linux, a pair of AF_UNIX sockets: one end sends two messages, then closes while a message of the other end is still unread.
# A good guess: the other end receives both messages, and learns of the reset behind them, as with SOCK_STREAM.
# Seen: with SOCK_SEQPACKET the reset (ECONNRESET) comes first, and the two messages can be received after it. Who closes at the
# first error loses messages that were sent well before the end; SOCK_STREAM tells them in their order.
set -eu
uname -sr
seen=$(python3 -c '
import socket
def hear(kind):
    here, there = socket.socketpair(socket.AF_UNIX, kind)
    there.send(b"one")
    there.send(b"two")
    here.send(b"unread")
    there.close()
    said = []
    for _ in range(4):
        try:
            said.append(here.recv(3, socket.MSG_DONTWAIT).decode() or "end")
        except ConnectionResetError:
            said.append("reset")
    return " ".join(said)
print("stream:", hear(socket.SOCK_STREAM) + ", seqpacket:", hear(socket.SOCK_SEQPACKET))')
echo "expected  stream: one two reset end, seqpacket: one two reset end"
echo "seen      $seen"
[ "$seen" = "stream: one two reset end, seqpacket: reset one two end" ]
