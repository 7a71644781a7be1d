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
         "mkdirat", "fstatfs", "close")
ERRORS = {"fsync": ("EIO",), "unlinkat": ("EIO", "EACCES"), "pwrite64": ("ENOSPC", "EIO"),
          "renameat": ("ENOSPC",), "openat2": ("EMFILE", "EACCES", "EIO", "EINTR", "ENOMEM"), "flock": ("EINTR", "ENOLCK"),
          "memfd_create": ("EMFILE",)}
DELIVERY_ERRORS = {"write": ("ENOSPC", "EDQUOT"), "openat2": ("EMFILE", "EACCES", "EIO", "EROFS"),
                   "renameat2": ("ENOSPC", "EIO", "EINVAL"), "fsync": ("EIO", "ENOSPC")}
SIZES = {"one": 8, "two": 8, "three": 7, "four": 6}  # as scenario.c delivers them, on the wire
COMING = {"five": 6, "six": 8}  # as it delivers them through the store
MARKED = {"one", "three"}
PASSING = {"EIO", "EINTR", "ENOMEM", "EMFILE", "ENOLCK"}  # needs no administrator


def failing(call, error, number):
    return ("strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}")


def each(calls, errors):
    """Each failure of each call: (call, error, number)."""
    return ((call, error, number) for call, count in calls.items() for error in errors.get(call, ("EIO",))
            for number in range(1, count + 1))


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

    def count(self, kind, what, printed):
        """How often each call is made when nothing fails."""
        log = self.root / "calls"
        out = self.run_scenario(kind, what, "strace", "-f", "-o", log)
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertEqual(out.stdout.splitlines(), printed)
        calls = collections.Counter(re.findall(r"^(?:\d+ +)?(\w+)\(", log.read_text(), re.M))
        return {call: calls[call] for call in CALLS if calls[call]}

    def check(self, kind, lines, call, error, number, known):
        self.make(kind, known)
        out = self.run_scenario(kind, "commit", *failing(call, error, number))
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
        self.make(kind, known)
        calls = self.count(kind, "commit", [*lines.values(), "left 2"])
        self.assertGreaterEqual(set(calls), {"openat2", "fsync", "flock", "pread64"})
        for call, error, number in each(calls, ERRORS):
            self.check(kind, lines, call, error, number, known)

    def check_pins(self, kind, expected, call, error, number, known):
        """A session that pins, in which something fails, shows no unique-id that the next one does not."""
        self.make(kind, known)
        out = self.run_scenario(kind, "number", *failing(call, error, number))
        case = (kind, call, error, number, known, out.stdout, out.stderr)
        self.assertIn(out.returncode, (0, 1, 127), case)
        if error in PASSING:
            self.assertNotIn("SETUP", out.stderr, case)
        after = self.run_scenario(kind, "number")
        lines = after.stdout.splitlines()
        self.assertEqual((after.returncode, len(lines)), (0, 4), case + (after.stderr,))
        self.assertLessEqual(set(out.stdout.splitlines()), set(lines), case)
        if error != "EACCES":  # an index that may not be read may have listed them by their names
            self.assertEqual(sorted(lines), sorted(expected), case)

    def test_no_unique_id_changes_whatever_failed(self):
        for kind in self.kinds():
            for known in (False, True):
                self.make(kind, known)
                expected = self.run_scenario(kind, "number").stdout.splitlines()
                self.assertEqual([line.split()[2][0] for line in expected], ["1" if known else "x"] * 4)
                self.make(kind, known)
                calls = self.count(kind, "number", expected)
                self.assertGreaterEqual(set(calls), {"openat2", "fsync", "pwrite64", "renameat"})
                for call, error, number in each(calls, ERRORS):
                    with self.subTest(kind=kind, call=call, error=error, number=number):
                        self.check_pins(kind, expected, call, error, number, known)

    def check_delivery(self, kind, lines, call, error, number, known):
        self.make(kind, known)
        out = self.run_scenario(kind, "deliver", *failing(call, error, number))
        case = (kind, call, error, number, known, out.stdout, out.stderr)
        self.assertIn(out.returncode, (0, 1, 127), case)
        if error in PASSING:
            self.assertNotIn("SETUP", out.stderr, case)
        if error in ("ENOSPC", "EDQUOT") and "scenario: deliver" in out.stderr:
            self.assertIn("FULL", out.stderr, case)
        self.assertEqual(out.returncode == 0, out.stdout.split() == ["stored", "five", "stored", "six"], case)
        after = self.run_scenario(kind, "look")
        self.assertEqual((after.returncode, after.stdout.splitlines()[:len(SIZES)]), (0, lines), case + (after.stderr,))
        came = {line.split()[0]: int(line.split()[1]) for line in after.stdout.splitlines()[len(SIZES):]}
        self.assertLessEqual(came.items(), COMING.items(), case)  # whole, or not at all
        if "scenario: print" not in out.stderr:
            self.assertEqual(list(came), out.stdout.split()[1::2], case)  # exactly those that were said to be stored

    def try_all_deliveries(self, kind, known):
        lines = list(self.lines(kind).values())
        self.make(kind, known)
        calls = self.count(kind, "deliver", [f"stored {name}" for name in COMING])
        self.assertGreaterEqual(set(calls), {"openat2", "fsync", "flock", "pread64", "write"})
        for call, error, number in each(calls, ERRORS | DELIVERY_ERRORS):
            self.check_delivery(kind, lines, call, error, number, known)

    def kinds(self):
        kinds = subprocess.run([SCENARIO, "kinds"], capture_output=True, text=True, check=True).stdout.split()
        self.assertTrue(kinds)
        return kinds

    def test_the_next_session_is_right_whatever_failed(self):
        for kind in self.kinds():
            for known in (False, True):
                with self.subTest(kind=kind, known=known):
                    self.try_all(kind, known)

    def test_a_delivery_comes_whole_or_fails_whatever_failed(self):
        for kind in self.kinds():
            for known in (False, True):
                with self.subTest(kind=kind, known=known):
                    self.try_all_deliveries(kind, known)


@unittest.skipUnless(os.geteuid() == 0, "only root can mount")
class Disk(unittest.TestCase):
    """Deliveries to a file system without room, or one that is read-only."""

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="poplar-test-"))
        self.addCleanup(os.rmdir, self.root)
        if self.mount("-t", "tmpfs", "-o", "size=256k,nr_inodes=100", "tmpfs"):
            self.skipTest("no tmpfs can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", self.root], check=True)

    def mount(self, *arguments):
        return subprocess.run(["mount", *arguments, self.root], capture_output=True).returncode

    def run_scenario(self, kind, what):
        return subprocess.run([SCENARIO, self.root, kind, what], capture_output=True, text=True, timeout=60)

    def check_refused(self, kind, fault):
        """Both deliveries fail so, and nothing has come."""
        before = sorted(self.root.rglob("u/**/*"))
        out = self.run_scenario(kind, "deliver")
        self.assertEqual((out.returncode, out.stdout), (1, ""), out.stderr)
        self.assertEqual([line.split()[-1] for line in out.stderr.splitlines()], [fault] * 2, out.stderr)
        self.assertEqual(sorted(self.root.rglob("u/**/*")), before)

    def check_taken(self, kind):
        out = self.run_scenario(kind, "deliver")
        self.assertEqual(out.stdout.splitlines(), [f"stored {name}" for name in COMING], out.stderr)

    def each_kind(self):
        kinds = subprocess.run([SCENARIO, "kinds"], capture_output=True, text=True, check=True).stdout.split()
        self.assertTrue(kinds)
        for kind in kinds:
            shutil.rmtree(self.root / "u", ignore_errors=True)
            self.run_scenario(kind, "fill")
            yield kind

    def test_a_disk_without_space(self):
        for kind in self.each_kind():
            with open(self.root / "all", "wb", buffering=0) as file, self.assertRaises(OSError):
                while True:
                    file.write(bytes(4096))
            self.check_refused(kind, "FULL")
            (self.root / "all").unlink()
            self.check_taken(kind)

    def test_a_disk_without_inodes(self):
        for kind in self.each_kind():
            with self.assertRaises(OSError):
                for i in range(1000):
                    (self.root / f"file{i}").touch()
            self.check_refused(kind, "FULL")
            for file in self.root.glob("file*"):
                file.unlink()
            self.check_taken(kind)

    def test_a_disk_that_is_read_only(self):
        for kind in self.each_kind():
            self.assertEqual(self.mount("-o", "remount,ro"), 0)
            self.check_refused(kind, "SETUP")
            self.assertEqual(self.mount("-o", "remount,rw"), 0)
            self.check_taken(kind)


if __name__ == "__main__":
    main()
