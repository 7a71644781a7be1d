"""poplar deliver: its exit statuses, and the programs that run it, and deliveries without a server. The server is a script
here; test_mta.py has the real one."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from harness import BUILD, PATIENCE, Poplar, main

MESSAGE = b"From: a@b\nSubject: one\n\n.dot\n\0\nend\n"


class Server:
    """An LMTP server at a socket, which does as it is told. Use as a context manager."""

    def __init__(self, path):
        self.path = path
        self.at_rcpt, self.at_end = {}, {}  # replies other than 250, by recipient
        self.got = []                       # (sender, recipients, content) of each message
        self.silent_from = None             # the command from which on nothing is answered; "220" is the greeting
        self.vanishes_at = None             # the same, for a server that closes the connection instead
        self.heard = threading.Semaphore(0)  # released when such a command has come
        self.go_on = threading.Event()

    def __enter__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(self.path))
        self.socket.listen(64)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.go_on.set()
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(PATIENCE)
        os.unlink(self.path)

    def accept(self):
        while True:
            try:
                client, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def pause(self, command):
        if command == self.vanishes_at:
            raise ConnectionAbortedError
        if command == self.silent_from:
            self.heard.release()
            self.go_on.wait(PATIENCE)

    def serve(self, client):
        try:
            with client, client.makefile("rwb", buffering=0) as stream:
                self.talk(stream)
        except OSError:
            pass  # the client is gone

    def talk(self, stream):
        self.pause("220")
        stream.write(b"220 hi\r\n")
        sender, taken = "", []
        while line := stream.readline().decode():
            verb = line.split()[0]
            path = line[line.find("<") + 1:line.find(">")]
            if verb == "LHLO":
                stream.write(b"250-hi\r\n250-SIZE 1000000\r\n250 8BITMIME\r\n")
            elif verb == "MAIL":
                sender, taken = path, []
                stream.write(b"250 ok\r\n")
            elif verb == "RCPT":
                reply = self.at_rcpt.get(path, "250 ok")
                taken += [path] if reply.startswith("250") else []
                stream.write(reply.encode() + b"\r\n")
            elif verb == "DATA":
                stream.write(b"354 go\r\n")
                content = b""
                while (line := stream.readline()) != b".\r\n":
                    if not line:
                        return
                    content += line.removeprefix(b".")
                self.got.append((sender, taken, content))
                self.pause("DATA")
                for path in taken:
                    stream.write(self.at_end.get(path, "250 saved").encode() + b"\r\n")
            else:
                stream.write(b"221 bye\r\n")
                return


class DeliverCase(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="poplar-deliver-"))
        self.dir.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.dir)
        self.server = Server(self.dir / "lmtp")
        self.command = [str(BUILD / "poplar"), "deliver", "--socket", str(self.server.path)]

    def deliver(self, *args, message=MESSAGE, **kwargs):
        kwargs = {"stderr": subprocess.PIPE} | kwargs
        return subprocess.run([*self.command, *args], input=message, timeout=PATIENCE, check=False, **kwargs)

    def check(self, status, *args, says="", **kwargs):
        out = self.deliver(*args, **kwargs)
        self.assertEqual(out.returncode, status, out.stderr)
        self.assertIn(says, out.stderr.decode())


class Statuses(DeliverCase):
    def test_a_message_arrives_as_it_came(self):
        with self.server as s:
            self.check(0, "-f", "s@t", "-a", "alice@x", "-a", "bob", "--", "-carol@x")
            self.check(0, "-f", "<>", "alice", message=b"From m@n Fri\r\n" + MESSAGE.replace(b"\n", b"\r\n"))
            self.check(0, "alice", message=b"From m@n Fri\n" + MESSAGE)
            wire = b"From: a@b\r\nSubject: one\r\n\r\n.dot\r\n\0\r\nend\r\n"
            self.assertEqual(s.got, [("s@t", ["alice@x", "bob", "-carol@x"], wire), ("", ["alice"], wire),
                                     ("m@n", ["alice"], wire)])

    def test_a_refusal_that_lasts(self):
        with self.server as s:
            s.at_rcpt = {"nobody": "550 5.1.1 no such user", "closed": "550 5.2.1 disabled"}
            self.check(67, "nobody", says="nobody: 550 5.1.1 no such user")
            self.check(67, "a\nb", says="no mail address")
            self.check(69, "closed", says="5.2.1")
            self.check(69, "nobody", "closed")
            self.check(67, "alice", "nobody", says="alice: not delivered: another recipient was refused")
            self.assertEqual(s.got, [])
            s.at_end = {"alice": "552 5.2.2 full"}
            self.check(69, "alice", says="552 5.2.2 full")
            self.check(65, "alice", message=b"", says="the message is empty")

    def test_what_can_be_mended_is_75(self):
        with self.server as s:
            s.at_rcpt = {"full": "452 4.2.2 full", "nobody": "550 5.1.1 no such user"}
            self.check(75, "full", says="452 4.2.2 full")
            self.check(75, "nobody", "full")
            s.at_end = {"alice": "451 4.3.0 disk"}
            self.check(75, "alice", "bob", says="451 4.3.0 disk")
        self.check(75, "alice", says="cannot reach the server")
        self.check(75, says="usage")
        self.check(75, "--unknown", "alice", says="usage")
        self.command = [str(BUILD / "poplar"), "-c", str(self.dir / "none"), "deliver"]
        self.check(75, "alice", says="none")
        (self.dir / "none").write_text('listen-tls = {}\nlisten = {"127.0.0.1:110"}\n')
        self.check(75, "alice", says="listen-lmtp is empty")
        (self.dir / "none").write_text("nonsense = 1\n")
        self.check(75, "alice")
        self.assertEqual(self.deliver("--help", stdout=subprocess.DEVNULL).returncode, 0)

    def test_a_server_that_vanishes(self):
        with self.server as s:
            for s.vanishes_at in ("220", "DATA"):
                self.check(75, "alice", says="the server closed the connection")

    def started(self, *args):
        process = subprocess.Popen([*self.command, *args], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdin.write(MESSAGE)
        process.stdin.close()
        self.addCleanup(process.stderr.close)
        self.assertTrue(self.server.heard.acquire(timeout=PATIENCE))
        return process

    def test_a_signal_is_75(self):
        with self.server as s:
            s.silent_from = "220"
            for name in ("HUP", "INT", "QUIT", "TERM", "ALRM", "USR1", "USR2", "XCPU", "VTALRM", "PROF", "SEGV", "BUS",
                         "ABRT", "ILL", "FPE"):
                with self.subTest(signal=name):
                    process = self.started("alice")
                    process.send_signal(getattr(signal, "SIG" + name))
                    self.assertEqual(process.wait(PATIENCE), 75)

    def test_a_signal_does_not_hide_that_the_message_is_delivered(self):
        with self.server as s:
            s.silent_from = "DATA"
            process = self.started("alice")
            process.terminate()
            s.go_on.set()
            self.assertEqual(process.wait(PATIENCE), 0)
            self.assertEqual(len(s.got), 1)

    def test_without_standard_files(self):
        with self.server as s:
            s.at_rcpt = {"nobody": "550 5.1.1 no"}
            for redirections, status in (("2>&-", 67), (">&- 2>&-", 67), ("<&- 2>&-", 65), ("<&- >&- 2>&-", 65)):
                with self.subTest(redirections=redirections):
                    out = subprocess.run(["sh", "-c", f'exec "$@" {redirections}', "sh", *self.command, "nobody"],
                                         input=MESSAGE, timeout=PATIENCE, check=False)
                    self.assertEqual(out.returncode, status)

    def test_nobody_reads_what_it_says(self):
        with self.server as s:
            s.at_rcpt = {"nobody": "550 5.1.1 no"}
            ours, its = os.pipe()
            os.close(ours)
            self.assertEqual(self.deliver("nobody", stderr=its).returncode, 67)
            os.close(its)


class Callers(DeliverCase):
    """What does not reach the server stays with the program, and is delivered once later."""

    def setUp(self):
        super().setUp()
        self.shell = " ".join(self.command)

    def need(self, program):
        if not shutil.which(program):
            self.skipTest(f"needs {program}")

    def run_caller(self, *args, **kwargs):
        return subprocess.run(args, capture_output=True, timeout=PATIENCE, check=False,
                              env={"HOME": str(self.dir), "PATH": os.environ["PATH"], "USER": "root", "LOGNAME": "root"},
                              **kwargs)

    def check_fetching(self, program, fetch):
        """`fetch` gets what alice has, and gives it to the command for bob@x."""
        self.need(program)
        with Poplar(tls=False) as p:
            p.put("1.x", MESSAGE.replace(b"\0", b"nul"))
            out = fetch(p)
            self.assertEqual(p.names(), ["new/1.x"], out)
            with self.server as s:
                for reply in ("550 5.1.1 no such user", "452 4.2.2 full"):
                    s.at_rcpt = {"bob@x": reply}
                    out = fetch(p)
                    self.assertEqual(p.names(), ["new/1.x"], out)
                s.at_rcpt = {}
                out = fetch(p)
                self.assertEqual(p.names(), [], out)
                (sender, recipients, content), = s.got
                self.assertEqual(recipients, ["bob@x"])
                self.assertIn(b"Subject: one\r\n", content)
                self.assertTrue(content.endswith(b"\r\n\r\n.dot\r\nnul\r\nend\r\n"), content)
                return sender

    def test_fetchmail(self):
        def fetch(p):
            rc = self.dir / ".fetchmailrc"
            rc.write_text(f"set pidfile {self.dir}/pid\npoll localhost protocol pop3 port {p.port} auth password\n"
                          f"user alice password secret sslproto '' no rewrite fetchall nokeep\n"
                          f"mda \"{self.shell} -f %F -- bob@x\"\n")
            rc.chmod(0o600)
            return self.run_caller("fetchmail", "-f", rc, "--nobounce", "--invisible")
        self.check_fetching("fetchmail", fetch)

    def test_getmail(self):
        def fetch(p):
            words = ", ".join(f"'{word}'" for word in [*self.command[1:], "-f", "%(sender)", "bob@x"])
            (self.dir / "getmailrc").write_text(f"""
[retriever]
type = SimplePOP3Retriever
server = 127.0.0.1
port = {p.port}
username = alice
password = secret
[destination]
type = MDA_external
path = {self.command[0]}
arguments = ({words})
allow_root_commands = true
[options]
delete = true
read_all = true
""")
            return self.run_caller("getmail", "--getmaildir", self.dir, "--rcfile", self.dir / "getmailrc")
        self.check_fetching("getmail", fetch)

    def test_fdm(self):
        def fetch(p):
            rc = self.dir / ".fdm.conf"
            rc.write_text('set default-user "root"\n'
                          f'account "a" pop3 server "127.0.0.1" port {p.port} user "alice" pass "secret"\n'
                          f'action "deliver" pipe "{self.shell} bob@x"\nmatch all action "deliver"\n')
            rc.chmod(0o600)
            return self.run_caller("fdm", "-f", rc, "-l", "fetch")
        self.check_fetching("fdm", fetch)

    def check_filter(self, program, run):
        """Of a filter, its caller learns the outcome."""
        self.need(program)
        self.assertEqual(run().returncode, 75)
        with self.server as s:
            s.at_rcpt = {"bob@x": "452 4.2.2 full"}
            self.assertEqual(run().returncode, 75)
            s.at_rcpt = {}
            out = run()
            self.assertEqual(out.returncode, 0, out)
            (_, recipients, content), = s.got
            self.assertEqual(recipients, ["bob@x"])
            self.assertTrue(content.endswith(b"\r\n\r\n.dot\r\n\0\r\nend\r\n"), content)

    def test_procmail(self):
        rc = self.dir / "procmailrc"
        rc.write_text(f"DEFAULT={self.dir}/lost\n:0 rw\n| {self.shell} bob@x\n\n"
                      "EXITCODE=75\nHOST=stop.here\n")
        rc.chmod(0o600)
        self.check_filter("procmail", lambda: self.run_caller("procmail", "-m", rc, input=MESSAGE))
        self.assertFalse((self.dir / "lost").exists())

    def test_maildrop(self):
        rc = self.dir / "mailfilter"
        rc.write_text(f'to "| {self.shell} bob@x"\n')
        rc.chmod(0o600)
        self.check_filter("maildrop", lambda: self.run_caller("maildrop", rc, input=MESSAGE))


class Direct(unittest.TestCase):
    """Without a server."""

    USERS = {"alice": "x", "bob": "x", "full": "full:{PLAIN}x::::::quota=1k", "closed": "closed:{PLAIN}x::::::no-delivery"}

    def setUp(self):
        self.poplar = self.enterContext(Poplar(users=self.USERS, tls=False, settings={
            "max-message-size": "64k", "recipient-domains": "strip", "fold-names": "yes"}))
        self.poplar.stop()

    def change(self, **settings):
        self.poplar.extra |= {name.replace("_", "-"): value for name, value in settings.items()}
        self.poplar.write_config()

    def check(self, status, *args, says="", message=MESSAGE):
        out = subprocess.run([BUILD / "poplar", "-c", self.poplar.config, "deliver", *args], input=message,
                             capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual(out.returncode, status, out.stderr)
        self.assertIn(says, out.stderr.decode())

    def mail(self, user="alice"):
        root = self.poplar.maildir(user)
        return [(root / name).read_bytes() for name in self.poplar.names(user)]

    def check_mail(self, **wanted):
        for user in self.poplar.users:
            self.assertEqual(self.mail(user), wanted.get(user, []), user)

    def test_a_message_is_that_which_the_server_would_store(self):
        before = b"Return-Path: <old@x>\n continued\nReturn-Path : <older@x>\r\n" + MESSAGE + b"\rx\r\n..\nno end"
        after = b"Return-Path: <s@t>\n" + MESSAGE + b"\rx\n..\nno end\n"
        self.check(0, "--direct", "-f", "s@t", "-a", "Alice+detail@some.where", "bob", "<bob@x>", message=before)
        self.check_mail(alice=[after], bob=[after])

    def test_the_owner_stores_it_and_the_next_session_has_it(self):
        self.check(0, "--direct", "-f", "<>", "alice")
        name, = self.poplar.names()
        self.assertRegex(name, r"^new/.*,S=\d+,W=\d+")
        found = (self.poplar.maildir() / name).stat()
        self.assertEqual((found.st_uid, found.st_mode & 0o777), (self.poplar.mail_uid, 0o600))
        self.poplar.start()
        with self.poplar.login(password="x") as c:
            self.assertEqual(c.ask("STAT").split()[1], "1")

    def test_one_maildir(self):
        self.check(0, "--maildir", str(self.poplar.maildir("bob")), "-f", "s@t")
        self.check_mail(bob=[b"Return-Path: <s@t>\n" + MESSAGE])
        self.check(75, "--maildir", str(self.poplar.maildir("nobody")))
        self.check(75, "--maildir", str(self.poplar.dir), says="not below mail-root")
        self.check(75, "--maildir", str(self.poplar.maildir("bob")), "alice", says="usage")
        self.check(75, "--maildir", "relative", says="usage")

    def test_a_refusal_that_lasts(self):
        self.check(67, "--direct", "nobody@x", says="nobody@x: 550 5.1.1 no such user")
        self.check(67, "--direct", "a\nb", says="a\\x0ab: 550 5.1.1")
        self.check(69, "--direct", "closed", says="550 5.2.1")
        self.check(69, "--direct", "alice", says="552 5.3.4", message=b"x" * 66000)
        self.check(67, "--direct", "alice", "nobody", says="alice: not delivered: another recipient was refused")
        self.check(65, "--direct", "alice", message=b"", says="empty")
        self.check_mail()

    def test_a_full_maildrop(self):
        self.check(0, "--direct", "-f", "s@t", "full", message=b"a: b\n\n" + b"x" * 500)
        large = b"a: b\n\n" + b"y" * 600
        self.check(75, "--direct", "full", "alice", says="full: 452 4.2.2", message=large)
        self.change(quota_full='"bounce"')
        self.check(69, "--direct", "full", says="full: 552 5.2.2", message=large)
        self.change(quota='"1k"')
        self.check(69, "--maildir", str(self.poplar.maildir("bob")), says="552 5.2.2", message=large * 2)
        self.assertEqual(len(self.mail("full")), 1)
        self.assertEqual(self.mail("alice") + self.mail("bob"), [])

    def test_what_can_be_mended_is_75(self):
        self.check(75, "--direct", "--socket", "/x", "alice", says="usage")
        self.check(75, "--direct", says="usage")
        new = self.poplar.maildir() / "new"
        new.rmdir()
        new.write_text("")
        self.check(75, "--direct", "alice", says="451 4.3.0")
        self.poplar.config.write_text("nonsense = 1\n")
        self.check(75, "--direct", "alice")

    def test_users_that_only_the_server_knows(self):
        self.poplar.sections = 'database a {{\n driver = "sqlite"\n path = "{dir}/none"\n query = "SELECT 1"\n}}\n'
        self.poplar.write_config()
        self.check(75, "--direct", "alice")
        (self.poplar.dir / "auth" / "users").unlink()
        self.poplar.sections = ""
        self.poplar.write_config()
        self.check(75, "--direct", "alice", says="451 4.3.0")


if __name__ == "__main__":
    main()
