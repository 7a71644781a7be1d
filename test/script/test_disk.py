"""Disks that are full, may not be written, or not be read: said clearly, and nothing is lost."""

import contextlib
import os
import subprocess
import unittest

from harness import IS_ROOT, Poplar, main, on_wire, unstuff

MAIL = {f"{1000 + i}.x": b"message %d\n" % i * (i + 1) for i in range(5)}


def mount(*args):
    return subprocess.run(["mount", *args], capture_output=True).returncode == 0


@unittest.skipUnless(IS_ROOT, "to mount takes root")
class Disk(unittest.TestCase):
    """Alice's home is a small file system of its own, bob's is on the same as all else."""

    settings = {}

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.p = stack.enter_context(Poplar(settings=self.settings))
        self.home = self.p.maildir().parent
        if not mount("-t", "tmpfs", "-o", "size=200k,nr_inodes=100", "tmpfs", self.home):
            self.skipTest("no tmpfs can be mounted here")
        stack.callback(subprocess.run, ["umount", "-l", self.home], check=True)
        self.p._give(self.home)
        self.p.make_maildir("alice")
        for name, octets in MAIL.items():
            self.p.put(name, octets)
        self.p.put("1.x", b"his own\n", "bob")

    def fill(self):
        """Not an octet has room, nor has a file."""
        with contextlib.suppress(OSError), open(self.home / "full", "wb", buffering=0) as f:
            while f.write(b"x" * 4096):
                pass
        n = 0
        with contextlib.suppress(OSError):
            while True:
                os.close(os.open(self.home / f"full{n}", os.O_CREAT))
                n += 1

    def read_all(self, c):
        uids = [line.split()[1] for line in c.listing("UIDL")]
        for i, uid in enumerate(uids, 1):
            self.assertEqual(unstuff(c.multi(f"RETR {i}")), on_wire(MAIL[uid]))
        return set(uids)

    def check_bob(self):
        c = self.p.login("bob")
        self.assertEqual(c.listing("UIDL"), ["1 1.x"])
        c.quit()

    def err_pass(self):
        with self.p.connect() as c:
            c.ok("USER alice")
            return c.err(f"PASS {self.p.users['alice']}")


class Full(Disk):
    def test_mail_is_served_and_removed(self):
        self.fill()
        c = self.p.login()
        self.assertRegex(self.p.log.wait("event=index-trouble user=alice"), "No space left")
        self.assertEqual(self.read_all(c), set(MAIL))
        c.ok("DELE 2")
        self.assertEqual(c.quit(), "+OK signing off, 4 messages left")
        c = self.p.login()
        self.assertEqual(self.read_all(c), set(MAIL) - {"1001.x"})
        c.quit()
        self.check_bob()

    def test_a_maildir_that_cannot_be_made(self):
        for name in self.p.names():
            os.unlink(self.p.maildir() / name)
        for folder in ("new", "cur", "tmp"):
            os.rmdir(self.p.maildir() / folder)
        os.rmdir(self.p.maildir())
        self.fill()
        self.assertIn("[SYS/TEMP]", self.err_pass())
        self.assertRegex(self.p.log.wait("event=open-failed user=alice"), "No space left")
        self.check_bob()


class FullWithPolicy(Full):
    """What is to be remembered of the user finds no room either."""

    settings = {"login-delay": "1s", "quick-logins": "100", "expire": '"never,30"'}


class ReadOnly(Disk):
    def test_mail_is_served_and_stays(self):
        self.assertTrue(mount("-o", "remount,ro", self.home))
        c = self.p.login()
        self.assertEqual(self.read_all(c), set(MAIL))
        c.ok("DELE 2")
        self.assertRegex(c.ask("QUIT"), r"^-ERR \[SYS/PERM\] ")
        self.assertRegex(self.p.log.wait("event=commit-failed user=alice"), "Read-only file system")
        self.assertEqual(len(self.p.names()), len(MAIL))
        c = self.p.login()
        self.assertEqual(self.read_all(c), set(MAIL))
        c.quit()  # nothing to remove: nothing that could fail
        self.assertTrue(mount("-o", "remount,rw", self.home))
        c = self.p.login()
        c.ok("DELE 2")
        self.assertEqual(c.quit(), "+OK signing off, 4 messages left")
        self.check_bob()


class Unreadable(Disk):
    def test_folders_that_may_not_be_read(self):
        for folder in (self.p.maildir() / "new", self.p.maildir() / "cur", self.p.maildir(), self.home):
            at = self.p.log.mark()
            os.chmod(folder, 0)
            self.assertIn("[SYS/PERM]", self.err_pass(), folder)
            self.assertRegex(self.p.log.wait("event=open-failed user=alice", start=at), "Permission denied")
            self.check_bob()
            os.chmod(folder, 0o700)
            self.assertEqual(len(self.p.names()), len(MAIL))
        c = self.p.login()
        self.assertEqual(self.read_all(c), set(MAIL))
        c.quit()

    def test_folders_that_may_not_be_written(self):
        c = self.p.login()
        c.ok("DELE 2")
        os.chmod(self.p.maildir() / "new", 0o500)
        self.assertRegex(c.ask("QUIT"), r"^-ERR \[SYS/PERM\] ")
        self.assertRegex(self.p.log.wait("event=commit-failed user=alice"), "Permission denied")
        os.chmod(self.p.maildir() / "new", 0o700)
        c = self.p.login()
        self.assertEqual(self.read_all(c), set(MAIL))
        c.quit()


if __name__ == "__main__":
    main()
