"""What is remembered of passwords and databases, and what is never."""

import sqlite3
import unittest

from databases import Checkpassword, Server, Sqlite, hashed
from harness import Poplar, main, wait_until
from test_databases import BUILT


def tell(p, user, password):
    c = p.connect()
    try:
        c.ok(f"USER {user}")
        return c.ask(f"PASS {password}")
    finally:
        c.close()


class Case(unittest.TestCase):
    def check(self, user, password, good):
        """A session before this one may have its maildrop for a moment."""
        expected = ("+OK", "-ERR [IN-USE]") if good else "-ERR [AUTH]"
        reply = tell(self.p, user, password)
        self.assertTrue(reply.startswith(expected), reply)

    def start(self, server):
        server.__enter__()
        self.addCleanup(server.__exit__)
        self.p = server
        return server


class UsersFile(Case):
    def line(self, password, fields=""):
        self.p.users["alice"] = f"alice:{hashed(password.encode()).decode()}::::::{fields}"
        self.p.write_users()

    def test_a_change_counts_at_once(self):
        self.start(Poplar(tls=False))
        self.line("first")
        for old, new in (("first", "second"), ("second", "first"), ("first", "third")):
            for _ in range(2):
                self.check("alice", old, True)
                self.check("alice", new, False)
            self.line(new)
            self.check("alice", new, True)
            self.check("alice", old, False)

    def test_who_is_disabled_is_out_at_once(self):
        self.start(Poplar(tls=False))
        self.line("first")
        self.check("alice", "first", True)
        self.line("first", "nologin")
        self.check("alice", "first", False)
        self.line("first", "allow_nets=192.0.2.0/24")
        self.check("alice", "first", False)
        self.line("first")
        self.check("alice", "first", True)

    def test_a_removed_user_is_out_at_once(self):
        self.start(Poplar(tls=False))
        self.line("first")
        self.check("alice", "first", True)
        del self.p.users["alice"]
        self.p.write_users()
        self.check("alice", "first", False)


@unittest.skipUnless("sqlite" in BUILT, "needs SQLite")
class InSqlite(Case):
    def begin(self, success="60s", failure="60s"):
        self.database = Sqlite()
        self.database.cache = f"cache-success = {success}\ncache-failure = {failure}"
        return self.start(Server(self.database))

    def change(self, what, value):
        db = sqlite3.connect(self.database.path, isolation_level=None)
        db.execute(f"UPDATE users SET {what} = ? WHERE name = 'right'", [value])
        db.close()

    def test_a_new_password_works_at_once(self):
        """The old one does for as long as it is remembered; who asks for a test is not told."""
        self.begin()
        self.check("right", "secret", True)
        self.change("password", hashed(b"new").decode())
        self.check("right", "new", True)
        self.check("right", "secret", True)
        out = self.p.run("user", "test", "right", input="secret\n")
        self.assertEqual(out.returncode, 1)
        self.assertIn("database tested: the password is wrong", out.stdout)

    def test_the_old_one_works_no_longer_than_that(self):
        self.begin(success="1s")
        self.check("right", "secret", True)
        self.change("password", hashed(b"new").decode())
        wait_until(lambda: tell(self.p, "right", "secret").startswith("-ERR [AUTH]"))
        self.check("right", "new", True)

    def test_who_is_disabled_is_out_after_that(self):
        self.begin(success="1s")
        self.check("right", "secret", True)
        self.change("disabled", "yes")
        wait_until(lambda: tell(self.p, "right", "secret").startswith("-ERR [AUTH]"))

    def test_a_refusal_lasts_no_longer_than_that(self):
        self.begin(failure="1s")
        self.check("right", "new", False)
        self.change("password", hashed(b"new").decode())
        wait_until(lambda: not tell(self.p, "right", "new").startswith("-ERR [AUTH]"))

    def test_a_reload_forgets_everything(self):
        self.begin()
        self.check("right", "secret", True)
        self.change("password", hashed(b"new").decode())
        self.check("right", "secret", True)
        self.p.reload()
        self.check("right", "secret", False)

    def test_nothing_at_all(self):
        self.begin(success="0s", failure="0s")
        self.check("right", "secret", True)
        self.change("password", hashed(b"new").decode())
        self.check("right", "secret", False)


class Judges(Case):
    """One that judges the password itself is asked each time, unless the settings say so."""

    def test_by_default(self):
        database = Checkpassword()
        database.cache = ""
        self.start(Server(database))
        self.check("right", "secret", True)
        database.stop()
        self.assertTrue(tell(self.p, "right", "secret").startswith("-ERR [SYS/TEMP]"))

    def test_as_the_settings_say(self):
        database = Checkpassword()
        database.cache = "cache = all"
        self.start(Server(database))
        self.check("right", "secret", True)
        database.stop()
        self.check("right", "secret", True)
        self.assertTrue(tell(self.p, "right", "wrong").startswith("-ERR [SYS/TEMP]"))


main()
