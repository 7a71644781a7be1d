"""File systems that let one wait: whoever reads there waits for them, and nobody else does.

Nothing here measures time: a file system of our own (slowfs.c) waits until it is told to go on, and says when
somebody waits.
"""

import os
import subprocess
import threading
import unittest

from harness import BUILD, IS_ROOT, Poplar, main, on_wire, open_files, wait_until

SLOWFS = BUILD.parent / "test" / "slowfs"


class SlowPoplar(Poplar):
    """alice's home lies on a file system that waits, bob's does not; both have the same front."""

    def __init__(self, **settings):
        super().__init__(tls=False, settings={"fronts": "1"} | settings)

    def prepare(self):
        self.behind, self.gate, self.home = self.dir / "behind", self.dir / "gate", self.dir / "mail" / "alice"
        self.waiting = self.dir / "gate.waiting"
        self.behind.mkdir()
        self.home.mkdir()
        self.slowfs = subprocess.Popen([SLOWFS, self.behind, self.gate, "-f", "-o", "allow_other,max_threads=32", self.home])
        wait_until(lambda: os.path.ismount(self.home) or self.slowfs.poll() is not None)
        self.home.chmod(0o755)

    def __exit__(self, *exc):
        self.gate.unlink(missing_ok=True)
        try:
            self.stop()
        finally:
            subprocess.run(["umount", "-l", self.home], check=False)
            self.slowfs.wait(60)
            super().__exit__(*exc)

    def shut(self, part):
        """From now on, who reads or closes a file with this in its path waits."""
        self.waiting.unlink(missing_ok=True)
        new = self.dir / "gate.new"
        new.write_text(part)
        new.rename(self.gate)

    def await_waiting(self):
        wait_until(self.waiting.exists)

    def open_gate(self):
        self.gate.unlink()

    def held_by_fronts(self):
        """The files of slow file systems that fronts have open."""
        return [path for pid in self.pids()["poplar-front"] for path in open_files(pid).values()
                if path.startswith(str(self.home))]


@unittest.skipUnless(IS_ROOT and os.path.exists("/dev/fuse") and SLOWFS.exists(), "needs root, /dev/fuse and libfuse3")
class Slow(unittest.TestCase):
    def setUp(self):
        self.p = SlowPoplar()
        self.addCleanup(lambda: self.p.__exit__(None, None, None))
        self.p.__enter__()
        self.p.put("1.x", b"Subject: bob's\n\nx\n", "bob")

    def check_neighbour(self, c):
        c.ok("NOOP")
        self.assertEqual(c.multi("RETR 1"), b"Subject: bob's\r\n\r\nx\r\n.\r\n")

    def test_a_message_that_is_waited_for_stops_nobody(self):
        text = b"Subject: x\n\n" + b"".join(b"%d line\n" % i for i in range(20_000))
        self.p.put("1.slow", text)
        self.p.put("2.y", b"Subject: y\n\ny\n")
        alice, bob = self.p.login("alice"), self.p.login("bob")
        self.p.shut("1.slow")
        alice.send("RETR 1\r\nRETR 2\r\n")
        self.p.await_waiting()
        self.check_neighbour(bob)
        self.p.open_gate()
        self.assertEqual(alice.line()[:3], b"+OK")
        self.assertEqual(alice.lines(), on_wire(text) + b".\r\n")
        self.assertEqual(alice.line()[:3], b"+OK")
        self.assertEqual(alice.lines(), b"Subject: y\r\n\r\ny\r\n.\r\n")
        alice.quit()
        bob.quit()

    def test_the_middle_of_a_message_stops_nobody(self):
        for ready in False, True:  # stored as it goes out, and not
            end = b"\r\n" if ready else b"\n"
            text = b"Subject: x" + end * 2 + b"".join(b"%d line%s" % (i, end) for i in range(2_000_000))
            name = "2.slow" if ready else "1.slow"
            self.p.put(name, text)
            alice, bob = self.p.login("alice"), self.p.login("bob")
            number = len(alice.listing())
            alice.send(f"RETR {number}\r\n")
            self.assertEqual(alice.line()[:3], b"+OK")
            alice.need(100_000)
            self.p.shut(name)
            got = []
            reader = threading.Thread(target=lambda: got.append(alice.lines()))
            reader.start()
            self.p.await_waiting()
            self.check_neighbour(bob)
            self.assertEqual(self.p.held_by_fronts(), [])
            self.p.open_gate()
            reader.join()
            self.assertEqual(got, [on_wire(text) + b".\r\n"])
            # The end of the descriptors is waited for by nobody, either: close(2) waits there.
            self.p.shut(name)
            alice.quit()
            self.check_neighbour(bob)
            self.p.open_gate()
            bob.quit()

    def test_a_listing_that_is_waited_for_stops_nobody(self):
        names = [f"{1000 + i}.x" for i in range(3000)]  # an index of which the kernel reads only a part ahead
        for name in names:
            path = self.p.behind / "Maildir" / "new" / name
            path.write_bytes(b"x\n")
            os.chown(path, self.p.mail_uid, -1)
        self.p.login("alice").quit()  # makes the index
        alice, bob = self.p.login("alice"), self.p.login("bob")
        self.p.shut("poplar-index")
        alice.send("UIDL\r\n")
        self.p.await_waiting()
        self.check_neighbour(bob)
        self.assertEqual(self.p.held_by_fronts(), [])
        self.p.open_gate()
        self.assertEqual(alice.line()[:3], b"+OK")
        uids = b"".join(b"%d %s\r\n" % (i, name.encode()) for i, name in enumerate(names, 1))
        self.assertEqual(alice.lines(), uids + b".\r\n")
        self.assertEqual(alice.ask("UIDL 3000"), "+OK 3000 3999.x")
        self.assertEqual(alice.ask("UIDL 1"), "+OK 1 1000.x")
        alice.quit()
        bob.quit()

    def test_a_message_that_is_cut_meanwhile_is_not_ended(self):
        self.p.put("1.slow", b"Subject: x\n\n" + b"line\n" * 3_000_000)
        alice = self.p.login("alice")
        alice.send("RETR 1\r\nNOOP\r\n")
        alice.line()
        alice.need(100_000)
        os.truncate(self.p.behind / "Maildir" / "new" / "1.slow", 200_000)
        rest = alice.rest()
        self.assertNotIn(b"\r\n.\r\n", rest)
        self.assertLess(len(rest), 15_000_000)
        self.p.log.wait("event=session user=alice .*retr=0 .*end=cut-short")

    def test_a_message_that_is_removed_meanwhile_is_refused_or_comes_whole(self):
        texts = [b"Subject: x\n\n" + b"line %d\n" % i * (800_000 if i == 7 else 12_000) for i in range(8)]
        for i, text in enumerate(texts):
            self.p.put(f"{i}.x", text)
        new = self.p.maildir() / "new"
        alice = self.p.login("alice")
        self.assertEqual(alice.multi("RETR 1"), on_wire(texts[0]) + b".\r\n")  # asks for the others, too
        (new / "4.x").unlink()
        for n in range(2, 8):
            if n == 5:
                alice.err("RETR 5")
            else:
                self.assertEqual(alice.multi(f"RETR {n}"), on_wire(texts[n - 1]) + b".\r\n")
        alice.send("RETR 8\r\n")
        self.assertEqual(alice.line()[:3], b"+OK")
        alice.need(100_000)
        (new / "7.x").unlink()
        self.assertEqual(alice.lines(), on_wire(texts[7]) + b".\r\n")
        alice.quit()

    def test_messages_of_all_sizes(self):
        """Those that are a window, one octet more or less, none at all; TOP, in any order."""
        texts = [b"", b"\n", b"x"] + [b"y: z\r\n\r\n" + b"." * (size - 10) + b"\r\n"
                                      for size in (65535, 65536, 65537, 131072, 131073, 400_000)]
        for i, text in enumerate(texts):
            self.p.put(f"{i}.x", text)
        alice = self.p.login("alice")
        order = [*range(1, len(texts) + 1), *range(len(texts), 0, -1), 1, 9, 2, 9, 3]
        for n in order:
            wire = on_wire(texts[n - 1])
            stuffed = wire.replace(b"\n.", b"\n..")
            self.assertEqual(alice.multi(f"RETR {n}"), stuffed + b".\r\n")
            self.assertEqual(alice.multi(f"TOP {n} 9"), stuffed + b".\r\n")
        self.assertEqual(self.p.held_by_fronts(), [])
        alice.quit()


@unittest.skipUnless(IS_ROOT and os.path.exists("/dev/fuse") and SLOWFS.exists(), "needs root, /dev/fuse and libfuse3")
class SlowLogins(unittest.TestCase):
    """login-timeout is the client's time, not the server's."""

    def begin(self, login_timeout):
        self.p = SlowPoplar(**{"login-timeout": login_timeout})
        self.addCleanup(lambda: self.p.__exit__(None, None, None))
        self.p.__enter__()
        self.p.put("1.slow", b"x\n")
        self.p.shut("1.slow")
        alice = self.p.connect()
        alice.send("USER alice\r\nPASS secret\r\n")
        self.assertEqual(alice.line()[:3], b"+OK")
        self.p.await_waiting()
        return alice

    def test_the_clock_stops_while_the_server_lists(self):
        alice = self.begin("6s")
        with self.p.connect() as late:  # as old as the login that is waited for, or younger
            self.assertEqual(late.rest(), b"")
            self.p.log.wait("event=disconnect .*end=login-timeout")
        self.p.open_gate()
        self.assertEqual(alice.line(), b"+OK maildrop has 1 message (3 octets)")
        alice.quit()

    def test_a_listing_that_takes_too_long_is_told(self):
        alice = self.begin("1s")
        self.assertEqual(alice.line(), b"-ERR [SYS/TEMP] temporary trouble, try again later")
        self.assertEqual(alice.rest(), b"")
        self.p.log.wait(r"event=login-failed user=alice .*reason=\[SYS/TEMP\]")
        self.p.open_gate()
        self.p.login("alice").quit()


if __name__ == "__main__":
    main()
