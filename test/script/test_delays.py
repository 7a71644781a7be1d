"""Those who guess passwords: what they must wait for, and who must not."""

import base64
import hashlib
import hmac
import os
import re
import select
import signal
import time
import unittest

from harness import Client, Poplar, hold, main

FREE = 2  # failures of an address
MECHANISMS = '{"USER", "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "APOP"}'


def proxied(address):
    family = "TCP6" if ":" in address else "TCP4"
    return f"PROXY {family} {address} {address} 1 110\r\n".encode()


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


def by_user(c, user, password):
    return c.ask(f"USER {user}") and c.ask(f"PASS {password}")


def by_apop(c, user, password):
    stamp = re.search(r"<.*>", c.greeting.decode())[0]
    return c.ask(f"APOP {user} {hashlib.md5((stamp + password).encode()).hexdigest()}")


def by_plain(c, user, password):
    return c.ask(f"AUTH PLAIN {b64(f'{chr(0)}{user}{chr(0)}{password}')}")


def by_plain_late(c, user, password):
    assert c.ask("AUTH PLAIN") == "+ "
    return c.ask(b64(f"\0{user}\0{password}"))


def by_login(c, user, password):
    assert c.ask("AUTH LOGIN").startswith("+ ")
    assert c.ask(b64(user)).startswith("+ ")
    return c.ask(b64(password))


def by_cram(c, user, password):
    challenge = base64.b64decode(c.ask("AUTH CRAM-MD5")[2:])
    return c.ask(b64(user + " " + hmac.new(password.encode(), challenge, "md5").hexdigest()))


def by_scram(c, user, password):
    bare = f"n={user},r=abcdef"
    server = base64.b64decode(c.ask(f"AUTH SCRAM-SHA-256 {b64('n,,' + bare)}")[2:]).decode()
    at = dict(part.split("=", 1) for part in server.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(at["s"]),
                                 int(at["i"]))
    client = hmac.new(salted, b"Client Key", "sha256").digest()
    end = f"c=biws,r={at['r']}"
    proof = hmac.new(hashlib.sha256(client).digest(), f"{bare},{server},{end}".encode(),
                     "sha256").digest()
    proof = bytes(a ^ b for a, b in zip(client, proof))
    reply = c.ask(b64(f"{end},p={b64(proof)}"))
    return c.ask("") if reply.startswith("+ ") else reply


WAYS = {"USER": by_user, "APOP": by_apop, "PLAIN": by_plain, "PLAIN, late": by_plain_late,
        "LOGIN": by_login, "CRAM-MD5": by_cram, "SCRAM-SHA-256": by_scram}


class Delays(unittest.TestCase):
    def start(self, **extra):
        settings = {"proxy-from": '{"127.0.0.1"}', "plaintext-auth": "yes",
                    "mechanisms": MECHANISMS, "failure-delay": "10ms",
                    "failure-delay-max": "160ms"}
        settings |= {name.replace("_", "-"): value for name, value in extra.items()}
        p = Poplar(settings=settings, tls=False)
        p.__enter__()
        self.addCleanup(p.__exit__)
        self.p = p
        return p

    def connect(self, address):
        c = Client(self.p.port, first=proxied(address))
        self.addCleanup(c.close)
        return c

    def guess(self, address, times, user="nobody{}"):
        for i in range(times):
            with self.connect(address) as c:
                reply = by_user(c, user.format(i), "wrong")
                self.assertEqual(reply, "-ERR [AUTH] invalid user name or password")

    def delays(self, user=".*", start=0):
        """Whom poplar-auth made wait for how long, as its log says."""
        return [float(re.search("seconds=([0-9.]+)", line)[1]) for line in
                self.p.log.find(f"event=login-delayed user={user} ", start)]

    def test_delays_grow_with_failures_and_not_for_ever(self):
        self.start()
        self.guess("192.0.2.1", 9)
        self.assertEqual(self.delays(), [.01, .02, .04, .08, .16, .16])

    def test_addresses_count_by_what_one_customer_has(self):
        self.start()
        for n in range(FREE + 2):
            self.guess(f"2001:db8:0:1::{n}", 1)
        self.assertEqual(len(self.delays()), 1)
        self.guess("2001:db8:0:2::1", 1)
        self.guess("198.51.100.1", 1)
        self.assertEqual(len(self.delays()), 1)

    def test_who_has_the_password_gets_in_after_the_same_wait(self):
        """And not sooner: a guesser would know by that. Whatever the mechanism."""
        for name, way in WAYS.items():
            with self.subTest(way=name):
                p = self.start()
                self.guess("192.0.2.1", FREE + 1)
                mark = p.log.mark()
                reply = way(self.connect("192.0.2.1"), "alice", "wrong")
                self.assertEqual(reply, "-ERR [AUTH] invalid user name or password")
                c = self.connect("192.0.2.1")
                reply = way(c, "alice", "secret")
                self.assertTrue(reply.startswith("+OK"), reply)
                c.quit()
                self.assertEqual(self.delays("alice", mark), [.01, .02])
                p.__exit__()

    def test_a_user_is_not_delayed_where_the_user_has_been(self):
        for name, way in WAYS.items():
            with self.subTest(way=name):
                p = self.start()
                c = self.connect("192.0.2.77")
                c.login("alice", "secret")
                c.quit()
                self.guess("192.0.2.1", FREE + 1)
                c = self.connect("192.0.2.1")
                self.assertTrue(way(c, "alice", "secret").startswith("+OK"))
                c.quit()
                self.assertEqual(self.delays("alice"), [])
                c = self.connect("192.0.2.1")
                c.login("bob", "hunter2")
                c.quit()
                self.assertEqual(self.delays("bob"), [.01])
                p.__exit__()

    def test_a_trace_is_no_name(self):
        """Whoever comes as ANONYMOUS may call himself alice: that makes nobody known."""
        self.start(mechanisms='{"USER", "ANONYMOUS"}', anonymous_user="bob")
        c = self.connect("192.0.2.1")
        c.ok(f"AUTH ANONYMOUS {b64('alice')}")
        c.quit()
        self.guess("192.0.2.1", FREE + 2, "alice")
        self.assertEqual(self.delays("alice"), [.01])

    def test_a_name_is_guessed_at_from_everywhere(self):
        self.start()
        c = self.connect("203.0.113.1")
        c.login("alice", "secret")
        c.quit()
        for n in range(12):
            self.guess(f"10.0.{n}.1", 1, "alice")
        self.assertEqual(self.delays("alice"), [.01, .02, .04, .08, .16, .16])
        for address in "203.0.113.1", "198.51.100.1":
            c = self.connect(address)
            c.login("alice", "secret")
            c.quit()
        self.assertEqual(len(self.delays("alice")), 7)

    def test_spellings_of_a_name_are_one(self):
        self.start(fold_names="yes", default_domain="example.org", master_separator='"*"')
        for n, user in enumerate(("alice", "ALICE", "alice@example.org", "bob*alice", "x*Alice",
                                  "Alice@example.org")):
            self.guess(f"10.0.{n}.1", 1, user)
        self.assertEqual(self.delays(), [])
        self.guess("198.51.100.1", 1, "aLICe")
        self.assertEqual(self.delays(), [.01])

    def test_trusted_networks_are_not_delayed(self):
        self.start(trusted_networks='{"192.0.2.0/24"}')
        self.guess("192.0.2.1", 12, "alice")
        self.assertEqual(self.delays(), [])
        self.guess("198.51.100.1", 12, "alice")
        self.assertNotEqual(self.delays(), [])

    def test_no_delay_at_all(self):
        self.start(failure_delay="0")
        self.guess("192.0.2.1", 30, "alice")
        self.assertEqual(self.delays(), [])

    def test_parallel_attempts_queue(self):
        """Each waits for the one before it: no more connections, no more answers."""
        p = self.start(failure_delay="1s", failure_delay_max="2s")
        self.guess("192.0.2.1", FREE + 1)
        mark, clients = p.log.mark(), [self.connect("192.0.2.1") for _ in range(10)]
        for i, c in enumerate(clients):
            c.ok(f"USER u{i}")
        hold(p.pids()["poplar-auth"][0])  # they all come at once
        for c in clients:
            c.send("PASS wrong\r\n")
        os.kill(p.pids()["poplar-auth"][0], signal.SIGCONT)
        for c in clients:
            self.assertTrue(c.line().startswith(b"-ERR [AUTH]"))
        waits = sorted(self.delays(start=mark))
        self.assertEqual(len(waits), 10)
        self.assertLessEqual(waits[0], 1)
        self.assertGreater(waits[1], 1)
        self.assertEqual(waits[-1], 2)

    def test_who_does_not_wait_is_not_checked(self):
        """The connection ends at once: no guess is looked at behind it, nothing is kept."""
        p = self.start(failure_delay="1s", failure_delay_max="60s")
        self.guess("192.0.2.1", FREE + 1)
        for words, user in ((b"USER x\r\nPASS y\r\n", "x"),
                            (f"AUTH PLAIN {b64(chr(0) + 'z' + chr(0) + 'y')}\r\n".encode(), "z")):
            mark = p.log.mark()
            c = self.connect("192.0.2.1")
            c.send(words)
            p.log.wait(f"event=login-delayed user={user}", start=mark)
            c.close()
            p.log.wait("event=disconnect peer=192.0.2.1:1 .*end=hangup", start=mark)
        # Who waits behind them and stays is checked; their turns would have come before.
        c = self.connect("192.0.2.1")
        c.send(b"USER w\r\nPASS y\r\n")
        p.log.wait("event=login-failed user=w ")
        self.assertEqual(p.log.find("event=login-failed user=[xz] "), [])

    def test_a_failure_is_logged_before_it_is_told(self):
        p = self.start(failure_delay="60s")
        c = self.connect("192.0.2.1")
        c.ok("USER alice")
        c.send("PASS wrong\r\n")
        p.log.wait("event=login-failed user=alice peer=192.0.2.1:1 ")
        self.assertEqual(len(p.log.find("event=login-failed")), 1)

    def test_who_has_waited_hears_of_a_refusal_no_sooner(self):
        """Behind the delay, too: how long the check took tells which names there are."""
        p = self.start(failure_delay="60s", failure_delay_max="1ms", fronts="1", trusted_networks='{"198.51.100.0/24"}')
        for n, (user, words) in enumerate((
                ("a", b"USER a\r\nPASS x\r\n"), ("b", b"USER b\r\nPASS x\r\n"), ("alice", b"USER alice\r\nPASS x\r\n"),
                ("nobody", b"USER nobody\r\nPASS x\r\n"),
                ("bob", f"AUTH PLAIN {b64(chr(0) + 'bob' + chr(0) + 'x')}\r\n".encode()))):
            c = self.connect("192.0.2.1")
            c.send(words)
            if words.startswith(b"USER"):
                c.line()
            p.log.wait(f"event=login-failed user={user} ")
            self.assertEqual(len(self.delays(user)), int(n > FREE))
            other = self.connect("198.51.100.1")
            other.login("bob", "hunter2")
            other.quit()
            self.assertEqual(select.select([c.sock], [], [], 0)[0], [])

    def test_what_is_told_late_is_counted_from_behind_the_wait(self):
        self.start(failure_delay="200ms", failure_delay_max="200ms")
        self.guess("192.0.2.1", FREE + 1)
        c = self.connect("192.0.2.1")
        c.ok("USER nobody")
        begun = time.monotonic()
        c.err("PASS wrong")
        self.assertGreaterEqual(time.monotonic() - begun, .4 - .005)  # the server counts whole milliseconds
        self.assertEqual(self.delays(), [.2])

    def test_poplar_auth_dies_meanwhile(self):
        p = self.start(failure_delay="30s", failure_delay_max="60s")
        p.deaths_ok = True
        waiting = []
        for user in "a", "b", "c":
            c = self.connect("192.0.2.1")
            c.ok(f"USER {user}")
            c.send("PASS wrong\r\n")
            p.log.wait(f"event=login-failed user={user} ")
        for words in (b"USER x\r\nPASS y\r\n",
                      f"AUTH PLAIN {b64(chr(0) + 'x' + chr(0) + 'y')}\r\n".encode()):
            c = self.connect("192.0.2.1")
            c.send(words)
            if words.startswith(b"USER"):
                c.line()
            waiting.append(c)
        p.log.wait("event=login-delayed user=x", count=2)
        os.kill(p.pids()["poplar-auth"][0], signal.SIGKILL)
        for c in waiting:
            self.assertTrue(c.line().startswith(b"-ERR [SYS/TEMP]"))


main()
