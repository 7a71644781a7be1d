#!/bin/bash
# Linux, inotify(7): two files are renamed, one after the other, to the same name in a watched folder; nobody reads meanwhile.
# A good guess: two IN_MOVED_TO. The manual merges events in a row only if mask, cookie and name are the same, and each rename has
# a cookie of its own.
# Seen: one event, because the kernel does not compare cookies. Who waits for the report of a file of its own cannot tell that
# another program has put another file over it: stat(2) the file as well. With a look in between there are two.
set -eu
uname -sr
exec python3 - <<'PYTHON'
import ctypes, os, pathlib, struct, sys, tempfile

IN_MOVED_TO = 0x80
libc = ctypes.CDLL(None, use_errno=True)


def events(fd):
    try:
        octets = os.read(fd, 65536)
    except BlockingIOError:
        return []
    found, at = [], 0
    while at < len(octets):
        wd, mask, cookie, length = struct.unpack_from("iIII", octets, at)
        found.append((mask, cookie, octets[at + 16:at + 16 + length].rstrip(b"\0").decode()))
        at += 16 + length
    return found


def renames(look_between):
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        (top / "tmp").mkdir()
        (top / "new").mkdir()
        for name in "one", "two":
            (top / "tmp" / name).write_text(name)
        fd = libc.inotify_init1(os.O_NONBLOCK)
        libc.inotify_add_watch(fd, os.fsencode(top / "new"), IN_MOVED_TO)
        found = []
        (top / "tmp" / "one").rename(top / "new" / "mail")
        if look_between:
            found += events(fd)
        (top / "tmp" / "two").rename(top / "new" / "mail")
        found += events(fd)
        os.close(fd)
    return found


apart, together = renames(True), renames(False)
print(f"expected  two events, as with a look in between: {len(apart)} with "
      f"{len({cookie for _, cookie, _ in apart})} cookies")
print(f"seen      {len(together)} event")
sys.exit(not (len(apart) == 2 and apart[0][1] != apart[1][1] and len(together) == 1))
PYTHON
