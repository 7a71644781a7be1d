"""More of everything at once than there is room for."""

import contextlib
import os
import pathlib
import pwd
import re
import signal
import socket
import subprocess
import threading
import unittest

from channel import only_link_of
from harness import IS_ROOT, Client, Poplar, is_read_by_its_peer, main, wait_until


class Narrow(Poplar):
    """No process may have more descriptors than this."""

    limit = 256

    def wrapper(self):
        return ["sh", "-c", f'ulimit -n {self.limit}; exec "$@"', "sh"]


@contextlib.contextmanager
def no_more_descriptors(p, pid):
    """The process can open nothing meanwhile, nor be handed anything. Only its own user may
    say so. Its limit is then what it was: by that limit the kernel also bounds how many
    descriptors wait in sockets of the same user, those of other tests included."""
    used = {int(n) for n in os.listdir(f"/proc/{pid}/fd")}
    free = min(set(range(len(used) + 1)) - used)
    who = {}
    if IS_ROOT:
        entry = pwd.getpwuid(p.mail_uid)
        who = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def limit(most):
        subprocess.run(["prlimit", "--pid", str(pid), f"--nofile={most}:"], check=True, **who)

    before = re.search(r"^Max open files +(\d+)", pathlib.Path(f"/proc/{pid}/limits").read_text(), re.M)[1]
    limit(free)
    try:
        yield
    finally:
        limit(before)


class Load(unittest.TestCase):
    def test_many_logins_at_once(self):
        """Those that find a queue full wait; none is refused."""
        names = [f"u{i}" for i in range(400)]
        with Poplar(users=dict.fromkeys(names, "secret"),
                    settings={"max-connections-per-address": "0"}) as p:
            clients = [Client(p.port) for _ in names]
            for c, name in zip(clients, names):
                c.ok(f"USER {name}")
            for c in clients:
                c.send("PASS secret\r\n")
            for c in clients:
                self.assertEqual(c.line(), b"+OK maildrop has 0 messages (0 octets)")
            for c in clients:
                c.quit()

    def test_descriptors_that_run_out_cost_one_login(self):
        """A session's socket that finds no room in poplar-drop, or in poplar-front, is that
        session's trouble: the link that it came by goes on."""
        for role, said in (("poplar-drop", "event=(session-lost|open-failed)"), ("poplar-front", None)):
            with self.subTest(role=role), Poplar(
                    unprivileged=True, settings={"fronts": "1"}) as p:
                p.login().quit()
                with p.connect() as c:
                    c.ok("USER alice")
                    only_link_of(p.pids()["poplar-drop"][0])  # it has closed what the first session had
                    with no_more_descriptors(p, p.pids()[role][0]):
                        self.assertTrue(c.err("PASS secret").startswith("-ERR [SYS/TEMP]"))
                        if said:
                            p.log.wait(said)
                    c.login("alice", "secret")
                    for _ in range(3):
                        p.login("bob").quit()

    def test_bodies_fetched_ahead_leave_room_for_the_sessions(self):
        """All sessions are in a run, and ask at the same moment."""
        names = [f"u{i}" for i in range(32)]
        with Narrow(users=dict.fromkeys(names, "secret"), tls=False,
                    settings={"fronts": "1", "max-connections-per-address": "0"}) as p:
            for name in names:
                for i in range(1, 17):
                    p.put(f"{i:02}.x", b"%d\n" % i, user=name)
            clients = [p.login(name) for name in names]

            def fetch(first, last):
                for c in clients:
                    c.send(b"".join(b"RETR %d\r\n" % i for i in range(first, last)))
                for c in clients:
                    for i in range(first, last):
                        self.assertTrue(c.line().startswith(b"+OK"))
                        self.assertEqual(c.lines(), b"%d\r\n.\r\n" % i)

            fetch(1, 8)
            drop = p.pids()["poplar-drop"][0]
            os.kill(drop, signal.SIGSTOP)
            try:
                for c in clients:
                    c.send(b"RETR 8\r\n")
                wait_until(lambda: all(is_read_by_its_peer(c.sock) for c in clients))
            finally:
                os.kill(drop, signal.SIGCONT)
            for c in clients:
                self.assertTrue(c.line().startswith(b"+OK"))
                self.assertEqual(c.lines(), b"8\r\n.\r\n")
            fetch(9, 17)
            for c in clients:
                c.quit()

    @unittest.skipUnless(IS_ROOT, "needs root to be other users")
    def test_first_logins_of_many_uids_at_once(self):
        """More than poplar-auth has threads; the processes that they wait for are brought to
        it by a thread that waits for nobody."""
        users = {f"u{i}": f"u{i}:{{PLAIN}}pw:{2000 + i}:{2000 + i}" for i in range(10)}
        with Poplar(users=users, settings={"auth-threads": "4"}) as p:
            (p.dir / "mail").chmod(0o755)
            for i, name in enumerate(users):
                for folder, _, _ in os.walk(p.maildir(name).parent):
                    os.chown(folder, 2000 + i, 2000 + i)
            clients = [p.connect() for _ in users]
            for c, name in zip(clients, users):
                c.ok(f"USER {name}")
            for c in clients:
                c.send("PASS pw\r\n")
            for c in clients:
                self.assertEqual(c.line(), b"+OK maildrop has 0 messages (0 octets)")
                c.close()

    def test_one_that_floods_does_not_hold_up_the_others(self):
        """Octets without a line end, as fast as they can be sent, in the only front."""
        with Poplar(users={"alice": "secret"}, settings={"fronts": "1"}) as p:
            flood = socket.create_connection(("127.0.0.1", p.port))
            over = threading.Event()

            def send():
                octets = b"x" * 65536
                try:
                    while not over.is_set():
                        flood.sendall(octets)
                except OSError:
                    pass

            sender = threading.Thread(target=send)
            sender.start()
            try:
                for _ in range(20):
                    p.login().quit()
            finally:
                over.set()
                flood.close()
                sender.join()


if __name__ == "__main__":
    main()
