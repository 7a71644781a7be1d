"""What a site asks of its users, and what CAPA tells of it (RFC 1939 section 8, RFC 2449)."""

import contextlib
import fcntl
import os
import pathlib
import signal
import sqlite3
import subprocess
import time
import unittest

from harness import BUILD, IS_ROOT, PATIENCE, Poplar, ServerCase, main, wait_until

DAY = 86400


def terms(c):
    return {line for line in c.capa() if line.startswith(("EXPIRE", "LOGIN-DELAY"))}


def enter(p, user, password="secret"):
    c = p.connect()
    c.login(user, password)
    return c


class Delay(ServerCase):
    """RFC 2449 section 6.5."""

    kwargs = {"users": {"alice": "secret", "bob": "bob:{PLAIN}secret::::::login-delay=0",
                        "carol": "carol:{PLAIN}secret::::::login-delay=9999",
                        "dave": "secret"},
              "settings": {"login-delay": "1h", "login-delay-most": "2h", "quick-logins": "2"}}

    def test_capa_tells_the_longest_then_the_users_own(self):
        c = self.p.connect()
        self.assertEqual(terms(c), {"LOGIN-DELAY 7200 USER", "EXPIRE NEVER"})
        c.login("dave", "secret")
        self.assertEqual(terms(c), {"LOGIN-DELAY 3600", "EXPIRE NEVER"})
        c.quit()
        for user, told in (("bob", {"EXPIRE NEVER", "LOGIN-DELAY 0"}), ("carol", {"EXPIRE NEVER", "LOGIN-DELAY 7200"})):
            c = enter(self.p, user)
            self.assertEqual(terms(c), told)
            c.quit()

    def test_a_few_quick_logins_and_then_no_more(self):
        self.p.put("1.x", b"x\n")
        for _ in range(2):
            enter(self.p, "alice").quit()
        c = self.p.connect()
        c.ok("USER alice")
        self.assertEqual(c.ask("PASS secret"),
                         "-ERR [LOGIN-DELAY] minimum time between logins has not passed")
        self.assertEqual(c.login("bob", "secret")[:3], "+OK")
        c.quit()
        c = self.p.connect()
        c.ok("USER alice")
        self.assertTrue(c.ask("PASS wrong").startswith("-ERR [AUTH]"))
        c.close()
        self.p.log.wait(r"event=login-failed user=alice .*reason=\[LOGIN-DELAY\]")
        # It is remembered by the maildrop, over a restart too.
        self.p.stop()
        self.p.start()
        c = self.p.connect()
        c.ok("USER alice")
        self.assertTrue(c.ask("PASS secret").startswith("-ERR [LOGIN-DELAY]"))
        c.close()
        # When the time has gone by, it is over.
        os.remove(self.p.maildir() / "poplar-ledger")
        enter(self.p, "alice").quit()


class Kept(ServerCase):
    """RFC 2449 section 6.7."""

    kwargs = {"users": {"alice": "secret", "bob": "bob:{PLAIN}secret::::::expire=never",
                        "carol": "carol:{PLAIN}secret::::::expire=1",
                        "once": "once:{PLAIN}secret::::::expire=0"},
              "settings": {"expire": '"60,30"', "expire-least": '"0"', "mark-seen": "yes"}}

    def old(self, name, days, user="alice"):
        path = self.p.put(name, b"Subject: old\n\nx\n", user)
        os.utime(path, (time.time() - days * DAY,) * 2)
        # Each maildrop is looked through once a day: let today's look be to come.
        (self.p.maildir(user) / "poplar-ledger").unlink(missing_ok=True)

    def see(self, *users):
        """Nothing is removed before a session has seen it."""
        for user in users:
            enter(self.p, user).quit()

    def test_capa_tells_the_shortest_then_the_users_own(self):
        c = self.p.connect()
        self.assertEqual(terms(c), {"EXPIRE 0 USER"})
        c.close()
        for user, told in (("alice", "EXPIRE 30"), ("bob", "EXPIRE NEVER"), ("carol", "EXPIRE 1"),
                           ("once", "EXPIRE 0")):
            c = enter(self.p, user)
            self.assertEqual(terms(c), {told})
            c.quit()

    def test_old_mail_is_removed_at_login(self):
        self.old("1.a", 61)
        self.old("2.b", 59)
        self.old("1.c", 1000, "bob")
        self.see("alice", "bob")
        self.assertEqual(self.p.names(), ["new/1.a", "new/2.b"])
        for user, left in (("alice", ["new/2.b"]), ("bob", ["new/1.c"])):
            c = enter(self.p, user)
            self.assertEqual(len(c.listing("UIDL")), 1)
            c.quit()
            self.assertEqual(self.p.names(user), left)
        self.p.log.wait("event=expired user=alice messages=1 octets=")

    def test_read_once(self):
        for name in ("1.a", "2.b", "3.c"):
            self.p.put(name, b"Subject: x\n\nline 1\nline 2\n", "once")
        c = enter(self.p, "once")
        self.assertEqual(c.multi("TOP 1 0"), b"Subject: x\r\n\r\n.\r\n")
        self.assertEqual(c.multi("TOP 1 1"), b"Subject: x\r\n\r\nline 1\r\n.\r\n")
        c.multi("RETR 2")
        self.assertEqual(len(c.listing()), 3)
        c.close()
        self.p.log.wait("event=session user=once .*deleted=0 .*end=hangup")
        self.assertEqual(len(self.p.names("once")), 3)
        c = enter(self.p, "once")
        c.multi("RETR 2")
        self.assertEqual(c.ask("QUIT"), "+OK signing off, 2 messages left")
        c.close()
        self.assertEqual(self.p.names("once"), ["new/1.a", "new/3.c"])
        self.p.log.wait("event=session user=once .*deleted=1 deleted-octets=30 left=2 left-octets=60 .*end=quit")

    def test_a_top_that_reaches_the_end_has_read_it(self):
        """RFC 1939 section 7: such a TOP is the whole message. What needs a surrogate, too, and what ends anyhow."""
        surrogate = "Subject: \u00e9\n".encode()
        parts = (surrogate + b"Content-Type: multipart/mixed; boundary=b\n\n--b\nSubject: x\n\nx\n"
                 b"--b\nContent-Description: " + "\u00e9".encode() * 60)  # its last field is rewritten in lines
        texts = [b"Subject: x\n\n1\n2\n", b"Subject: x\r\n\r\n.1\r\n2\r\n", b"Subject: x\n\n1\n2",
                 surrogate + b"\n1\n2\n", b"\n\n\n", b"Subject: no body\n", parts]
        for text in texts:
            lines = []
            while True:  # one line more each time, until all have come
                self.p.put("1.a", text, "once")
                at = self.p.log.mark()
                c = enter(self.p, "once")
                whole = c.multi("RETR 1")
                c.close()  # without QUIT nothing is removed
                self.p.log.wait("event=session user=once .*end=hangup", start=at)
                c = enter(self.p, "once")
                top = c.multi(f"TOP 1 {len(lines)}")
                self.assertTrue(whole.startswith(top[:-3]), (text, top))
                c.quit()
                left = self.p.names("once")
                self.assertEqual(left == [], top == whole and len(lines) > 0, (text, top))
                if left == []:
                    break
                os.unlink(self.p.maildir("once") / left[0])
                lines.append(top)
                self.assertLess(len(lines), 30, text)

    def test_a_top_that_reaches_the_end_counts_as_retr(self):
        """In the log, for mark-seen and for the days after retrieval."""
        for at in range(3):
            self.p.put(f"{8 + at}.b", b"Subject: x\n\nx\ny\n", "carol")
        c = enter(self.p, "carol")
        whole = c.multi("TOP 1 99999999")
        self.assertEqual(whole, b"Subject: x\r\n\r\nx\r\ny\r\n.\r\n")
        self.assertEqual(c.multi("TOP 2 4294967296"), whole)
        c.multi("TOP 3 1")
        c.quit()
        self.p.log.wait("event=session user=carol .*retr=2 retr-octets=40 top=1 top-octets=17 ")
        self.assertEqual(self.p.names("carol"), ["cur/8.b:2,S", "cur/9.b:2,S", "new/10.b"])
        ledger = (self.p.maildir("carol") / "poplar-ledger").read_bytes()
        self.assertGreater(len(ledger), 0)
        for name in self.p.names("carol"):
            os.unlink(self.p.maildir("carol") / name)

    def test_retrieved_mail_is_seen_and_has_its_time(self):
        self.old("7.a", 10, "carol")
        self.see("carol")
        self.p.put("8.b", b"Subject: x\n\nx\n", "carol")
        c = enter(self.p, "carol")
        c.multi("RETR 1")
        c.quit()
        self.assertEqual(self.p.names("carol"), ["cur/8.b:2,S"])
        os.unlink(self.p.maildir("carol") / "cur/8.b:2,S")


@unittest.skipUnless(IS_ROOT, "needs root: there is one uid otherwise")
class Owners(unittest.TestCase):
    """poplar expire works as the owners of the mail, who may stop it."""

    def setUp(self):
        users = {name: f"{name}:{{PLAIN}}x:{uid}:{uid}" for name, uid in (("one", 2001), ("two", 2002))}
        self.p = self.enterContext(Poplar(users=users, settings={"expire": '"1"', "expire-least": '"1"',
                                                                 "lock-wait": "60s"}))
        for user, uid in (("one", 2001), ("two", 2002)):
            name = self.p.put("1.x", b"Subject: old\n\nx\n", user)
            os.utime(name, (1, 1))
            for path in [self.p.maildir(user).parent, *self.p.maildir(user).parent.rglob("*")]:
                os.chown(path, uid, uid)
            self.p.login(user, "x").quit()  # nothing goes in the first session that sees it
            os.utime(self.p.maildir(user) / self.p.names(user)[0], (1, 1))

    def child_of(self, pid):
        """The one that works as another user."""
        for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                if "Uid:\t2001\t" in pathlib.Path(f"/proc/{child}/status").read_text():
                    return int(child)
        return None

    def expire_and(self, harm):
        """Harm the process while it waits for the lock of the first of two; what is said, and the status."""
        folder = os.open(self.p.maildir("one"), os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        try:
            command = subprocess.Popen([BUILD / "poplar", "-c", self.p.config, "expire"], text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            wait_until(lambda: self.child_of(command.pid))
            subprocess.run(["kill", f"-{harm}", str(self.child_of(command.pid))], user=2001, group=2001,
                           extra_groups=[], check=True)
            said, trouble = command.communicate(timeout=PATIENCE)
            return said, trouble, command.returncode
        finally:
            os.close(folder)

    def test_one_that_is_stopped_holds_up_nobody(self):
        """Nor one that is killed; it is told, and the others' mail goes."""
        for harm, words in (("STOP", "uid 2001 was stopped"), ("KILL", "uid 2001 was killed")):
            with self.subTest(harm):
                said, trouble, status = self.expire_and(harm)
                self.assertIn(words, trouble)
                self.assertIn("not done: one", trouble)
                self.assertEqual(status, 1)
                self.assertEqual((len(self.p.names("one")), self.p.names("two")), (1, []), said)


class Expire(ServerCase):
    """poplar expire, for those who do not come."""

    kwargs = {"users": {"alice": "secret", "bob": "bob:{PLAIN}secret::::::expire=10",
                        "carol": "carol:{PLAIN}secret::::::expire=never", "dave": "secret"},
              "settings": {"expire": '"100"', "expire-least": '"1"', "login-delay": "1h",
                           "quick-logins": "1"}}

    def setUp(self):
        super().setUp()
        for user in ("alice", "bob", "carol"):
            for name, days in (("1.a", 50), ("2.b", 5)):
                path = self.p.put(name, b"Subject: old\n\nx\n", user)
                os.utime(path, (time.time() - days * DAY,) * 2)

    def tearDown(self):
        for user in self.p.users:
            for name in self.p.names(user):
                (self.p.maildir(user) / name).unlink()

    def test_a_dry_run_only_tells(self):
        out = self.p.run("expire", "--dry-run")
        self.assertEqual((out.returncode, out.stdout.splitlines()),
                         (0, ["bob: 1 messages, 19 octets",
                              "would remove 1 messages, 19 octets, in 1 of 4 maildrops"]), out.stderr)
        self.assertEqual(self.p.names("bob"), ["new/1.a", "new/2.b"])
        self.assertFalse((self.p.maildir("dave") / "poplar-ledger").exists())

    def test_all_users_or_some(self):
        out = self.p.run("expire", "alice", "carol", str(self.p.maildir("dave")))
        self.assertEqual((out.returncode, out.stdout),
                         (0, "removed 0 messages, 0 octets, in 0 of 3 maildrops\n"), out.stderr)
        out = self.p.run("expire")
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertEqual(out.stdout.splitlines()[-1],
                         "removed 1 messages, 19 octets, in 1 of 4 maildrops")
        self.assertEqual(self.p.names("bob"), ["new/2.b"])
        self.assertEqual(self.p.names("alice"), ["new/1.a", "new/2.b"])
        enter(self.p, "bob").quit()  # it was no login

    def test_a_maildrop_in_use_is_left_to_its_session(self):
        c = enter(self.p, "alice")
        out = self.p.run("expire", "alice")
        self.assertEqual((out.returncode, out.stdout.splitlines()),
                         (0, ["alice: in use, left for its session",
                              "removed 0 messages, 0 octets, in 0 of 1 maildrops; 1 were in use"]))
        c.quit()

    def test_mistakes(self):
        for args, status in ((("--wrong",), 64), (("nobody",), 1), (("alice", "nobody"), 1)):
            self.assertEqual(self.p.run("expire", *args).returncode, status, args)
        self.assertIn("usage: poplar expire", self.p.run("expire", "--help").stdout)


class InDatabase(Poplar):
    """bob and carol are users of an SQL database, alice of the users file, and bob of both."""

    def __init__(self):
        super().__init__(users={"alice": "secret", "bob": "bob:{PLAIN}secret::::::expire=1"}, tls=False,
                         settings={"expire": '"100"', "expire-least": '"1"'}, sections="""
database "sql" {
    driver = sqlite
    path = "{dir}/database/users.db"
    query-find = "SELECT password, expire FROM users WHERE name = %u"
}
database "file" { driver = passwd-file }
""")

    def prepare(self):
        folder = self.dir / "database"
        folder.mkdir()
        db = sqlite3.connect(folder / "users.db")
        db.execute("CREATE TABLE users (name TEXT, password TEXT, expire TEXT)")
        db.execute("INSERT INTO users VALUES ('bob', '{PLAIN}secret', 'never'), ('carol', '{PLAIN}secret', '10')")
        db.commit()
        db.close()


class ExpireInDatabases(unittest.TestCase):
    def setUp(self):
        built = subprocess.run([BUILD / "poplar", "--version"], capture_output=True, text=True, check=True)
        if "sqlite" not in built.stdout:
            self.skipTest("sqlite is not in this build")
        self.p = InDatabase()
        self.addCleanup(lambda: self.p.__exit__(None, None, None))
        self.p.__enter__()
        self.p.make_maildir("carol")
        for user in ("alice", "bob", "carol"):
            path = self.p.put("1.x", b"x\n", user)
            os.utime(path, (time.time() - 50 * DAY,) * 2)

    def expire(self, *args, names=None, status=0):
        out = self.p.run("expire", *args, input=names)
        self.assertEqual(out.returncode, status, out)
        return out.stdout.splitlines()[-1], out.stderr

    def test_users_that_are_named(self):
        """Whoever a login would find has the name: bob of the database keeps all, he of the file nothing."""
        self.assertEqual(self.expire("--dry-run", "alice", "bob", "carol")[0],
                         "would remove 1 messages, 3 octets, in 1 of 3 maildrops")
        said, trouble = self.expire()
        self.assertEqual(said, "removed 0 messages, 0 octets, in 0 of 2 maildrops")
        self.assertIn("when they are named", trouble)
        said, trouble = self.expire("-", names="bob\n\ncarol\r\nnobody\nalice", status=1)
        self.assertEqual(said, "removed 1 messages, 3 octets, in 1 of 3 maildrops")
        self.assertIn("nobody", trouble)
        self.assertEqual([self.p.names(user) for user in ("alice", "bob", "carol")], [["new/1.x"], ["new/1.x"], []])

    def test_a_reload_between_two_names(self):
        self.expire("--dry-run", "carol")  # has seen it
        names = subprocess.Popen([BUILD / "poplar", "-c", self.p.config, "expire", "-"], text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        c = self.p.login("alice")
        names.stdin.write("alice\n")
        names.stdin.flush()
        self.assertEqual(names.stdout.readline(), "alice: in use, left for its session\n")
        c.quit()
        at = self.p.log.mark()
        self.p.process.send_signal(signal.SIGHUP)
        self.p.log.wait("event=drained|event=reloaded", start=at)
        out, trouble = names.communicate("carol\n", timeout=PATIENCE)
        self.assertEqual((names.returncode, trouble), (0, ""))
        self.assertIn("carol: 1 messages, 3 octets", out)

    def test_without_the_server(self):
        self.p.stop()
        self.assertIn("reach the server", self.expire("carol", status=1)[1])
        self.assertEqual(self.p.names("carol"), ["new/1.x"])
        self.p.start()


class Off(unittest.TestCase):
    def test_nothing_is_written_where_nothing_is_asked(self):
        with Poplar() as p:
            p.put("1.x", b"x\n")
            c = p.login()
            self.assertEqual(terms(c), {"EXPIRE NEVER"})
            c.multi("RETR 1")
            c.quit()
            self.assertFalse((p.maildir() / "poplar-ledger").exists())
            self.assertEqual(p.names(), ["new/1.x"])


if __name__ == "__main__":
    main()
