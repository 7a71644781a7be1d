#!/bin/bash
# Linux, /proc/net/unix: a program reads the list of AF_UNIX sockets again and again, while others open and close sockets.
# A good guess: a socket that lives all the time is in every list; only those that come or go may be missing.
# Seen: now and then a list lacks sockets that have been there all along (about one list of a thousand on a busy machine of two
# processors). Who concludes from a list that a process has closed its socket is wrong; pidfd_getfd(2) and getsockopt(2) ask the
# socket itself.
set -eu
uname -sr
echo "expected  every list has the 40 sockets that live"
exec python3 - <<'PYTHON'
import os, pathlib, signal, socket, sys, time

living = [socket.socketpair() for _ in range(20)]
inodes = {str(os.fstat(sock.fileno()).st_ino) for pair in living for sock in pair}
others = []
for _ in range(3):
    pid = os.fork()
    if pid == 0:
        while True:
            for one, other in [socket.socketpair() for _ in range(50)]:
                one.close(), other.close()
    others.append(pid)
lists = lacking = 0
end = time.monotonic() + 120
while time.monotonic() < end and lacking < 3:
    rows = pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]
    lists += 1
    lacking += bool(inodes - {row.split()[6] for row in rows})
for pid in others:
    os.kill(pid, signal.SIGKILL)
print(f"seen      {lacking} of {lists} lists lack some of them")
sys.exit(lacking == 0)
PYTHON
