"""What a captured process could say on the channels that it has, and what comes of it."""

import ctypes
import os
import re
import signal
import tempfile
import unittest

import channel
import youth
from harness import IS_ROOT, Poplar, main, wait_until

MAIL = [b"Subject: %d\n\nbody\n" % i for i in range(3)]


BOXES = re.findall(r"\tX\((\w+),", (channel.SOURCE / "sys" / "sandbox.h").read_text().split("SANDBOX_KIND_TABLE")[0])
LANDLOCK_CREATE_RULESET = 444


def landlock_abi():
    return max(0, ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1))


@unittest.skipUnless(IS_ROOT, "takes root")
class Front(unittest.TestCase):
    """... to poplar-drop, in a session of its own."""

    def setUp(self):
        users = {"alice": "secret", "reader": "reader:{PLAIN}x::::::read-only=yes"}
        self.p = self.enterContext(Poplar(users=users, settings={"fronts": "1"}))
        self.p.deaths_ok = True
        for user in users:
            for i, octets in enumerate(MAIL, 1):
                self.p.put(f"{i}.x", octets, user)
        self.p.login("alice").quit()  # there is an index from now on
        front, = self.p.pids()["poplar-front"]
        self.link = channel.capture(front)
        self.addCleanup(lambda: (self.link.close(), os.kill(front, signal.SIGKILL)))

    def open(self, user="alice", password=b"secret"):
        """The session's channel, and the listing's descriptor."""
        kind, fields, fd = self.link.ask("AUTH_ASK", id=1, tls=1, mechanism=0, has_response=1, peer=b"127.0.0.1:1",
                                         user=user.encode(), response=password)
        while kind == "AUTH_OFFERS":
            kind, fields, fd = self.link.hear()
        self.assertEqual(kind, "AUTH_OK", fields)
        session = channel.Channel(fd)
        self.addCleanup(session.close)
        kind, fields, listing = session.hear()
        self.assertEqual((kind, fields["count"]), ("READY", len(MAIL)))
        self.addCleanup(os.close, listing)
        return session, listing

    def check_ended(self, session, what, start):
        self.assertEqual(session.sock.recv(1), b"")
        session.close()
        self.p.log.wait(f"crit event=front-broken user=alice what={what}", start=start)

    def test_bodies_are_those_that_there_are(self):
        """No number runs over its end."""
        session, _ = self.open()
        kind, _, body = session.ask("BODIES", first=3, count=1)
        self.assertEqual(kind, "BODIES_ARE")
        os.close(body)
        session.close()
        for first, count in ((0, 1), (1, 0), (1, 4), (3, 2), (4, 1), (1, 17), (0xffffffff, 3), (0xfffffff0, 16),
                             (1 << 32, 1), ((1 << 64) - 1, 2), ((1 << 64) - 2, 16), (1, (1 << 64) - 1)):
            with self.subTest(first=first, count=count):
                start = self.p.log.mark()
                session, _ = self.open()
                session.say("BODIES", first=first, count=count)
                self.check_ended(session, "BODIES", start)

    def warm(self, session, fd, **fields):
        channel.socket.send_fds(session.sock, [channel.encode("WARM", **fields)], [fd])

    def test_what_is_warmed_is_what_it_got(self):
        """... a body or the listing, a piece of it."""
        session, listing = self.open()
        _, _, body = session.ask("BODIES", first=2, count=1)
        self.addCleanup(os.close, body)
        for fd in (body, listing):
            for offset, length in ((0, 4 << 20), (1 << 40, 1), ((1 << 63) - 1 - (4 << 20), 4 << 20)):
                self.warm(session, fd, offset=offset, length=length)
                self.assertEqual(session.hear()[0], "WARMED")
        session.close()
        with tempfile.TemporaryFile() as foreign:
            foreign.truncate(1 << 20)
            for fd, offset, length in ((body, 0, (4 << 20) + 1), (body, 0, (1 << 64) - 1), (body, (1 << 63) - 1, 1),
                                       (body, (1 << 64) - 1, 2), (foreign.fileno(), 0, 1)):
                with self.subTest(foreign=fd != body, offset=offset, length=length):
                    start = self.p.log.mark()
                    session, _ = self.open()
                    _, _, own = session.ask("BODIES", first=2, count=1)
                    os.close(own)
                    self.warm(session, fd, offset=offset, length=length)
                    self.check_ended(session, "WARM", start)

    def test_who_may_only_read_changes_no_index(self):
        """Whatever is doubted; and nobody fills the log with it."""
        for user, password, stays in (("reader", b"x", True), ("alice", b"secret", False)):
            index = self.p.maildir(user) / "poplar-index"
            index.exists() or index.write_bytes(b"what somebody made")
            before = index.read_bytes()
            start = self.p.log.mark()
            session, _ = self.open(user, password)
            for _ in range(20):
                session.say("LISTING_CORRUPT")
            self.assertEqual(session.ask("BODIES", first=1, count=1)[0], "BODIES_ARE")
            self.assertEqual((user, index.exists() and index.read_bytes() == before), (user, stays))
            self.p.log.wait(f"event=listing-damaged user={user}", start=start)
            self.assertEqual(len(self.p.log.find(f"event=listing-damaged user={user}", start)), 1)


@unittest.skipUnless(IS_ROOT, "takes root")
class Walls(unittest.TestCase):
    """What a child says of its own walls."""

    def setUp(self):
        self.p = self.enterContext(Poplar(settings={"fronts": "1"}))
        self.p.deaths_ok = True

    def say(self, pid, box):
        parent = channel.channel_of(pid, channel.PARENT)
        parent.say("SANDBOXED", landlock=landlock_abi(), sandbox=box, rules=b"none")
        parent.close()

    def test_it_says_so_once(self):
        """... so that `poplar audit` goes on judging it by those that it raised."""
        front, = self.p.pids()["poplar-front"]
        self.say(front, BOXES.index("FRONT"))
        self.p.log.wait(f"crit event=child-killed role=poplar-front pid={front} cause=\"illegal message: SANDBOXED .too late.\"")
        self.p.log.wait("event=child-died role=poplar-front")
        self.p.login().quit()

    def test_it_has_those_that_it_was_given(self):
        """Whatever it says before it has any; and a reload that brings such a child is none."""
        def reload():
            os.kill(self.p.process.pid, signal.SIGHUP)

        before = self.p.pids()
        kids = sum(map(len, before.values())) - 1
        for role, own in (("poplar-front", "FRONT"), ("poplar-auth", "AUTH"), ("poplar-drop", "DROP")):
            for lie in {*BOXES, "NONE OF OURS"} - {own}:
                with self.subTest(role=role, box=lie):
                    start = self.p.log.mark()
                    with youth.held(self.p.process.pid, reload, kids) as young:
                        liar = next(pid for pid in young if youth.name(pid) == role)
                        self.say(liar, BOXES.index(lie) if lie in BOXES else 99)
                        self.p.log.wait(f"crit event=child-killed role={role} pid={liar} cause=\"illegal message: SANDBOXED .not the sandbox of its role.\"", start=start)
                    self.p.log.wait("event=generation-failed", start=start)
                    wait_until(lambda: self.p.pids() == before)
        self.p.login().quit()


if __name__ == "__main__":
    main()
