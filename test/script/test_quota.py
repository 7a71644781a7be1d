"""Maildrops that become full: the user is warned, and then mail waits at its sender."""

import unittest

from harness import main
from test_lmtp import WithLmtp

WARNING = "Subject: {percent}% of {quota}\n\nDear {user}\n"
MAIL = b"Subject: x\r\n\r\n" + b"x" * 998 + b"\r\n"


class Quota(unittest.TestCase):
    def start(self, **settings):
        class Site(WithLmtp):
            def prepare(self):
                super().prepare()
                path = self.dir / "warning"
                path.write_text(WARNING)
                path.chmod(0o644)
                self.extra["quota-warn-text"] = f'"{path}"'
        p = Site(settings=settings)
        p.__enter__()
        self.addCleanup(p.__exit__)
        return p

    def texts(self, p, user="alice"):
        return [(p.maildir(user) / name).read_bytes() for name in sorted(p.names(user))]

    def test_one_warning_then_no_more_mail(self):
        p = self.start(quota='"3 messages"', **{"quota-warn": '{"50%"}'})
        c = p.lmtp()
        for _ in range(2):
            self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
            self.assertEqual(c.content(MAIL), ["250 2.1.5"])
        p.log.wait("event=quota-warning user=alice percent=50")
        self.assertEqual(c.envelope("alice", "bob"), ["452 4.2.2", "250 2.1.5"])
        self.assertEqual(len(self.texts(p)), 3)
        self.assertIn(b"Subject: 50% of 3 messages\n\nDear alice\n", self.texts(p))


if __name__ == "__main__":
    main()
