"""Unique-ids that are pinned: as a uidl-format makes them, and from the register."""

import hashlib
import unittest

from harness import Poplar, main


class Uidl(unittest.TestCase):
    def start(self, **kwargs):
        p = Poplar(**kwargs)
        p.__enter__()
        self.addCleanup(p.__exit__)
        return p

    def uids(self, p, password=None):
        with p.login(password=password) as c:
            uids = [line.split()[1] for line in c.listing("UIDL")]
            c.quit()
        return uids

    def test_numbers_stay_and_never_come_again(self):
        p = self.start(settings={"uidl-format": '"x%u"'})
        for name in ("new/100.a", "cur/200.b:2,S", "new/300.c"):
            p.put(name, b"one\n")
        self.assertEqual(self.uids(p), ["x1", "x2", "x3"])
        with p.login() as c:
            c.ok("DELE 3")
            c.quit()
        p.put("new/050.d", b"old name, comes late\n")
        (p.maildir() / "new/100.a").rename(p.maildir() / "cur/100.a:2,RS")
        self.assertEqual(self.uids(p), ["x1", "x2", "x4"])
        (p.maildir() / "poplar-index").unlink()
        self.assertEqual(self.uids(p), ["x1", "x2", "x4"])

    def test_a_user_may_have_a_format(self):
        p = self.start(users={"alice": "alice:{PLAIN}secret::::::uidl-format=tpop3d", "bob": "hunter2"},
                       settings={"uidl-format": '"courier"'})
        for user in ("alice", "bob"):
            p.put("new/100.a", b"one\n", user)
        self.assertEqual(self.uids(p, "secret"), [hashlib.md5(b"100.a").hexdigest()])
        with p.login("bob", "hunter2") as c:
            self.assertRegex(c.listing("UIDL")[0], r"^1 UID1-[1-9][0-9]+$")
            c.quit()

    def test_a_damaged_register_is_told(self):
        p = self.start(settings={"uidl-format": '"x%u"'})
        p.put("new/100.a", b"one\n")
        p.put("new/200.b", b"two\n")
        self.assertEqual(self.uids(p), ["x1", "x2"])
        register = p.maildir() / "poplar-uids"
        octets = register.read_bytes()
        with register.open("r+b") as f:
            f.seek(64 + 32 + 9)
            f.write(b"!")
        p.put("new/300.c", b"three\n")
        with p.connect() as c:
            c.ok("USER alice")
            self.assertRegex(c.err("PASS secret"), r"^-ERR \[SYS/PERM\]")
        self.assertIn("record 2", p.log.wait("event=open-failed"))
        verify = p.run("index", "verify", "alice")
        self.assertNotEqual(verify.returncode, 0)
        self.assertIn("poplar-uids, record 2", verify.stderr)
        register.write_bytes(octets)
        self.assertEqual(self.uids(p), ["x1", "x2", "x3"])

    def test_a_wrong_format_is_told_with_its_line(self):
        p = self.start()
        p.extra["uidl-format"] = '"%v"'
        p.write_config()
        check = p.run("check")
        self.assertNotEqual(check.returncode, 0)
        self.assertRegex(check.stdout + check.stderr, r"poplar.conf:\d+: .*uidl-format: .*differs between messages")


if __name__ == "__main__":
    main()
