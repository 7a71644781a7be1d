"""Looks at processes from their first moment on, at each system call (ptrace(2))."""

import contextlib
import ctypes
import os
import pathlib
import platform
import re
import signal

SEIZE, INTERRUPT, CONT, SYSCALL, DETACH, SYSCALL_INFO = 0x4206, 0x4207, 7, 24, 17, 0x420e
TRACE_SYSCALLS, TRACE_FORKS = 1, 2
ALL = 0x40000000  # __WALL
ENTRY = 1
SECCOMP = {"x86_64": 317}.get(platform.machine(), 277)

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def ptrace(request, pid, address=0, data=0):
    if libc.ptrace(request, pid, address, data) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


def raises_its_filter(pid):
    """Is it about to?"""
    info = (ctypes.c_uint64 * 11)()
    ptrace(SYSCALL_INFO, pid, ctypes.sizeof(info), ctypes.addressof(info))
    return info[0] & 0xff == ENTRY and info[3] == SECCOMP and info[4] == 1  # SECCOMP_SET_MODE_FILTER


def name(pid):
    return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()


def ids(pid):
    return set(map(int, re.search(r"Uid:\t(.*)", pathlib.Path(f"/proc/{pid}/status").read_text())[1].split()))


@contextlib.contextmanager
def held(parent, begin, count, look=lambda pid: None):
    """Hold `count` new children of `parent`, which is our own child, where they are about to raise their seccomp
    filters, and tell who they are. look(pid) is called wherever one stands at a system call before. begin() makes
    the parent start them."""
    grown = []
    ptrace(SEIZE, parent, 0, TRACE_SYSCALLS | TRACE_FORKS)
    begin()
    while len(grown) < count:
        pid, status = os.waitpid(-1, ALL)
        assert os.WIFSTOPPED(status), (pid, status)
        sig, event = os.WSTOPSIG(status), status >> 16
        sent = 0 if event or sig & 0x80 else sig
        if pid == parent:
            ptrace(CONT, pid, 0, sent)
            continue
        look(pid)
        if sig == signal.SIGTRAP | 0x80 and raises_its_filter(pid):
            grown.append(pid)
        else:
            ptrace(SYSCALL, pid, 0, sent)
    ptrace(INTERRUPT, parent)
    os.waitpid(parent, ALL)
    ptrace(DETACH, parent)
    try:
        yield grown
    finally:
        for pid in grown:
            try:
                ptrace(DETACH, pid)
            except ProcessLookupError:  # killed meanwhile
                os.waitpid(pid, ALL)
