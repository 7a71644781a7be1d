"""Maildrop processes of users with a uid of their own come when they are wanted, and go when they are not."""

import contextlib
import os
import pathlib
import select
import signal
import unittest

from harness import IS_ROOT, Poplar, alive, hold, main, sockets_that, state_of, wait_until

UIDS = {"one": 2001, "two": 2002, "three": 2001}


def users():
    return {"alice": "secret"} | {name: f"{name}:{{PLAIN}}x:{uid}:{uid}" for name, uid in UIDS.items()}


def has_something_to_read(pid):
    """Is there a message in a socket of the process, which need not be at work?"""
    return bool(sockets_that(pid, lambda sock: select.select([sock], [], [], 0)[0]))


@contextlib.contextmanager
def held(pid):
    hold(pid)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@unittest.skipUnless(IS_ROOT, "needs root: there is one uid otherwise")
class Idle(unittest.TestCase):
    def setUp(self):
        self.p = self.enterContext(Poplar(users=users(), settings={"drop-idle": "1s"}))
        for name, uid in UIDS.items():
            for path in [self.p.maildir(name).parent, *self.p.maildir(name).parent.rglob("*")]:
                os.chown(path, uid, uid)
        self.standing = self.drops()

    def drops(self):
        return set(self.p.pids()["poplar-drop"])

    def login(self, user):
        """A session, and the process that was started for it (or None)."""
        before = self.drops()
        client = self.p.login(user, "x")
        return client, (self.drops() - before or {None}).pop()

    def idle(self, pid, count=1, start=0):
        """Wait until it has told that it is."""
        self.p.log.wait(rf"poplar-drop\[{pid}\].* event=drop-idle", count, start)

    def test_it_ends_when_nobody_has_been_there_for_some_time(self):
        """... and mail-user's does not."""
        for user, _ in ((u, c.quit()) for u in UIDS for c in [self.login(u)[0]]):
            self.assertIn(user, UIDS)
        self.assertEqual(len(self.drops()), 3)
        self.p.log.wait("event=child-ended role=poplar-drop", count=2)
        wait_until(lambda: self.drops() == self.standing)
        self.p.login().quit()
        client, new = self.login("one")
        self.assertTrue(alive(new))
        client.ok("STAT")
        client.quit()

    def test_a_session_is_no_idleness(self):
        """However long nothing happens in it."""
        with self.login("two")[0] as quiet:
            self.login("one")[0].quit()
            self.p.log.wait("event=child-ended role=poplar-drop")  # two's process has been as long without work
            wait_until(lambda: len(self.drops() - self.standing) == 1)
            quiet.ok("STAT")

    def test_a_login_that_comes_before_it_is_told_to_leave(self):
        client, pid = self.login("one")
        with held(self.p.process.pid):
            client.quit()
            self.idle(pid)
            late = self.p.login("one", "x")
        self.p.log.wait("event=drop-leaves")
        late.ok("STAT")
        other, second = self.login("three")  # while the first is still there
        self.assertTrue(second not in (None, pid) and alive(pid))
        late.ok("STAT")
        late.quit()
        self.p.log.wait(f"event=child-ended role=poplar-drop pid={pid}")
        other.quit()

    def test_a_login_on_its_way_when_it_is_told_to_leave(self):
        client, pid = self.login("one")
        with held(self.p.process.pid):
            client.quit()
            self.idle(pid)
            hold(pid)
            late = self.p.connect()
            late.ok("USER one")
            late.send("PASS x\r\n")
            wait_until(lambda: has_something_to_read(pid))
        self.p.log.wait("event=drop-leaves")
        os.kill(pid, signal.SIGCONT)
        self.assertTrue(late.line().startswith(b"+OK"))
        late.ok("STAT")
        late.quit()
        self.p.log.wait(f"event=child-ended role=poplar-drop pid={pid}")

    def test_a_login_when_it_has_been_told_to_leave(self):
        """It needs another process."""
        client, pid = self.login("one")
        client.quit()
        with held(self.p.process.pid):
            self.idle(pid)
            hold(pid)
        self.p.log.wait("event=drop-leaves")
        client, second = self.login("one")
        self.assertTrue(second not in (None, pid) and state_of(f"/proc/{pid}") in "TX")
        os.kill(pid, signal.SIGCONT)
        self.p.log.wait(f"event=child-ended role=poplar-drop pid={pid}")
        client.ok("STAT")
        client.quit()

    def test_at_most_two_of_a_uid(self):
        """One that is told to leave and does not keeps its successor from leaving."""
        client, pid = self.login("one")
        with held(self.p.process.pid):
            client.quit()
            self.idle(pid)
            late = self.p.login("one", "x")
        self.p.log.wait("event=drop-leaves")
        client, second = self.login("three")
        start = self.p.log.mark()
        client.quit()
        self.idle(second, 2, start)
        self.assertEqual(self.drops() - self.standing, {pid, second})
        late.quit()
        wait_until(lambda: self.drops() == self.standing)

    def test_threads_are_started_when_they_are_needed(self):
        """Neither by the process nor by its sixteen possible threads is memory taken before."""
        client, pid = self.login("one")
        self.assertLess(len(os.listdir(f"/proc/{pid}/task")), 4)
        client.quit()


class Threads(unittest.TestCase):
    def test_one_that_waits_holds_up_nobody(self):
        """Logins that wait for a maildrop in use take a thread each; the next finds another."""
        with Poplar(settings={"lock-wait": "60s", "drop-threads": "8"}) as p:
            first = p.login("alice")
            waiting = [p.connect() for _ in range(3)]
            for client in waiting:
                client.ok("USER alice")
                client.send("PASS secret\r\n")
            pid = p.pids()["poplar-drop"][0]
            wait_until(lambda: len(os.listdir(f"/proc/{pid}/task")) > 3)
            p.login("bob").quit()
            first.quit()
            for client in waiting:
                client.close()


if __name__ == "__main__":
    main()
