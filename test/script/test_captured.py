"""What a captured or stopped process can do to the logins of others: nothing."""

import contextlib
import os
import signal
import socket
import threading
import time
import unittest

from channel import FAULTS, PARENT, capture, links_of, only_link_of
from harness import IS_ROOT, Poplar, Work, hold, main, taken, wait_until

MECHANISM_PLAIN = 2  # its place in the table of src/base/mechanism.h
AT_ONCE = 4.0  # seconds, well below the 5 and 10 that a thread could be held; milliseconds as a rule


@contextlib.contextmanager
def at_once(p):
    """What is done here must not have to wait for anything but the processor."""
    work = Work(sum(p.pids().values(), []))
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took - work.queued() < AT_ONCE, (took, work.queued())


def password_of(c, user, password="secret"):
    c.ok(f"USER {user}")
    c.send(f"PASS {password}\r\n")


@unittest.skipUnless(IS_ROOT, "needs root")
class Links(unittest.TestCase):
    """A link that is lost, though both processes are there, is made again."""

    def start(self, **kwargs):
        p = Poplar(tls=False, **kwargs)
        p.__enter__()
        p.deaths_ok = True
        self.addCleanup(p.__exit__)
        return p

    def test_a_lost_link_to_mail_users_process_is_made_again(self):
        p = self.start()
        p.login().quit()
        drop, = p.pids()["poplar-drop"]
        for _ in range(3):
            with taken(drop, only_link_of(drop)) as link:
                link.shutdown(socket.SHUT_RDWR)
            p.login().quit()
        self.assertEqual(p.pids()["poplar-drop"], [drop])

    def test_one_that_lives_on_without_its_channel_to_poplard_is_replaced(self):
        p = self.start()
        p.login().quit()
        drop, = p.pids()["poplar-drop"]
        number = only_link_of(drop)
        hold(drop)  # it does nothing of its own accord

        def end():
            with contextlib.suppress(ProcessLookupError):
                os.kill(drop, signal.SIGKILL)
        self.addCleanup(end)
        with taken(drop, number) as link, taken(drop, PARENT) as parent:
            parent.shutdown(socket.SHUT_RDWR)
            link.shutdown(socket.SHUT_RDWR)
        p.login().quit()
        p.log.wait(f"event=child-died role=poplar-drop pid={drop} .*Killed")
        self.assertEqual(len(p.pids()["poplar-drop"]), 1)
        self.assertNotIn(drop, p.pids()["poplar-drop"])

    def test_a_lost_link_to_a_process_that_asks_a_database_costs_no_login(self):
        from databases import Server, Sqlite
        with Server(Sqlite()) as p:
            p.deaths_ok = True
            p.make_maildir("right")
            p.login("right", "secret").quit()
            for pid in p.pids()["poplar-lookup"]:
                with taken(pid, only_link_of(pid)) as link:
                    link.shutdown(socket.SHUT_RDWR)
            def works():
                with p.connect() as c:
                    c.ok("USER right")
                    return c.ask("PASS secret").startswith("+OK")
            wait_until(works)


@unittest.skipUnless(IS_ROOT, "needs root")
class Own(unittest.TestCase):
    """Users of the system, each with a poplar-drop of their own, which they can stop and end."""

    OWNERS = {"eve": 60001, "eva": 60002, "evi": 60003, "evo": 60004}

    def setUp(self):
        users = {name: f"{name}:{{PLAIN}}secret:{uid}:{uid}:::" for name, uid in self.OWNERS.items()}
        self.p = Poplar(users={"alice": "secret"} | users, tls=False,
                        settings={"max-connections-per-address": "0", "auth-threads": "4"})
        self.p.__enter__()
        self.p.deaths_ok = True
        self.addCleanup(self.p.__exit__)
        for name, uid in self.OWNERS.items():
            root = self.p.maildir(name)
            for path in (root.parent, root, root / "new", root / "cur", root / "tmp"):
                os.chown(path, uid, uid)

    def process_of(self, name):
        def owner(pid):
            try:
                return os.stat(f"/proc/{pid}").st_uid
            except FileNotFoundError:
                return None
        return [pid for pid in self.p.pids()["poplar-drop"] if owner(pid) == self.OWNERS[name]]

    def alice_logs_in_at_once(self):
        with at_once(self.p):
            self.p.login().quit()

    def test_a_stopped_one_holds_nobody_up_and_its_full_queue_is_told_at_once(self):
        self.p.login("eve", "secret").quit()
        pid, = self.process_of("eve")
        hold(pid)
        clients, refused = [], b""
        try:
            while not refused:
                self.assertLess(len(clients), 2000, "its queue has no end")
                c = self.p.connect()
                clients.append(c)
                password_of(c, "eve")
                c.sock.setblocking(False)
                if len(clients) % 16 == 0:
                    self.p.login().quit()  # so many have been looked at
                    for c in clients:
                        try:
                            refused = refused or c.sock.recv(100)
                        except BlockingIOError:
                            pass
            self.assertTrue(refused.startswith(b"-ERR [SYS/TEMP] "), refused)
            more = [self.p.connect() for _ in range(8)]
            for c in more:
                password_of(c, "eve")
            self.alice_logs_in_at_once()
            for c in more:
                self.assertTrue(c.line().startswith(b"-ERR [SYS/TEMP] "))
                c.close()
        finally:
            for c in clients:
                c.close()
            os.kill(pid, signal.SIGCONT)
        self.assertEqual(self.process_of("eve"), [pid])

    def kill_until_late(self):
        """Until poplard lets more than 5 seconds pass before it starts the next ones."""
        mark = self.p.log.mark()
        while len(self.p.log.find(r"event=child-died .*restart-in=([6-9]|\d\d)", mark)) < len(self.OWNERS):
            wait_until(lambda: all(map(self.process_of, self.OWNERS)))
            for pid in [pid for name in self.OWNERS for pid in self.process_of(name)]:
                os.kill(pid, signal.SIGKILL)
                self.p.log.wait(f"event=child-died role=poplar-drop pid={pid} ")

    def test_those_that_are_ended_again_and_again_hold_nobody_up(self):
        for name in self.OWNERS:
            self.p.login(name, "secret").quit()
        self.kill_until_late()
        clients = [(self.p.connect(), name) for name in self.OWNERS for _ in range(4)]
        for c, name in clients:
            password_of(c, name)
        self.alice_logs_in_at_once()
        for c, _ in clients:
            self.assertRegex(c.line(), rb"^(-ERR \[SYS/TEMP\]|-ERR \[IN-USE\]|\+OK) ")
            c.close()


@unittest.skipUnless(IS_ROOT, "needs root")
class Front(unittest.TestCase):
    """A captured poplar-front, and the logins at the other one."""

    def setUp(self):
        self.p = Poplar(tls=False, settings={"fronts": "2", "auth-threads": "4"})
        self.p.__enter__()
        self.addCleanup(self.p.__exit__)
        self.p.login().quit()
        self.fronts = self.p.pids()["poplar-front"]
        self.pid = self.fronts[0]
        self.link = capture(self.pid)
        self.link.sock.settimeout(None)

    def tearDown(self):
        self.link.close()
        self.p.deaths_ok = True
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def ask_without_end(self, **fields):
        """Ask, and never listen, until nothing more is taken or the link has ended."""
        number = 0
        self.link.sock.setblocking(False)
        while not self.stopped.is_set():
            try:
                self.link.say("AUTH_ASK", id=number, exchange=number, tls=1, peer=b"127.0.0.1:1", **fields)
                number += 1
            except BlockingIOError:
                self.full.set()
                self.stopped.wait(0.001)
            except (BrokenPipeError, ConnectionResetError):
                self.full.set()
                return

    def others_log_in_at_once(self, **fields):
        self.stopped, self.full = threading.Event(), threading.Event()
        thread = threading.Thread(target=self.ask_without_end, kwargs=fields)
        thread.start()
        try:
            self.assertTrue(self.full.wait(60), "it can ask without end")
            for _ in range(20):
                with at_once(self.p), self.p.connect() as c:  # the captured one accepts nothing
                    c.login("bob", "hunter2")
        finally:
            self.stopped.set()
            thread.join()

    def test_one_that_asks_and_never_listens_holds_no_login_up(self):
        self.others_log_in_at_once(mechanism=MECHANISM_PLAIN, has_response=1, response=b"AG5vAG5v")

    def test_one_that_begins_exchanges_and_never_listens_holds_no_login_up(self):
        self.others_log_in_at_once(mechanism=MECHANISM_PLAIN)

    def test_the_exchanges_that_it_begins_are_bounded(self):
        """It listens, but answers none: the first is forgotten, the last is not."""
        count = 5000
        for number in range(count):
            kind, values, _ = self.link.ask("AUTH_ASK", id=number, exchange=1, tls=1, mechanism=MECHANISM_PLAIN,
                                            peer=b"127.0.0.1:1")
            self.assertEqual((kind, values["id"]), ("AUTH_MORE", number))
        kind, values, _ = self.link.ask("AUTH_NEXT", id=0, exchange=1, response=b"AGJvYgBodW50ZXIy")
        self.assertEqual((kind, values["fault"]), ("AUTH_FAILED", FAULTS.index("PEER")))
        kind, values, fd = self.link.ask("AUTH_NEXT", id=count - 1, exchange=1, response=b"AGJvYgBodW50ZXIy")
        self.assertEqual((kind, values["user"]), ("AUTH_OK", b"bob"))
        os.close(fd)

    def expect_another(self):
        """Its link has ended, and another one serves in its place."""
        self.link.sock.settimeout(60)
        while self.link.sock.recv(65536):
            pass  # what poplar-auth had said before
        self.p.log.wait(f"event=front-replaced pid={self.pid}")
        self.p.log.wait(f"event=child-died role=poplar-front pid={self.pid} ")
        wait_until(lambda: len(set(self.p.pids()["poplar-front"]) - {self.pid}) == 2)
        before, = set(self.p.pids()["poplar-front"]) & set(self.fronts)
        hold(before)  # so that the new one has to accept
        try:
            with self.p.connect() as c:
                c.login("bob", "hunter2")
        finally:
            os.kill(before, signal.SIGCONT)

    def test_one_that_asks_what_none_of_ours_asks_is_replaced(self):
        self.link.say("AUTH_ASK", mechanism=1000)
        self.expect_another()
        self.p.log.wait("event=link-broken peer=poplar-front message=AUTH_ASK reason=\"a mechanism")

    def test_one_that_says_what_is_no_message_is_replaced(self):
        self.link.sock.sendall(b"no message")
        self.expect_another()
        self.p.log.wait("event=link-broken peer=poplar-front message=. reason=")

    def test_one_that_closes_its_link_and_lives_on_is_replaced(self):
        self.link.sock.shutdown(socket.SHUT_RDWR)
        self.expect_another()


if __name__ == "__main__":
    main()
