"""The response codes of IANA's registry (RFC 2449 section 8, RFC 3206), each in what it is for.

That each fault has its code is a column of src/base/fault.h; that a refused login tells it, whatever the way to log in, is in
test/unit/test_session_login.c; further causes are in test_death.py, test_databases.py, test_maildir.py,
test_limits.py and test_policy.py.
"""

import base64
import hashlib
import hmac
import os
import pathlib
import re
import signal
import unittest

from harness import Poplar, hold, main

REGISTRY = {"LOGIN-DELAY", "IN-USE", "SYS/TEMP", "SYS/PERM", "AUTH", "UTF8"}
SOURCE = pathlib.Path(__file__).resolve().parents[2] / "src"


def by_pass(c, user, password):
    c.ok(f"USER {user}")
    return c.ask(f"PASS {password}")


def by_apop(c, user, password):
    stamp = re.search(rb"<.*>$", c.greeting)[0]
    return c.ask(f"APOP {user} " + hashlib.md5(stamp + password.encode()).hexdigest())


def by_sasl(c, user, password):
    return c.ask("AUTH PLAIN " + base64.b64encode(f"\0{user}\0{password}".encode()).decode())


def by_cram(c, user, password):
    challenge = c.ask("AUTH CRAM-MD5")
    digest = hmac.new(password.encode(), base64.b64decode(challenge[2:]), "md5").hexdigest()
    return c.ask(base64.b64encode(f"{user} {digest}".encode()).decode())


WAYS = (by_pass, by_apop, by_sasl, by_cram)


class Codes(unittest.TestCase):
    """By each way to log in, since a client looks for the code behind any of them."""

    def serve(self, **settings):
        p = Poplar(settings={"mechanisms": '{"USER", "APOP", "PLAIN", "CRAM-MD5"}'} | settings)
        p.__enter__()
        self.addCleanup(p.__exit__)
        return p

    def refused(self, p, code, user="alice", password="secret"):
        for way in WAYS:
            with p.connect() as c:
                reply = way(c, user, password)
                self.assertTrue(reply.startswith(f"-ERR [{code}] "), (way.__name__, reply))
                self.assertTrue(c.ask("QUIT").startswith("+OK"))  # the session goes on after a refusal

    def test_auth_is_for_the_credentials(self):
        """RFC 3206 section 5: a client may ask its user for another password."""
        p = self.serve()
        self.refused(p, "AUTH", password="wrong")
        self.refused(p, "AUTH", user="nobody")

    def test_in_use_is_for_a_maildrop_that_another_session_has(self):
        """RFC 2449 section 8.1.2: it will be free when that session ends; the password was good."""
        p = self.serve()
        other = p.login()
        self.refused(p, "IN-USE")
        self.refused(p, "AUTH", password="wrong")  # who has not shown one is not told
        other.quit()
        p.login().quit()

    def test_login_delay_is_for_who_comes_back_too_soon(self):
        """RFC 2449 section 8.1.1."""
        p = self.serve(**{"login-delay": "1h", "quick-logins": "1"})
        p.login().quit()
        self.refused(p, "LOGIN-DELAY")
        self.refused(p, "AUTH", password="wrong")

    def test_sys_perm_is_for_what_an_administrator_must_repair(self):
        """RFC 3206 section 4: a home that is not there, a Maildir that is none, one of somebody else."""
        p = self.serve()
        home = p.maildir().parent
        home.rename(p.dir / "mail" / "away")
        self.refused(p, "SYS/PERM")
        home.write_text("a file where the home should be")
        self.refused(p, "SYS/PERM")
        home.unlink()
        (p.dir / "mail" / "away").rename(home)
        p.login().quit()  # it has been repaired

    def test_sys_perm_is_for_a_message_that_nobody_may_read(self):
        p = self.serve()
        path = p.put("1.x", b"x\n")
        os.chmod(path, 0)
        c = p.login()
        self.assertTrue(c.err("RETR 1").startswith("-ERR [SYS/PERM] "))
        c.quit()

    def test_sys_temp_is_for_what_may_go_better_next_time(self):
        """RFC 3206 section 4: the process that checks passwords dies while it is asked."""
        p = self.serve(fronts="1")
        p.deaths_ok = True
        asking = p.connect()
        asking.ok("USER alice")
        auth = p.pids()["poplar-auth"][0]
        hold(auth)
        asking.send("PASS secret\r\n")
        with p.connect() as c:  # what came before that has been asked
            c.ask("CAPA")
        os.kill(auth, signal.SIGKILL)
        self.assertTrue(asking.line().startswith(b"-ERR [SYS/TEMP] "))
        self.assertTrue(asking.ask("QUIT").startswith("+OK"))
        p.log.wait(r"event=login-failed user=alice .*reason=\[SYS/TEMP\]")
        p.login().quit()  # it has gone better

    def test_sys_temp_is_for_too_much_at_a_time(self):
        p = self.serve(**{"max-connections-per-address": "1"})
        with p.connect(), p.connect() as c:
            self.assertTrue(c.greeting.startswith(b"-ERR [SYS/TEMP] "))

    def test_sys_temp_is_for_a_message_that_has_changed(self):
        p = self.serve()
        path = p.put("1.x", b"x\n")
        c = p.login()
        with open(path, "ab") as f:
            f.write(b"more\n")
        self.assertTrue(c.err("RETR 1").startswith("-ERR [SYS/TEMP] "))
        c.quit()
        c = p.login()
        c.ok("RETR 1")  # as it says: log in again to read it
        c.lines()
        c.quit()

    def test_utf8(self):
        """RFC 6856 section 5: on LIST, TOP and RETR, of what only UTF8 may have."""
        with Poplar(settings={"utf8-downgrade": "refuse"}) as p:
            p.put("1.x", "Subject: \u00e9\n\nx\n".encode())
            c = p.login()
            for command in ("LIST 1", "TOP 1 0", "RETR 1"):
                self.assertTrue(c.err(command).startswith("-ERR [UTF8] "))
            c.quit()

    def test_there_are_no_others(self):
        said = set(re.findall(r'"\[([^"\]]*)\]"', (SOURCE / "base" / "fault.h").read_text()))
        self.assertLessEqual(said, REGISTRY)
        self.assertLessEqual(REGISTRY, said)


if __name__ == "__main__":
    main()
