"""Why a login is refused: the log and `poplar user test` name the rule, and the client is told nothing of it."""

import os
import signal
import subprocess
import unittest

from harness import BUILD, IS_ROOT, Client, Poplar, hold, main, wait_until

HASHED = subprocess.run(["openssl", "passwd", "-5", "-salt", "salt", "secret"], capture_output=True,
                        text=True, check=True).stdout.strip()
AUTH, PERMANENT, TEMPORARY, NO_SERVER, USAGE = 1, 70, 75, 69, 64

USERS = {
    "alice": "secret",
    "off": "off:{PLAIN}secret::::::disabled=yes",
    "nologin": "nologin:{PLAIN}secret::::::nologin",
    "nets": "nets:{PLAIN}secret::::::allow_nets=192.0.2.0/24,2001:db8::/32",
    "scram": "scram:{PLAIN}secret::::::mechanisms=SCRAM-SHA-256",
    "tls": "tls:{PLAIN}secret::::::tls-required=yes",
    "hashed": f"hashed:{{CRYPT}}{HASHED}:::::",
    "boss": "boss:{PLAIN}secret::::::master=yes",
}
RULES = {"off": "nologin", "nologin": "nologin", "nets": "allow-nets", "scram": "mechanisms", "tls": "tls-required"}


class Why(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.p = Poplar(users=USERS, settings={"master-separator": '"*"',
                                              "mechanisms": '{"USER", "PLAIN", "SCRAM-SHA-256", "CRAM-MD5"}'})
        cls.p.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.p.__exit__()

    def reply(self, name, password="secret", tls=False):
        with self.p.connect() if not tls else Client(self.p.tls_port, tls=True) as c:
            c.ok(f"USER {name}")
            return c.ask(f"PASS {password}")

    def ask_tool(self, name, *options, password="secret"):
        out = self.p.run("user", "test", *options, name, input=password + "\n")
        return out.returncode, out.stdout

    # -- the log

    def test_the_log_names_the_rule_and_the_client_is_told_what_anyone_is(self):
        wrong = self.reply("alice", "wrong")
        self.assertTrue(wrong.startswith("-ERR [AUTH] "))
        for name, rule in RULES.items():
            with self.subTest(name=name):
                mark = self.p.log.mark()
                self.assertEqual(self.reply(name), wrong)
                line = self.p.log.wait(f"event=login-refused user={name} ", start=mark)
                self.assertRegex(line, rf"peer=127\.0\.0\.1:\d+ tls=no method=USER rule={rule}$")
                self.p.log.wait(rf"event=login-failed user={name} .*reason=\[AUTH\]", start=mark)
                self.assertEqual(self.reply(name, "wrong"), wrong)
                self.assertEqual(len(self.p.log.find("event=login-refused", mark)), 1)

    def test_a_rule_that_does_not_refuse_is_not_named(self):
        mark = self.p.log.mark()
        self.assertTrue(self.reply("tls", tls=True).startswith("+OK"))
        self.assertTrue(self.reply("alice").startswith("+OK"))
        self.assertEqual(self.p.log.find("event=login-refused", mark), [])

    def test_the_log_names_the_rule_of_whoever_logs_in_as_another(self):
        mark = self.p.log.mark()
        self.assertTrue(self.reply("off*boss").startswith("-ERR [AUTH]"))
        self.p.log.wait("event=login-refused user=off .*rule=nologin", start=mark)
        self.assertTrue(self.reply("alice*hashed").startswith("-ERR [AUTH]"))
        self.p.log.wait("event=login-refused user=hashed .*rule=master", start=mark)

    # -- the tool

    def test_user_test_says_what_such_a_client_would_get(self):
        for name, rule in RULES.items():
            if name == "tls":
                continue
            with self.subTest(name=name):
                status, said = self.ask_tool(name)
                self.assertEqual(status, AUTH, said)
                self.assertRegex(said, f"login refused: .*: by the rule {rule}\n$")

    def test_user_test_takes_an_address(self):
        for address, expected in (("192.0.2.7", 0), ("198.51.100.1", AUTH), ("2001:db8::7", 0), ("::1", AUTH)):
            with self.subTest(address=address):
                self.assertEqual(self.ask_tool("nets", "--from", address)[0], expected)

    def test_user_test_takes_a_connection_in_the_clear(self):
        self.assertEqual(self.ask_tool("tls")[0], 0)
        status, said = self.ask_tool("tls", "--clear")
        self.assertEqual(status, AUTH)
        self.assertIn("by the rule tls-required", said)
        self.assertEqual(self.ask_tool("alice", "--clear")[0], 0)
        status, said = self.ask_tool("alice", "--clear", "--from", "192.0.2.7")
        self.assertEqual(status, AUTH)  # plaintext-auth is for loopback alone
        self.assertIn("start TLS before logging in: by the setting plaintext-auth", said)
        self.assertEqual(self.ask_tool("alice", "--clear", "--from", "192.0.2.7", "--method", "CRAM-MD5")[0], AUTH)

    def test_user_test_takes_a_mechanism(self):
        self.assertEqual(self.ask_tool("scram", "--method", "PLAIN")[0], AUTH)
        status, said = self.ask_tool("alice", "--method", "LOGIN")
        self.assertEqual(status, AUTH)
        self.assertIn("by the setting mechanisms", said)

    def test_user_test_goes_on_to_the_maildrop_and_changes_nothing(self):
        self.p.put("new/1.x", b"a\nb\n")
        self.p.put("new/2.x", b"c\n")
        def everything():
            return sorted((str(path), path.lstat().st_mtime_ns, path.lstat().st_ctime_ns)
                          for path in self.p.maildir().rglob("*"))
        before = everything()
        status, said = self.ask_tool("alice")
        self.assertEqual(status, 0)
        self.assertIn("messages in it: 2, octets: 9\n", said)
        self.assertEqual(everything(), before)

    def test_a_maildrop_that_is_in_use(self):
        with self.p.connect() as c:
            c.login("alice", "secret")
            status, said = self.ask_tool("alice")
            self.assertEqual(status, TEMPORARY, said)
            self.assertIn("in use", said)
            c.ok("QUIT")
        wait_until(lambda: self.ask_tool("alice")[0] == 0)

    def test_a_user_without_mail_yet(self):
        for name in ("cur", "new", "tmp"):
            (self.p.maildir("hashed") / name).rmdir()
        self.p.maildir("hashed").rmdir()
        status, said = self.ask_tool("hashed")
        self.assertEqual((status, "the login makes it" in said), (0, True), said)
        self.assertFalse(self.p.maildir("hashed").exists())
        self.assertTrue(self.reply("hashed").startswith("+OK"))

    def test_what_is_no_question(self):
        for options in (["--from", "example.org"], ["--from", "127.0.0.1:110"], ["--method", "NONE"],
                        ["--method", "EXTERNAL"], ["--bogus"]):
            with self.subTest(options=options):
                self.assertEqual(self.ask_tool("alice", *options)[0], USAGE)
        self.assertEqual(self.p.run("user", "test", "--help").returncode, 0)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_a_maildrop_process_that_does_not_answer_is_not_waited_for_by_the_server(self):
        pid, = self.p.pids()["poplar-drop"]
        hold(pid)
        tool = subprocess.Popen([BUILD / "poplar", "-c", self.p.config, "user", "test",
                                 "alice"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            tool.stdin.write("secret\n")
            tool.stdin.close()
            while not tool.stdout.readline().startswith("login as alice"):
                pass
            self.assertTrue(self.reply("alice", "wrong").startswith("-ERR [AUTH]"))
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertEqual(tool.wait(60), 0)
        tool.stdout.close()


class NotServed(unittest.TestCase):
    def test_a_server_that_is_not_there(self):
        with Poplar(tls=False) as p:
            p.stop()
            self.assertEqual(p.run("user", "test", "alice", input="secret\n").returncode, NO_SERVER)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_a_home_that_cannot_be_entered_and_an_owner_below_first_uid(self):
        users = {"alice": "secret", "shut": "secret", "low": "low:{PLAIN}secret:7:7:::"}
        with Poplar(users=users, tls=False) as p:
            os.chown(p.maildir("shut").parent, 0, 0)
            os.chmod(p.maildir("shut").parent, 0o700)
            for name, event in (("shut", "event=open-failed user=shut .*Permission denied"),
                                ("low", "event=login-trouble user=low .*first-uid")):
                mark = p.log.mark()
                with self.subTest(name=name):
                    with p.connect() as c:
                        c.ok(f"USER {name}")
                        self.assertTrue(c.ask("PASS secret").startswith("-ERR [SYS/PERM] "))
                    p.log.wait(event, start=mark)
                    out = p.run("user", "test", name, input="secret\n")
                    self.assertEqual(out.returncode, PERMANENT, out.stdout)
                    self.assertRegex(out.stdout, "first-uid" if name == "low" else "event=open-failed in the log")


if __name__ == "__main__":
    main()
