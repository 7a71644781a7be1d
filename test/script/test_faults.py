"""The store when a system call fails, each in its turn: told, and nothing is lost."""

import collections
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
          "renameat": ("ENOSPC",), "openat2": ("EMFILE", "EACCES", "EIO", "EINTR", "ENOMEM"), "flock": ("EINTR", "ENOLCK"),
          "memfd_create": ("EMFILE",)}
SIZES = {"one": 8, "two": 8, "three": 7, "four": 6}  # as scenario.c delivers them, on the wire
MARKED = {"one", "three"}
PASSING = {"EIO", "EINTR", "ENOMEM", "EMFILE", "ENOLCK"}  # needs no administrator


@unittest.skipUnless(shutil.which("strace"), "no strace")
class Faults(unittest.TestCase):
    def setUp(self):
        if b"__asan_init" in SCENARIO.read_bytes():
            self.skipTest("a sanitizer has system calls of its own")
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="poplar-test-"))
        self.addCleanup(shutil.rmtree, self.root, ignore_errors=True)

    def make(self, kind, known):
        """The maildrop as it is before; `known`: somebody has been there, there is an index."""
        shutil.rmtree(self.root / "u", ignore_errors=True)
        self.run_scenario(kind, "fill")
        if known:
            self.run_scenario(kind, "look")

    def run_scenario(self, kind, what, *wrapper):
        return subprocess.run([*wrapper, SCENARIO, self.root, kind, what], capture_output=True, text=True,
                              timeout=60)

    def there(self, kind):
        return set(self.run_scenario(kind, "there").stdout.split())

    def lines(self, kind):
        """What a session prints of each message, by its text."""
        self.make(kind, False)
        out = self.run_scenario(kind, "look")
        lines = {line.split()[0]: line for line in out.stdout.splitlines()}
        self.assertEqual({name: int(line.split()[1]) for name, line in lines.items()}, SIZES, out.stderr)
        self.assertEqual(len({line.split()[2] for line in lines.values()}), len(SIZES))
        return lines

    def counts(self, kind, lines, known):
        """How often each call is made when nothing fails."""
        self.make(kind, known)
        log = self.root / "calls"
        out = self.run_scenario(kind, "commit", "strace", "-f", "-o", log)
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertEqual(out.stdout.splitlines(), [*lines.values(), "left 2"])
        calls = collections.Counter(re.findall(r"^(?:\d+ +)?(\w+)\(", log.read_text(), re.M))
        return {call: calls[call] for call in CALLS if calls[call]}

    def check(self, kind, lines, call, error, number, known):
        self.make(kind, known)
        out = self.run_scenario(kind, "commit", "strace", "-f", "-o", "/dev/null", "-e", f"trace={call}",
                                "-e", f"inject={call}:error={error}:when={number}")
        left = self.there(kind)
        case = (kind, call, error, number, known, out.stdout, out.stderr)
        self.assertIn(out.returncode, (0, 1, 127), case)  # 127: not even the linker could do its part
        self.assertLessEqual(set(SIZES) - MARKED, left, case)  # nothing that is not marked is gone
        if error in PASSING:
            self.assertNotIn("SETUP", out.stderr, case)
        said = out.stdout.splitlines()
        for line in said:
            self.assertTrue(line.startswith("left ") or line in lines.values(), case)
        if "left 2" in said:
            self.assertEqual(left, set(SIZES) - MARKED, case)
        elif out.returncode == 1:
            self.assertIn("scenario: ", out.stderr, case)  # it is told what failed
        after = self.run_scenario(kind, "look")
        self.assertEqual((after.returncode, after.stdout.splitlines()),
                         (0, [line for name, line in lines.items() if name in left]), case + (after.stderr,))

    def try_all(self, kind, known):
        lines = self.lines(kind)
        counts = self.counts(kind, lines, known)
        self.assertGreaterEqual(set(counts), {"openat2", "fsync", "flock", "pread64"})
        for call, count in counts.items():
            for error in ERRORS.get(call, ("EIO",)):
                for number in range(1, count + 1):
                    self.check(kind, lines, call, error, number, known)

    def test_the_next_session_is_right_whatever_failed(self):
        kinds = subprocess.run([SCENARIO, "kinds"], capture_output=True, text=True, check=True).stdout.split()
        self.assertTrue(kinds)
        for kind in kinds:
            for known in (False, True):
                with self.subTest(kind=kind, known=known):
                    self.try_all(kind, known)


if __name__ == "__main__":
    main()
