"""The index knows what the server itself has delivered: the next login need not look."""

import os
import struct
import unittest

from harness import main, wait_until
from test_index import NAME, Opened
from test_lmtp import BODY, WithLmtp


class Arrivals(unittest.TestCase):
    def setUp(self):
        self.p = WithLmtp()
        self.p.__enter__()
        self.addCleanup(self.p.__exit__)
        fs = os.popen(f"stat -f -c %T {self.p.dir}").read().strip()
        if fs in ("overlayfs", "fuseblk", "nfs"):
            self.skipTest(f"deliveries never settle on {fs}")

    def head(self):
        """The head of the index: messages, quiescent, listed. None while it is being written."""
        page = (self.p.maildir() / NAME).read_bytes()[:4096]
        return [struct.unpack_from("<Q", page, at)[0] for at in (48, 96, 152)]

    def login(self):
        """How often the login opens a folder; what it lists."""
        with Opened(self.p.maildir() / "new", self.p.maildir() / "cur") as opened:
            c = self.p.login()
            found = opened.folders(), c.listing("UIDL")
            c.quit()
        return found

    def deliver(self):
        c = self.p.lmtp()
        self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
        self.assertEqual(c.content(BODY), ["250 2.1.5"])
        c.code("QUIT")

    def test_a_login_after_a_delivery_reads_no_folder(self):
        for i in range(3):
            self.p.put(f"1600000000.{i}", b"by hand\n")
        wait_until(lambda: (self.p.login().quit(), self.head()[1] == 1)[1])
        self.deliver()
        wait_until(lambda: self.head() == [4, 1, 3])
        opened, listed = self.login()
        self.assertEqual((opened, len(listed)), (0, 4))
        self.p.put("1600000001.x", b"by hand\n")
        opened, listed = self.login()
        self.assertGreater(opened, 0)
        self.assertEqual(len(listed), 5)


if __name__ == "__main__":
    main()
