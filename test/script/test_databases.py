"""Every kind of database of users keeps the same promises."""

import os
import pathlib
import pwd
import re
import select
import shutil
import signal
import subprocess
import unittest

from databases import (OCTETS, STRANGERS, Checkpassword, Ldap, LdapBind, LdapTemplate, Pam,
                       PamUnix, Postgresql, Server, Sqlite, SqliteRunAs, SqliteWal, System)
from harness import BUILD, IS_ROOT, Poplar, hold, main, wait_until


BUILT = subprocess.run([BUILD / "poplar", "--version"], capture_output=True, text=True,
                       check=True).stdout.split("databases:")[1].split()


def latin(octets):
    return octets.decode("utf-8", "surrogateescape")


class Suite:
    """What holds for all of them."""

    database = None

    @classmethod
    def setUpClass(cls):
        if cls.database.driver not in BUILT:
            raise unittest.SkipTest(f"{cls.database.driver} is not in this build")
        if missing := cls.database.missing():
            raise unittest.SkipTest(missing)
        cls.p = Server(cls.database)
        cls.p.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.p.__exit__()

    def reply(self, name, password):
        c = self.p.connect()
        try:
            said = c.ask("USER " + latin(name))  # what is not UTF-8 is refused there
            return c.ask("PASS " + latin(password)) if said.startswith("+OK") else said
        finally:
            c.close()

    def check(self, name, password, expected):
        reply = self.reply(name, password)
        self.assertTrue(reply.startswith(expected), (name, reply))

    def works(self):
        self.check(b"right", b"secret", "+OK")
        self.check(b"alice", b"secret", "+OK")

    # -- who comes in

    def test_right(self):
        for name, (password, fields) in self.database.users.items():
            if not fields:
                with self.subTest(name=name):
                    self.check(name, password, "+OK")

    def test_wrong(self):
        for name in self.database.users:
            for password in (b"wrong", b"Secret", b"secret ", b"secre", b"' OR 1=1 --", b"*"):
                with self.subTest(name=name, password=password):
                    self.check(name, password, "-ERR [AUTH]")
        self.check(b"octets-1", OCTETS[0][:-1], "-ERR [AUTH]")
        self.check(b"octets-2", OCTETS[1][:-1] + b"\x80", "-ERR [AUTH]")

    def test_unknown(self):
        for name in STRANGERS:
            with self.subTest(name=name):
                self.check(name, b"secret", "-ERR [AUTH]")
        self.works()

    def test_the_first_database_is_not_asked_in_vain(self):
        self.check(b"alice", b"wrong", "-ERR [AUTH]")
        self.check(b"alice", b"secret", "+OK")

    def test_no_secret_is_logged(self):
        self.works()
        self.check(b"right", b"my-wrong-secret", "-ERR [AUTH]")
        self.assertEqual(self.p.log.find("my-wrong-secret"), [])

    def ask_the_server(self, name, password):
        out = self.p.run("user", "test", latin(name), input=latin(password) + "\n")
        self.assertNotIn(latin(password), out.stdout + out.stderr)
        lines = out.stdout.splitlines()
        self.assertEqual(lines[0], f"looking for {latin(name)}")
        return out.returncode, lines[1:]

    def test_user_test_says_who_says_what(self):
        self.assertEqual(self.ask_the_server(b"alice", b"secret"),
                         (0, ["database the file: the password is right",
                              f"login as alice, maildrop {self.p.dir}/mail/alice/Maildir, "
                              f"kept by {'mail' if IS_ROOT else 'poplar-mail'}",
                              "messages in it: 0, octets: 0"]))
        status, lines = self.ask_the_server(b"right", b"secret")
        self.assertEqual(lines[:2], ["database the file: does not know the user",
                                     "database tested: the password is right"])
        self.assertEqual((status, lines[2].startswith("login as right, maildrop ")), (0, True))
        status, lines = self.ask_the_server(b"right", b"quite-wrong")
        self.assertEqual(status, 1)
        self.assertEqual(lines[1:], ["database tested: the password is wrong, or the user is "
                                     "refused", "login refused: invalid user name or password"])
        self.database.stop()
        try:
            status, lines = self.ask_the_server(b"right", b"secret")
        finally:
            self.database.go_on()
        self.assertEqual(status, 75)
        self.assertRegex(lines[1], "^database tested: cannot tell: .")
        self.assertRegex(lines[2], "^login refused: temporary trouble, try again later: .")

    # -- trouble

    def test_expire_finds_the_users(self):
        """Where the database tells of a user without a password."""
        out = self.p.run("expire", "--dry-run", "alice", "right", "nobody-at-all")
        self.assertEqual(out.returncode, 1, out)
        self.assertIn("in 0 of %d maildrops" % (1 + self.database.tells), out.stdout)
        self.assertIn("nobody-at-all", out.stderr)
        self.assertEqual("right" in out.stderr, not self.database.tells, out.stderr)

    def test_stopped_and_started(self):
        self.works()
        self.database.stop()
        try:
            self.check(b"right", b"secret", "-ERR [SYS/TEMP]")
            self.check(b"right", b"wrong", "-ERR [SYS/TEMP]")
            self.check(b"alice", b"secret", "+OK")
        finally:
            self.database.go_on()
        self.works()

    def test_killed(self):
        """A process that dies while nobody asks costs nobody a login."""
        self.p.deaths_ok = True
        for _ in range(2):
            before = self.p.pids()
            for pid in before["poplar-lookup"]:
                os.kill(pid, signal.SIGKILL)
            for pid in before["poplar-lookup"]:
                self.p.log.wait(f"event=child-died role=poplar-lookup pid={pid} ")
            self.works()
            for role, pids in before.items():
                if role != "poplar-lookup":
                    self.assertEqual(self.p.pids()[role], pids, role)

    def test_auth_killed(self):
        """The next one finds the processes that ask, as they are."""
        self.p.deaths_ok = True
        before = self.p.pids()
        os.kill(before["poplar-auth"][0], signal.SIGKILL)
        self.p.log.wait(f"event=child-died role=poplar-auth pid={before['poplar-auth'][0]} ")
        self.works()
        self.assertEqual(self.p.pids()["poplar-lookup"], before["poplar-lookup"])

    def ask_while_it_hangs(self, count):
        """So many who are to be found there, and are not answered yet."""
        self.works()
        for pid in self.p.pids()["poplar-lookup"]:
            hold(pid)
        clients = [self.p.connect() for _ in range(count)]
        for c in clients:
            c.ok("USER right")
            c.send(b"PASS secret\r\n")
        return clients

    def check_answered(self, clients, *expected):
        for c in clients:
            self.assertTrue(c.line().decode().startswith(expected))
            c.close()

    def test_hanging_costs_only_those_who_are_to_be_found_there(self):
        clients = self.ask_while_it_hangs(2)
        self.check(b"alice", b"secret", "+OK")
        self.assertEqual(select.select([c.sock for c in clients], [], [], 0)[0], [])
        for pid in self.p.pids()["poplar-lookup"]:
            os.kill(pid, signal.SIGCONT)
        self.check_answered(clients, "+OK", "-ERR [IN-USE]")

    def test_hanging_costs_the_time_that_is_set(self):
        self.p.deaths_ok = True
        self.set_timeout("1s")
        mark = self.p.log.mark()
        self.check_answered(self.ask_while_it_hangs(6), "+OK", "-ERR [IN-USE]", "-ERR [SYS/TEMP]")
        self.p.log.wait("event=lookup-replaced database=tested", start=mark)
        wait_until(lambda: self.reply(b"right", b"secret").startswith("+OK"))
        self.set_timeout(self.database.timeout)

    def set_timeout(self, timeout):
        self.p.sections = re.sub("timeout = [0-9a-z]+", f"timeout = {timeout}", self.p.sections)
        self.p.write_config()
        self.p.reload_all()

    def test_reload(self):
        self.p.reload_all()
        self.works()

    def test_audit(self):
        if not IS_ROOT:
            self.skipTest("needs root")
        self.works()
        out = self.p.run("audit")
        self.assertEqual(out.returncode, 0, out.stdout)
        self.assertIn("poplar-lookup", out.stdout)
        self.assertEqual("code that is not Poplar's" in out.stdout, self.database.walls == "none",
                         out.stdout)

    def test_check_and_config(self):
        out = self.p.run("check")
        self.assertEqual((out.returncode, out.stderr), (0, ""))
        shown = self.p.run("config", check=True).stdout
        self.assertIn(f"driver = {self.database.driver}", shown)
        self.p.config.write_text(shown)
        self.assertEqual(self.p.run("config", check=True).stdout, shown)
        self.p.write_config()


class Fields(Suite):
    """... and for those that tell more of a user than who it is."""

    def test_fields(self):
        self.check(b"here", b"secret", "+OK")
        for name in (b"off", b"elsewhere", b"odd"):
            self.check(name, b"secret", "-ERR [AUTH]")
        self.p.log.wait("event=user-refused .*user=odd .*disabled is neither yes nor no")

    def recipient(self, address):
        out = self.p.run("user", "test", "--recipient", address)
        return out.returncode, out.stdout.splitlines()

    def test_mail_finds_the_users_and_bounces_only_for_others(self):
        """A database that is down might know anybody, with a detail or without."""
        if not self.database.tells:  # without a password, it may have anybody
            self.assertEqual([self.recipient(address)[0] for address in
                              ("alice", "right", "nobody-at-all", "alice+lists")], [0, 75, 75, 75])
            self.assertIn("without a password", self.recipient("right")[1][-1])
            return
        self.assertEqual(self.recipient("alice+lists")[0], 0)
        status, lines = self.recipient("right+lists")
        self.assertEqual(status, 0, lines)
        self.assertIn("looking for right+lists", lines)
        self.assertIn("looking for right", lines)
        self.assertIn("database tested: has the user", lines)
        status, lines = self.recipient("nobody-at-all+lists")
        self.assertEqual((status, lines[-1]), (1, "mail is refused: no such user"))
        self.assertEqual(self.recipient("off")[0], 0)  # nologin
        self.assertEqual(self.recipient("odd")[0], 75)  # a malformed field
        self.database.stop()
        try:
            self.assertEqual(self.recipient("alice")[0], 0)
            for address in ("right", "right+lists", "nobody-at-all", "nobody-at-all+lists"):
                status, lines = self.recipient(address)
                self.assertEqual((status, lines[-1][:17]), (75, "mail has to wait:"), lines)
        finally:
            self.database.go_on()
        self.assertEqual(self.recipient("right")[0], 0)


class InSqlite(Fields, unittest.TestCase):
    database = Sqlite()

    def test_a_replaced_file(self):
        new = self.database.path.with_name("new.db")
        self.works()
        self.database.make(new)
        new.rename(self.database.path)
        self.works()

    def test_locked_by_a_writer(self):
        import sqlite3
        db = sqlite3.connect(self.database.path, isolation_level=None)
        db.execute("BEGIN EXCLUSIVE")
        mark = self.p.log.mark()
        self.check(b"right", b"secret", "-ERR [SYS/TEMP]")
        self.p.log.wait("event=login-trouble .*database is locked", start=mark)
        db.execute("COMMIT")
        db.close()
        self.works()


class InSqliteWithAWriter(Fields, unittest.TestCase):
    database = SqliteWal()


class InPam(Suite, unittest.TestCase):
    database = Pam()

    def test_an_account_that_may_not_be_used(self):
        self.check(b"expired", b"secret", "-ERR [AUTH]")


class InPostgresql(Fields, unittest.TestCase):
    database = Postgresql()

    def test_a_connection_that_was_ended(self):
        self.works()
        self.database.stop()
        self.database.go_on()
        mark = self.p.log.mark()
        for _ in range(4):
            self.check(b"right", b"secret", "+OK")
        self.assertEqual(self.p.log.find("login-trouble", mark), [])


class InLdap(Fields, unittest.TestCase):
    database = Ldap()


class InLdapByBind(Fields, unittest.TestCase):
    database = LdapBind()


class InLdapByTemplate(Fields, unittest.TestCase):
    database = LdapTemplate()


class InCheckpassword(Fields, unittest.TestCase):
    database = Checkpassword()


class InSystem(Suite, unittest.TestCase):
    database = System()

    def test_an_account_that_is_over(self):
        self.check(b"expired", b"secret", "-ERR [AUTH]")


class InPamOfTheSystem(Suite, unittest.TestCase):
    database = PamUnix()

    def test_an_account_that_is_over(self):
        self.check(b"expired", b"secret", "-ERR [AUTH]")


class Configured(unittest.TestCase):
    """What the server and `poplar check` make of sections."""

    def section(self, p, driver, settings):
        p.sections = f"database x {{\n driver = {driver}\n {settings}\n}}\n"
        p.write_config()

    def expect(self, p, driver, settings, status, text):
        self.section(p, driver, settings)
        out = p.run("check")
        self.assertEqual((out.returncode, text in out.stderr), (status, True), out.stderr)
        mark = p.log.mark()
        return mark

    @unittest.skipUnless({"sqlite", "pam", "ldap", "postgresql"} <= set(BUILT),
                         "some databases are not in this build")
    def test_check(self):
        with Poplar(tls=False) as p:
            sql = 'query-find = "SELECT %u"'
            self.expect(p, "sqlite", f'{sql}\n path = "{p.dir}/no.db"', 1,
                        f"database x: cannot read, as run-as, {p.dir}/no.db: No such file")
            self.expect(p, "sqlite", f'{sql}\n path = "/no/such/folder/db"', 78,
                        "error: database x: cannot open directory /no/such/folder/")
            self.expect(p, "sqlite", f'path = "{p.dir}/no.db"', 78, "driver sqlite needs query-find")
            self.expect(p, "checkpassword", 'program = { "/bin/nothing" }', 1,
                        "database x: cannot run, as run-as, /bin/nothing: No such file")
            self.expect(p, "pam", "service = not-there", 1, "/etc/pam.d/not-there: No such file")
            self.expect(p, "ldap", 'uri = "ldap://localhost"', 78, "either base or bind-template")
            self.expect(p, "postgresql", f'connection = ""\n {sql}', 78, "needs connection")
            self.expect(p, "postgresql", f'connection = "x"\n password-file = "/no"\n {sql}', 1,
                        "read /no: No such file")
            if IS_ROOT:
                self.expect(p, "system", "run-as = not-there", 78, "no such user: not-there")
                self.expect(p, "system", "run-as-group = not-there", 78, "no such group: not-there")
                self.expect(p, "checkpassword", 'program = { "/bin/true" }\n run-as = root', 78,
                            "may not run as root")

    def test_a_reload_with_a_section_that_is_wrong_changes_nothing(self):
        with Poplar(tls=False) as p:
            for driver, settings in (("sqlite", 'path = "/no/such/folder/db"\n query-find = "%u"'),
                                     ("nis", "")):
                self.section(p, driver, settings)
                p.reload("event=reload-refused")
                p.login().quit()

    def test_the_rules_of_the_order(self):
        """`fail` keeps the next one from being asked, `continue` does not."""
        first = 'database a {{ driver = passwd-file {} }}\n'
        with Poplar(tls=False, users={"alice": "one", "bob": "two"}) as p:
            second = f'database b {{ path = "{p.dir}/auth/more" }}\n'
            (p.dir / "auth" / "more").write_text("alice:{PLAIN}other\ncarol:{PLAIN}three\n")
            p.make_maildir("carol")
            for rule, alice, carol in (("", True, True), ("if-wrong = fail", False, True),
                                       ("if-unknown = fail", True, False)):
                p.sections = first.format(rule) + second
                p.write_config()
                p.reload()
                for name, password, good in (("alice", "one", True), ("bob", "two", True),
                                             ("alice", "other", alice), ("carol", "three", carol)):
                    c = p.connect()
                    c.ok(f"USER {name}")
                    reply = c.ask(f"PASS {password}")
                    self.assertTrue(reply.startswith("+OK" if good else "-ERR [AUTH]"),
                                    (rule, name, reply))
                    c.close()

    @unittest.skipUnless(IS_ROOT and "sqlite" in BUILT, "needs root to be other users, and SQLite")
    def test_run_as(self):
        with Server(SqliteRunAs()) as p:
            uid = pwd.getpwnam("games").pw_uid
            for pid in p.pids()["poplar-lookup"]:
                status = pathlib.Path(f"/proc/{pid}/status")  # a new process becomes its user behind execve
                wait_until(lambda: f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}" in status.read_text())
            c = p.connect()
            c.login("right", "secret")
            c.quit()
            self.assertEqual(p.run("audit").returncode, 0)

    @unittest.skipUnless(IS_ROOT, "needs root to be other users")
    def test_only_root_may_ask_the_server_about_users(self):
        with Poplar(tls=False) as p:
            path = p.dir / "run" / "control"
            self.assertEqual((path.stat().st_mode & 0o777, path.stat().st_uid), (0o600, 0))

            def become_nobody():
                os.setgid(65534)
                os.setuid(65534)

            # Where the checkout is, nobody may have no way to.
            tool = shutil.copy(BUILD / "poplar", p.dir / "poplar")
            path.chmod(0o666)  # then the kernel says who it is
            for chmod in (0o666, 0o600):
                path.chmod(chmod)
                out = subprocess.run([tool, "-c", p.config, "user", "test", "alice"],
                                     input="secret\n", capture_output=True, text=True,
                                     timeout=60, preexec_fn=become_nobody)
                self.assertEqual((out.returncode, out.stdout), (69, ""))
        self.assertFalse(path.exists())

    def test_what_is_not_built_is_an_error(self):
        missing = {"sqlite", "pam", "postgresql", "ldap"} - set(BUILT)
        with Poplar(tls=False) as p:
            for driver in missing:
                self.section(p, driver, "")
                out = p.run("check")
                self.assertEqual(out.returncode, 78)
                self.assertRegex(out.stderr, rf":\d+: driver: {driver} is not in this build")

    def test_a_server_that_is_nowhere(self):
        """To look for its name, too, is within the walls."""
        wanted = {"ldap": 'uri = "ldaps://nowhere.invalid ldap://localhost:1"\n base = "dc=x"',
                  "postgresql": 'connection = "host=nowhere.invalid,localhost port=1"\n'
                                'query-find = "SELECT %u"'}
        for driver in sorted(set(wanted) & set(BUILT)):
            section = f"database x {{\n driver = {driver}\n {wanted[driver]}\n}}\n"
            with Poplar(tls=False, sections=section) as p:
                p.deaths_ok = True  # name servers may be slower than the timeout
                c = p.connect()
                c.ok("USER right")
                self.assertRegex(c.ask("PASS secret"), r"^-ERR \[SYS/TEMP\]")
                c.close()

    @unittest.skipUnless("sqlite" in BUILT, "needs SQLite")
    def test_without_root(self):
        """Unprivileged, the databases work as they are, too."""
        with Server(Sqlite(), unprivileged=True) as p:
            c = p.connect()
            c.login("right", "secret")
            c.quit()


if __name__ == "__main__":
    main()
