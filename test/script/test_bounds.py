"""What comes from outside is bounded where it enters: one row of a database stops nobody but its own user."""

import sqlite3
import subprocess
import unittest

from databases import Checkpassword, Server, Sqlite
from harness import BUILD, Poplar, main

BUILT = subprocess.run([BUILD / "poplar", "--version"], capture_output=True, text=True,
                       check=True).stdout.split("databases:")[1].split()

NAME, STORED, PATH = 255, 511, 4095  # as in src/auth/user/user.h
TOGETHER = 8192  # all fields of a user, on their way from the database
COLUMNS = ("name", "password", "user", "home", "maildrop", "mail", "userdb_mail", "uid", "gid", "allow_nets",
           "mechanisms", "expire", "login_delay")
PASSWORD = "{PLAIN}secret"

# Column, the most octets that it may have, how a text of n octets looks that is right otherwise.
FIELDS = {
    "user": (NAME, lambda n: "u" * n),
    "password": (STORED, lambda n: ("{PLAIN}" + "p" * n)[:n]),
    "home": (PATH, lambda n: ("/" + "h" * n)[:n]),
    "maildrop": (PATH, lambda n: ("/" + "m" * n)[:n]),
    "mail": (PATH + len("maildir:"), lambda n: ("maildir:/" + "m" * n)[:n]),
    "userdb_mail": (PATH + len("maildir:"), lambda n: ("maildir:/" + "m" * n)[:n]),
}
OTHERS = ("uid", "gid", "allow_nets", "mechanisms", "expire", "login_delay")


def rows():
    """Name of the user: its fields."""
    users = {"bob": {}, "cut": {"user": "cut-\0-cut"}}
    for column, (most, text) in FIELDS.items():
        users[f"most-{column}"] = {column: text(most)}
        for octets in (most + 1, TOGETHER, TOGETHER + 1, 100000):
            users[f"over-{column}-{octets}"] = {column: text(octets)}
    for column in OTHERS:
        users[f"long-{column}"] = {column: "9" * 100000}
    return users


class Rows(Sqlite):
    settings = ('path = "{dir}/database/users.db"\n'
                f'query-find = "SELECT {", ".join(COLUMNS[1:])} FROM users WHERE name = %u"')
    users = {}

    def make(self, path):
        db = sqlite3.connect(path)
        db.execute(f"CREATE TABLE users ({', '.join(COLUMNS)})")
        for name, fields in rows().items():
            values = {"name": name, "password": PASSWORD} | fields
            db.execute(f"INSERT INTO users VALUES ({', '.join('?' * len(COLUMNS))})",
                       [values.get(column) for column in COLUMNS])
        db.commit()
        db.close()


@unittest.skipUnless("sqlite" in BUILT, "sqlite is not in this build")
class InRows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.p = Server(Rows())
        cls.p.__enter__()
        cls.p.make_maildir("bob")
        cls.p.make_maildir("u" * NAME)

    @classmethod
    def tearDownClass(cls):
        cls.p.__exit__()

    def reply(self, name, password="secret"):
        with self.p.connect() as c:
            c.ok(f"USER {name}")
            return c.ask(f"PASS {password}")

    def others_log_in(self, name):
        for other in ("alice", "bob"):
            self.assertEqual(self.reply(other)[:3], "+OK", (other, "after", name))

    def expect(self, name, code, password="secret"):
        mark = self.p.log.mark()
        reply = self.reply(name, password)
        self.assertTrue(reply.startswith(f"-ERR [{code}] "), (name, reply))
        self.others_log_in(name)
        if code != "AUTH":
            self.p.log.wait("login-trouble", start=mark)
        return [line for line in self.p.log.lines[mark:] if "login-trouble" in line]

    def test_a_field_over_its_bound_costs_its_own_user_the_login_and_names_itself_in_the_log(self):
        for column, (most, _) in FIELDS.items():
            for octets in (most + 1, TOGETHER, TOGETHER + 1, 100000):
                name = f"over-{column}-{octets}"
                with self.subTest(name=name):
                    lines = self.expect(name, "SYS/PERM")
                    self.assertEqual(len(lines), 1, lines)
                    self.assertRegex(lines[0], rf"user={name} .*tested.*{column.replace('userdb_', '')}")

    def test_a_field_at_its_bound_is_taken(self):
        self.assertEqual(self.reply("most-user")[:3], "+OK")
        self.expect("most-password", "AUTH")
        for column in ("home", "maildrop", "mail", "userdb_mail"):
            with self.subTest(column=column):  # no such folder is below mail-root
                lines = self.expect(f"most-{column}", "SYS/PERM")
                self.assertRegex(lines[0], "find maildrop below mail-root")

    def test_other_fields_of_any_length_stop_nobody_else(self):
        for column in OTHERS:
            with self.subTest(column=column):
                lines = self.expect(f"long-{column}", "SYS/PERM")
                self.assertRegex(lines[0], f"tested.*{column}")

    def test_a_field_that_holds_a_nul_is_named(self):
        lines = self.expect("cut", "SYS/PERM")
        self.assertRegex(lines[0], "tested.*NUL.* user")

    def test_a_wrong_password_is_told_nothing_of_it(self):
        self.expect(f"over-user-{NAME + 1}", "AUTH", password="wrong")

    def test_the_tool_says_it_too(self):
        out = self.p.run("user", "test", f"over-home-{PATH + 1}", input="secret\n")
        self.assertNotEqual(out.returncode, 0)
        self.assertRegex(out.stdout, "login refused: .*tested: home")


class Replies(Checkpassword):
    users = {b"bob": (b"secret", {})} | {
        b"over-%d" % octets: (b"secret", {"mail": b"maildir:/" + b"m" * octets}) for octets in (PATH, TOGETHER, 100000)}


class InReplies(unittest.TestCase):
    """The same of a program with the interface of checkpassword."""

    def test_a_field_over_its_bound_costs_its_own_user_the_login(self):
        with Server(Replies()) as p:
            p.make_maildir("bob")
            for name in Replies.users:
                if name == b"bob":
                    continue
                mark = p.log.mark()
                with self.subTest(name=name), p.connect() as c:
                    c.ok(f"USER {name.decode()}")
                    reply = c.ask("PASS secret")
                    self.assertTrue(reply.startswith("-ERR [SYS/PERM] "), reply)
                p.log.wait("event=login-trouble .*tested.*(mail|fields that are too long)", start=mark)
                for other in ("alice", "bob"):
                    p.login(other, "secret").quit()


class UsersFile(unittest.TestCase):
    """The users file has the same bounds."""

    def test_a_field_over_its_bound_costs_its_own_user_the_login(self):
        lines = {"alice": "secret",
                 "home": f"home:{PASSWORD}::::/{'h' * PATH}:",
                 "stored": f"stored:{'{PLAIN}' + 'p' * STORED}:::::",
                 "maildrop": f"maildrop:{PASSWORD}::::::maildrop=/{'m' * PATH}"}
        with Poplar(users=lines, tls=False) as p:
            for name, field in (("home", "home"), ("stored", "password"), ("maildrop", "maildrop")):
                mark = p.log.mark()
                with self.subTest(name=name), p.connect() as c:
                    c.ok(f"USER {name}")
                    self.assertTrue(c.ask("PASS secret").startswith("-ERR [SYS/PERM] "))
                    p.log.wait(f"event=login-trouble user={name} .*users: {field}", start=mark)
                p.login().quit()
            p.log.wait("event=users-line .*line=2 .*home is too long")


if __name__ == "__main__":
    main()
