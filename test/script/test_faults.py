"""The store when a system call fails, each in its turn: told, and nothing is lost."""

import collections
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import BUILD, main

SCENARIO = BUILD.parent / "test" / "scenario"
CALLS = ("openat", "openat2", "newfstatat", "getdents64", "pread64", "preadv2", "pwrite64", "write",
         "flock", "unlinkat", "fsync", "renameat", "renameat2", "memfd_create", "ftruncate", "fcntl",
         "mkdirat", "close")
ERRORS = {"fsync": ("EIO",), "unlinkat": ("EIO", "EACCES"), "pwrite64": ("ENOSPC", "EIO"),
          "renameat": ("ENOSPC",), "openat2": ("EMFILE", "EACCES"), "flock": ("EINTR", "ENOLCK"),
          "memfd_create": ("EMFILE",)}
MAIL = {"1.a": b"one\nx\n", "2.b": b"two\ny\n", "3.c": b"three\n", "4.d": b"four\n"}
MARKED = {"1.a", "3.c"}


def told(name):
    return f"{name} {len(MAIL[name]) + MAIL[name].count(10)} {MAIL[name].split()[0].decode()}"


@unittest.skipUnless(shutil.which("strace"), "no strace")
class Faults(unittest.TestCase):
    def setUp(self):
        if b"__asan_init" in SCENARIO.read_bytes():
            self.skipTest("a sanitizer has system calls of its own")
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="poplar-test-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)

    def make(self, known):
        """The maildrop as it is before; `known`: somebody has been there, there is an index."""
        shutil.rmtree(self.root / "u", ignore_errors=True)
        for folder in ("new", "cur", "tmp"):
            (self.root / "u" / "Maildir" / folder).mkdir(parents=True)
        for name, text in MAIL.items():
            (self.root / "u" / "Maildir" / "new" / name).write_bytes(text)
        if known:
            self.run_scenario("look")

    def run_scenario(self, what, *wrapper):
        return subprocess.run([*wrapper, SCENARIO, self.root, what], capture_output=True, text=True, timeout=60)

    def there(self):
        folder = self.root / "u" / "Maildir"
        return {name for sub in ("new", "cur") for name in os.listdir(folder / sub)}

    def counts(self, known):
        """How often each call is made when nothing fails."""
        self.make(known)
        log = self.root / "calls"
        out = self.run_scenario("commit", "strace", "-f", "-o", log)
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertEqual(out.stdout.splitlines(), [told(name) for name in MAIL] + ["left 2"])
        calls = collections.Counter(re.findall(r"^(?:\d+ +)?(\w+)\(", log.read_text(), re.M))
        return {call: calls[call] for call in CALLS if calls[call]}

    def check(self, call, error, number, known):
        self.make(known)
        out = self.run_scenario("commit", "strace", "-f", "-o", "/dev/null", "-e", f"trace={call}",
                                "-e", f"inject={call}:error={error}:when={number}")
        left = self.there()
        case = (call, error, number, known, out.stdout, out.stderr)
        self.assertIn(out.returncode, (0, 1, 127), case)  # 127: not even the linker could do its part
        self.assertLessEqual(set(MAIL) - MARKED, left, case)  # nothing that is not marked is gone
        lines = out.stdout.splitlines()
        for line in lines:
            self.assertTrue(line.startswith("left ") or line in map(told, MAIL), case)
        if "left 2" in lines:
            self.assertEqual(left, set(MAIL) - MARKED, case)
        after = self.run_scenario("look")
        self.assertEqual((after.returncode, after.stdout.splitlines()),
                         (0, [told(name) for name in MAIL if name in left]), case + (after.stderr,))

    def test_the_next_session_is_right_whatever_failed(self):
        for known in (False, True):
            counts = self.counts(known)
            self.assertGreaterEqual(set(counts), {"openat2", "unlinkat", "fsync", "flock", "pwrite64"} -
                                    ({"pwrite64"} if known else set()))
            for call, count in counts.items():
                for error in ERRORS.get(call, ("EIO",)):
                    for number in range(1, count + 1):
                        self.check(call, error, number, known)


if __name__ == "__main__":
    main()
