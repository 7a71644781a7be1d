#!/bin/bash
# Linux, SCM_RIGHTS: a process with a low soft limit on open files sends one descriptor over a socket of its own, whose other end
# is read at once.
# A good guess: that always works; the limit bounds the descriptors that a process has open, or has under way itself.
# Seen: ETOOMANYREFS, because another process of the same user has more descriptors under way than the *sender's* limit. The
# kernel counts all of a user's, and compares them with the soft RLIMIT_NOFILE of whoever sends. CAP_SYS_RESOURCE or
# CAP_SYS_ADMIN lifts that, so it shows only in processes without root.
set -eu
uname -sr
[ "$(id -u)" = 0 ] || { echo "run this as root: it becomes nobody"; exit 1; }
exec python3 - <<'PYTHON'
import array, errno, os, resource, socket, sys

UNDER_WAY, LIMIT = 200, 100


def send(sock):
    sock.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))])


def child(work):
    """What `work` returns in a process of the user nobody: one number."""
    r, w = os.pipe()
    if os.fork() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        os.write(w, bytes([work()]))
        if work is hold:
            os.read(release_r, 1)
        os._exit(0)
    return os.read(r, 1)[0]


def hold():
    global pairs
    pairs = [socket.socketpair() for _ in range(UNDER_WAY)]
    for one, _ in pairs:
        send(one)
    return 0


def send_one():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, hard))
    one, other = socket.socketpair()
    try:
        send(one)
    except OSError as trouble:
        return trouble.errno
    return 0


release_r, release_w = os.pipe()
alone = child(send_one)
child(hold)
beside = child(send_one)
os.write(release_w, b"x")
print(f"expected  a limit of {LIMIT} lets a process send one: {errno.errorcode.get(alone, 'sent')} when alone")
print(f"seen      {errno.errorcode.get(beside, 'sent')} while another process of the user has {UNDER_WAY} under way")
sys.exit(not (alone == 0 and beside == errno.ETOOMANYREFS))
PYTHON
