"""The index of a maildrop, by real sessions and by poplar index."""

import contextlib
import ctypes
import os
import random
import struct
import subprocess
import threading
import unittest
from pathlib import Path

from harness import IS_ROOT, Poplar, ServerCase, main, on_wire, unstuff, wait_until

NAME = "poplar-index"


class Opened:
    """Sees when a process opens one of these folders: inotify(7)."""

    def __init__(self, *folders):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        in_open, in_onlydir = 0x20, 0x01000000
        for folder in folders:
            if libc.inotify_add_watch(self.fd, os.fsencode(folder), in_open | in_onlydir) < 0:
                raise OSError(ctypes.get_errno(), "inotify_add_watch", folder)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        os.close(self.fd)

    def folders(self):
        """How often since the last time; events of files in them have a name, and do not count."""
        try:
            events = os.read(self.fd, 65536)
        except BlockingIOError:
            return 0
        count = 0
        while events:
            name_octets = struct.unpack_from("iIII", events)[3]
            count += name_octets == 0
            events = events[16 + name_octets:]
        return count


class IndexCase(ServerCase):
    def setUp(self):
        super().setUp()
        self.index = self.p.maildir() / NAME
        self.remove_index()

    def remove_index(self):
        if self.index.is_dir() and not self.index.is_symlink():
            for name in os.listdir(self.index):
                os.rmdir(self.index / name)
            self.index.rmdir()
        elif self.index.is_symlink() or self.index.exists():
            self.index.unlink()

    def put_some(self, first, count):
        for i in range(first, first + count):
            self.p.put(f"{i}.x", b"message %d\n" % i * (i % 7))

    def settle(self):
        """Let the folders have changed at a time of its own, and the tick of the change be over."""
        IndexCase.at = getattr(IndexCase, "at", 10**18) + 10**9 + 1
        clock = self.p.maildir() / "clock"
        for folder in ("new", "cur"):
            os.utime(self.p.maildir() / folder, ns=(self.at, self.at))
            changed = os.stat(self.p.maildir() / folder).st_ctime_ns
            wait_until(lambda: clock.write_text("x") and clock.stat().st_ctime_ns > changed + 21 * 10**6)
        clock.unlink()

    def listings(self):
        c = self.p.login()
        found = c.ask("STAT"), c.listing("LIST"), c.listing("UIDL")
        c.quit()
        return found


class Sessions(IndexCase):
    def test_a_message_that_is_no_longer_stored_as_it_goes_out(self):
        """Its size is the same, and it would end early if it were sent as it is."""
        octets = b"Subject: x\r\n\r\n" + b"0123456789abcd\r\n" * 20_000
        path = self.p.put("1.x", octets)
        self.settle()
        self.p.login().quit()
        changed = octets.replace(b"9abcd\r\n0123", b"9abcd\r\n.\r\n3", 1)
        Path(os.fsdecode(path)).write_bytes(changed)
        c = self.p.login()
        self.assertEqual(unstuff(c.multi("RETR 1")), changed)
        c.quit()

    def test_what_was_sent_corrects_what_is_listed(self):
        """A program that changes a file where it lies, and sets its time again, shows nowhere else."""
        path = self.p.put("1.x", b"a\nb\nc\n")
        self.settle()
        c = self.p.login()
        self.assertEqual(c.listing(), ["1 9"])
        c.quit()
        times = os.stat(path)
        with open(path, "r+b") as f:
            f.write(b"a\r\nbc\n")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        c = self.p.login()
        self.assertEqual(c.listing(), ["1 9"])
        self.assertEqual(unstuff(c.multi("RETR 1")), b"a\r\nbc\r\n")
        self.p.log.wait("event=size-was-wrong user=alice message=1 listed=9 sent=7")
        c.quit()
        c = self.p.login()
        self.assertEqual(c.listing(), ["1 7"])
        self.assertEqual(unstuff(c.multi("RETR 1")), b"a\r\nbc\r\n")
        c.quit()

    def test_an_unchanged_maildrop_is_not_read(self):
        self.put_some(1000, 40)
        self.settle()
        first = self.listings()
        with Opened(self.p.maildir() / "new", self.p.maildir() / "cur") as opened:
            self.assertEqual(self.listings(), first)
            self.assertEqual(opened.folders(), 0)
            self.index.unlink()
            self.assertEqual(self.listings(), first)
            self.assertGreater(opened.folders(), 0)

    def test_numbers_behind_gaps(self):
        """Message k is the k-th that is left, in every command, session after session."""
        left = list(range(1000, 1400))
        self.put_some(1000, 400)
        for removed in ([0], [1, 2, 3], list(range(0, 200, 2)), [150], list(range(50, 100))):
            c = self.p.login()
            self.assertEqual(c.listing("UIDL"), [f"{i} {n}.x" for i, n in enumerate(left, 1)])
            for i in removed:
                octets = b"message %d\n" % left[i] * (left[i] % 7)
                self.assertEqual(c.ask(f"UIDL {i + 1}"), f"+OK {i + 1} {left[i]}.x")
                self.assertEqual(c.ask(f"LIST {i + 1}"), f"+OK {i + 1} {len(on_wire(octets))}")
                self.assertEqual(unstuff(c.multi(f"RETR {i + 1}")), on_wire(octets))
                c.ok(f"DELE {i + 1}")
            c.quit()
            left = [n for i, n in enumerate(left) if i not in removed]
        self.assertEqual(self.p.names(), [f"new/{n}.x" for n in left])
        self.assertEqual(self.p.run("index", "verify", "alice").returncode, 0)

    def test_one_that_is_not_in_memory(self):
        """The front does not wait for a disk: poplar-drop reads it first."""
        self.put_some(1000, 2000)
        self.settle()
        first = self.listings()
        c = self.p.login()
        with open(self.index, "rb") as f:
            for _ in range(3):
                os.fsync(f.fileno())
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                self.assertEqual((c.listing("LIST"), c.listing("UIDL")), first[1:])
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                self.assertEqual(c.ask("UIDL 2000"), "+OK 2000 2999.x")
        c.quit()

    def test_whatever_lies_in_its_place(self):
        self.put_some(1000, 10)
        self.settle()
        first = self.listings()
        good = self.index.read_bytes()
        outside = self.p.dir / "outside"
        outside.write_bytes(b"stays as it is")

        def write(octets):
            self.index.write_bytes(octets)
            self.p._give(self.index)

        for spoil in (lambda: None,
                      lambda: write(b""),
                      lambda: write(good),  # a copy
                      lambda: write(good[:5000]),
                      lambda: write(os.urandom(20000)),
                      lambda: self.index.symlink_to(outside),
                      lambda: self.index.symlink_to("/dev/zero"),
                      lambda: os.link(outside, self.index),
                      lambda: os.mkfifo(self.index),
                      self.index.mkdir):
            self.remove_index()
            spoil()
            self.assertEqual(self.listings(), first)
            self.assertEqual(self.listings(), first)
            self.assertEqual(outside.read_bytes(), b"stays as it is")
        (self.index / "x").mkdir()
        self.assertEqual(self.listings(), first)
        self.assertTrue(self.p.log.find("event=index-trouble"))

    def test_one_that_is_spoilt_in_a_session(self):
        """A record that is none is never shown: the client is told, the next one is served."""
        self.put_some(1000, 300)
        self.settle()
        first = self.listings()
        for spoil in (lambda: os.truncate(self.index, 0),
                      lambda: self.index.write_bytes(b"x" * 200000)):
            c = self.p.login()
            ino = self.index.stat().st_ino
            spoil()
            for command in ("LIST 290", "RETR 290", "DELE 290"):  # not among what came with the login
                self.assertIn("[SYS/TEMP]", c.err(command))
            c.ok("UIDL")
            self.assertNotIn(b"\r\n.\r\n", c.rest())  # cut short, and known to be
            self.p.log.wait("event=listing-damaged")
            self.assertEqual(self.listings(), first)
            self.assertNotEqual(self.index.stat().st_ino, ino)
        self.assertEqual(len(self.p.names()), 300)

    def test_a_maildir_that_cannot_be_written(self):
        self.put_some(1000, 10)
        self.settle()
        os.chmod(self.p.maildir(), 0o500)
        try:
            first = self.listings()
        finally:
            os.chmod(self.p.maildir(), 0o700)
        self.assertFalse(self.index.exists())
        self.assertEqual(first[0].split()[1], "10")
        self.assertEqual(self.listings(), first)

    @unittest.skipUnless(IS_ROOT, "to mount takes root")
    def test_a_full_disk(self):
        """Sizes of tmpfs down to none: the mail is served, and removed, all the same."""
        home = self.p.maildir().parent
        for blocks in range(12):
            if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={(blocks + 12) * 4}k", "tmpfs",
                               home], capture_output=True).returncode:
                self.skipTest("no tmpfs can be mounted here")
            try:
                self.p._give(home)
                self.p.make_maildir("alice")
                self.put_some(1000, 12)
                c = self.p.login()
                self.assertEqual(len(c.listing("UIDL")), 12)
                c.ok("DELE 12")
                self.assertEqual(c.quit(), "+OK signing off, 11 messages left")
                self.assertEqual(len(self.listings()[1]), 11)
            finally:
                subprocess.run(["umount", "-l", home], check=True)


class Neighbours(IndexCase):
    """An MTA, IMAP servers and a shell, at work for a fixed number of steps all through a number of
    sessions: no wrong size or unique-id, no other message's octets, none twice, none missing."""

    MESSAGES, SESSIONS = 600, 40

    def octets(self, n):
        return b"I am %d.x\n" % n * (1 + n % 5) + b"end"

    def uid(self, n):
        """Every fourth name tells the size: rightly, or wrongly, which must be found out."""
        wire = len(on_wire(self.octets(n)))
        return f"{n}.x" + {0: f",S={len(self.octets(n))},W={wire}", 2: f",S=9999,W={wire + 1}"}.get(n % 4, "")

    def deliver(self):
        """Mostly in order; every fiftieth is older than what is there."""
        for i in range(self.MESSAGES):
            n = 1000 + i if i % 50 else 500 + i // 50
            self.p.put(self.uid(n), self.octets(n))
            self.delivered.add(self.uid(n))

    def each_name(self, seed, act):
        rng = random.Random(seed)
        for _ in range(self.MESSAGES):
            folder = rng.choice(("new", "cur"))
            names = os.listdir(self.p.maildir() / folder)
            if names:
                with contextlib.suppress(FileNotFoundError):  # another was faster
                    act(rng, self.p.maildir() / folder / rng.choice(names))

    def move(self, rng, path):
        """As IMAP servers do: from new to cur, and other flags."""
        base = path.name.split(":")[0]
        path.rename(self.p.maildir() / "cur" / f"{base}:2,{rng.choice(('', 'S', 'RS', 'FRS'))}")

    def link(self, rng, path):
        """As servers do where they cannot rename: two names for a while."""
        target = self.p.maildir() / "cur" / f"{path.name.split(':')[0]}:2,T"
        with self.names, contextlib.suppress(FileExistsError):
            target.hardlink_to(path)
            path.unlink()

    def remove(self, rng, path):
        if rng.random() < 0.3:
            base = path.name.split(":")[0]
            self.going.add(base)
            with self.names:
                alone = path.stat().st_nlink == 1
                path.unlink()
            if alone:
                self.gone.add(base)
        elif rng.random() < 0.05:
            self.index.unlink(missing_ok=True)

    def fetch(self, c, i, uid, size):
        number = int(uid.split(".")[0])
        wire = on_wire(self.octets(number))
        self.assertEqual((uid, size), (self.uid(number), len(wire)))
        reply = c.ask(f"RETR {i}")
        if reply.startswith("+OK"):
            self.assertEqual(unstuff(c.lines()), wire, uid)
        else:
            self.assertIn("removed by someone else", reply)
            self.assertIn(uid, self.going)

    def session(self, rng):
        before = set(self.delivered)
        c = self.p.login()
        stat, first = c.ask("STAT"), c.listing("UIDL")
        uids = [line.split()[1] for line in first]
        sizes = [int(line.split()[1]) for line in c.listing("LIST")]
        self.assertEqual(stat, f"+OK {len(uids)} {sum(sizes)}")
        self.assertEqual(len(set(uids)), len(uids))
        self.assertFalse(self.deleted & set(uids))
        self.assertLessEqual(before - set(uids), self.going | self.deleted)
        self.assertEqual(uids, sorted(uids, key=lambda uid: int(uid.split(".")[0])))
        marked = set()
        for i in sorted(rng.sample(range(len(uids)), min(len(uids), 30))):
            self.fetch(c, i + 1, uids[i], sizes[i])
            if rng.random() < 0.3:
                c.ok(f"DELE {i + 1}")
                marked.add(i + 1)
        left = [line for i, line in enumerate(first, 1) if i not in marked]
        self.assertEqual(c.listing("UIDL"), left)  # whatever went on meanwhile
        self.assertTrue(c.quit().startswith("+OK"))
        self.deleted |= {uids[i - 1] for i in marked}

    def test_all_at_once(self):
        self.delivered, self.going, self.gone, self.deleted = set(), set(), set(), set()
        self.names = threading.Lock()
        threads = [threading.Thread(target=target, args=args) for target, args in (
            (self.deliver, ()), (self.each_name, (1, self.move)), (self.each_name, (2, self.move)),
            (self.each_name, (3, self.remove)), (self.each_name, (5, self.link)))]
        for thread in threads:
            thread.start()
        rng = random.Random(4)
        for _ in range(self.SESSIONS):
            self.session(rng)
        for thread in threads:
            thread.join()
        self.session(rng)
        left = {name.split("/")[1].split(":")[0] for name in self.p.names()}
        self.assertEqual(len(self.delivered), self.MESSAGES)
        self.assertFalse(left & (self.gone | self.deleted))
        self.assertLessEqual(self.delivered - self.going - self.deleted, left)
        c = self.p.login()
        self.assertEqual({line.split()[1] for line in c.listing("UIDL")}, left)
        c.quit()
        out = self.p.run("index", "verify", "alice")
        self.assertEqual(out.returncode, 0, out)


class Tool(IndexCase):
    def run_index(self, command, status=0, user="alice"):
        out = self.p.run("index", command, user)
        self.assertEqual(out.returncode, status, out)
        return out.stdout + out.stderr

    def test_show(self):
        self.assertIn("no index yet", self.run_index("show", 1))
        self.p.put("1000.a b", b"one\n")
        self.p.put("1001.x", b"two\n")
        self.settle()
        self.listings()
        out = self.run_index("show")
        self.assertRegex(out, r"(?m)^messages 2$")
        self.assertRegex(out, r"(?m)^quiescent 1$")
        self.assertRegex(out, r"(?m)^1 record=0 octets=5 .* uid=[0-9a-f]{64} name=n1000.a%20b$")
        self.assertRegex(out, r"(?m)^2 record=1 octets=5 .* uid=1001.x name=n1001.x$")
        os.unlink(self.p.maildir() / "new" / "1000.a b")
        self.listings()
        self.assertRegex(self.run_index("show", user=str(self.p.maildir())),
                         r"(?m)^gap 0 \+1$")

    def test_verify(self):
        self.put_some(1000, 5)
        self.settle()
        self.assertIn("5 messages, all", self.run_index("verify"))  # without any
        self.assertFalse(self.index.exists())
        self.listings()
        self.assertIn("5 messages, all", self.run_index("verify"))
        self.put_some(1005, 1)  # it is behind, but what it says is right
        self.assertIn("6 messages, all", self.run_index("verify"))
        os.unlink(self.p.maildir() / "new" / "1005.x")
        self.settle()
        self.listings()
        stamp = self.index.stat()
        path = self.p.maildir() / "new" / "1002.x"
        with open(path, "ab") as f:
            f.write(b"more\n")  # in its place: no folder tells
        self.assertRegex(self.run_index("verify", 1), r"message 3 uid=1002.x octets=\d+ .*without")
        with open(self.index, "r+b") as f:
            f.seek(4096 + 128)
            f.write(b"x")
        out = self.run_index("verify", 1)
        self.assertIn("message 2 damaged", out)
        self.assertEqual(self.index.stat().st_ino, stamp.st_ino)
        with open(self.index, "r+b") as f:
            f.write(b"x")
        self.assertIn("has a bad head", self.run_index("verify", 1))
        self.assertIn("has a bad head", self.run_index("show", 1))

    def test_rebuild(self):
        self.put_some(1000, 3)
        self.assertIn("3 messages", self.run_index("rebuild"))
        if IS_ROOT:
            self.assertEqual(self.index.stat().st_uid, self.p.mail_uid)
        first = self.listings()
        self.index.write_bytes(b"rubbish")
        self.run_index("rebuild")
        self.assertIn("3 messages, all", self.run_index("verify"))
        self.assertEqual(self.listings(), first)

    def test_what_is_refused(self):
        self.put_some(1000, 3)
        c = self.p.login()
        for command in ("verify", "rebuild"):
            self.assertIn("in use by another session", self.run_index(command, 1))
        self.run_index("show")
        c.quit()
        for name in ("nobody", "/etc", "/etc/../" + str(self.p.maildir()),
                     str(self.p.maildir()) + "/../../.."):
            self.run_index("show", 1, name)


class Off(unittest.TestCase):
    def test_none_is_kept(self):
        with Poplar(settings={"index": "no"}) as p:
            p.put("1.x", b"one\n")
            for _ in range(2):
                c = p.login()
                self.assertEqual(c.listing("UIDL"), ["1 1.x"])
                c.quit()
            self.assertFalse((p.maildir() / NAME).exists())


if __name__ == "__main__":
    main()
