"""Whoever connects is greeted, though nobody can log in; and it is said why nobody can."""

import subprocess
import unittest

from harness import Client, Poplar, main, wait_until

HASHED = subprocess.run(["openssl", "passwd", "-5", "-salt", "salt", "secret"], capture_output=True,
                        text=True, check=True).stdout.strip()
NOBODY = {}
STORED_HASHED = {"alice": f"alice:{{CRYPT}}{HASHED}:::::"}
STORED_PLAIN = {"alice": "secret"}

# Mechanisms that need a password stored in a certain way, and some that do not.
NEEDS = ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "DIGEST-MD5", "APOP")
NEEDS_NOT = ("USER", "PLAIN", "LOGIN")


class Alone(unittest.TestCase):
    """Each mechanism alone."""

    def serve(self, mechanism, users):
        p = Poplar(users=users, settings={"mechanisms": f'{{"{mechanism}"}}'})
        p.__enter__()
        self.addCleanup(p.__exit__)
        if not users:
            p.make_maildir("alice")
        self.mechanism, self.p = mechanism, p

    def offered(self, c):
        return {word for line in c.capa() for word in line.split()}

    def is_offered(self, tls):
        """To a client that comes now."""
        with Client(self.p.tls_port, tls=True) if tls else self.p.connect() as c:
            self.assertTrue(c.greeting.startswith(b"+OK"), c.greeting)
            words = self.offered(c)
            c.ok("QUIT")
            return b"<" in c.greeting if self.mechanism == "APOP" else self.mechanism in words

    def expect(self, possible):
        """What clients are offered, in the clear and over TLS. One who came a moment before may be why a front
        knows what was true then, and no longer."""
        for tls in (False, True):
            wait_until(lambda: self.is_offered(tls) == possible)
        out = self.p.run("check")
        self.assertEqual("nobody can log in: " + self.mechanism in out.stderr, not possible, out.stderr)
        self.assertEqual(out.returncode != 0, not possible, out.stderr)

    def store(self, users):
        self.p.users = users
        self.p.write_users()

    def test_whoever_connects_is_greeted_and_a_user_who_can_log_in_is_seen_without_a_login(self):
        for mechanism in NEEDS:
            with self.subTest(mechanism=mechanism):
                self.serve(mechanism, NOBODY)
                self.expect(False)
                self.store(STORED_HASHED)
                self.expect(False)
                self.p.reload()
                self.expect(False)
                self.store(STORED_PLAIN)
                self.expect(True)
                self.p.reload()
                self.expect(True)

    def test_with_a_password_of_either_kind_from_the_beginning(self):
        for mechanism in NEEDS:
            for users, possible in ((STORED_HASHED, False), (STORED_PLAIN, True)):
                with self.subTest(mechanism=mechanism, possible=possible):
                    self.serve(mechanism, users)
                    self.expect(possible)
                    self.p.reload()
                    self.expect(possible)

    def test_what_needs_no_stored_password_is_offered_always(self):
        for mechanism in NEEDS_NOT:
            for users in (NOBODY, STORED_HASHED, STORED_PLAIN):
                with self.subTest(mechanism=mechanism, users=users):
                    self.serve(mechanism, users)
                    self.expect(True)

    def test_the_log_says_it_once_and_why(self):
        self.serve("SCRAM-SHA-256", STORED_HASHED)
        line = self.p.log.wait("event=nobody-can-log-in")
        self.assertIn("SCRAM-SHA-256 needs users, all with passwords stored as PLAIN or SCRAM-SHA-256", line)
        self.assertIn("warning", line)
        for _ in range(10):
            self.p.connect().close()
        self.assertEqual(len(self.p.log.find("event=nobody-can-log-in")), 1)
        self.store(STORED_PLAIN)
        self.expect(True)
        self.store(STORED_HASHED)
        self.p.reload()  # another poplar-auth
        self.expect(False)
        self.assertEqual(len(self.p.log.find("event=nobody-can-log-in")), 2)

    def test_an_attempt_where_none_is_possible_is_refused_and_the_session_goes_on(self):
        self.serve("SCRAM-SHA-256", STORED_HASHED)
        with self.p.connect() as c:
            for command in ("AUTH SCRAM-SHA-256", "USER alice", "PASS secret", "APOP alice " + 32 * "0"):
                c.err(command)
            c.ok("QUIT")


if __name__ == "__main__":
    main()
