"""Mail comes in by LMTP: 250 only for what is stored, one reply for each recipient, whatever dies."""

import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import tempfile
import unittest

from authority import Authority
from databases import Server, Sqlite
from harness import IS_ROOT, PATIENCE, Client, Poplar, free_port, hold, main, on_wire, tls_context, wait_until

BODY = b"Subject: x\r\n\r\nbody\r\n..stuffed\r\n"
STORED = b"Subject: x\n\nbody\n.stuffed\n"


class Lmtp(Client):
    """A client of LMTP, on a Unix socket or a port."""

    def __init__(self, at, hello="client.example"):
        self.buffer = bytearray()
        if isinstance(at, int):
            self.sock = socket.create_connection(("127.0.0.1", at), PATIENCE)
        else:
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(PATIENCE)
            self.sock.connect(os.fspath(at))
        self.greeting = self.reply()
        if hello:
            self.keywords = self.ask_all(f"LHLO {hello}")

    def reply(self):
        """The lines of one reply, as texts."""
        lines = [self.line().decode()]
        while lines[-1][3:4] == "-":
            lines.append(self.line().decode())
        return lines

    def ask_all(self, command):
        self.send(command + "\r\n")
        return self.reply()

    def code(self, command):
        """The reply code and the enhanced code."""
        return " ".join(self.ask_all(command)[-1].split()[:2])

    def envelope(self, *recipients, sender="s@sender.example"):
        assert self.code(f"MAIL FROM:<{sender}>") == "250 2.1.0"
        return [self.code(f"RCPT TO:<{r}>") for r in recipients]

    def content(self, octets, count=1):
        """Send a message by DATA; the reply code and enhanced code for each of `count` recipients."""
        assert self.ask_all("DATA")[0].startswith("354 ")
        self.send(octets + b".\r\n")
        return self.codes(count)

    def codes(self, count):
        return [" ".join(self.reply()[-1].split()[:2]) for _ in range(count)]


class WithLmtp(Poplar):
    """A server that takes mail on the Unix socket `lmtp` of its folder, and on a port."""

    def prepare(self):
        self.lmtp_port = free_port()
        self.socket = self.dir / "run" / "lmtp"
        self.extra = {"listen-lmtp": f'{{"{self.socket}", "127.0.0.1:{self.lmtp_port}"}}', **self.extra}

    def lmtp(self, **kwargs):
        return Lmtp(self.socket, **kwargs)

    def messages(self, user="alice"):
        """What is in the maildrop, without the fields that the server has put in front."""
        out = []
        for name in self.names(user):
            octets = (self.maildir(user) / name).read_bytes()
            head = re.match(rb"Return-Path: [^\n]*\nReceived: [^\n]*\n([ \t][^\n]*\n)*", octets)
            assert head, octets[:300]
            out.append(octets[head.end():])
        return out


class Deliveries(unittest.TestCase):
    def start(self, **kwargs):
        p = WithLmtp(**kwargs)
        p.__enter__()
        self.addCleanup(p.__exit__)
        return p

    def test_one_message(self):
        p = self.start()
        for at in (p.socket, p.lmtp_port):
            c = Lmtp(at)
            self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
            self.assertEqual(c.content(BODY), ["250 2.1.5"])
            self.assertEqual(c.code("QUIT"), "221 2.0.0")
        self.assertEqual(p.messages(), [STORED, STORED])
        line = p.log.wait("event=delivered id=", count=2)
        self.assertIn(" user=alice recipient=alice ", line)
        d = p.login()
        text = d.multi("RETR 1")
        self.assertTrue(text.startswith(b"Return-Path: <s@sender.example>\r\nReceived: from client.example"), text)
        self.assertTrue(text.endswith(b"\r\n" + BODY + b".\r\n"), text)
        d.quit()

    def test_names_have_sizes(self):
        p = self.start()
        c = p.lmtp()
        c.envelope("alice")
        c.content(BODY)
        name = p.names()[0]
        octets = (p.maildir() / name).read_bytes()
        self.assertRegex(name, rf"^new/[^,]+,S={len(octets)},W={len(on_wire(octets))}$")

    def test_several_recipients_and_refusals(self):
        p = self.start()
        c = p.lmtp()
        self.assertEqual(c.envelope("alice", "nobody", "bob", "alice+list"),
                         ["250 2.1.5", "550 5.1.1", "250 2.1.5", "250 2.1.5"])
        self.assertEqual(c.content(BODY, 3), ["250 2.1.5"] * 3)
        self.assertEqual(p.messages(), [STORED])
        self.assertEqual(p.messages("bob"), [STORED])
        self.assertEqual(c.code("NOOP"), "250 2.0.0")

    def test_a_pipeline_with_quit_behind_the_dot(self):
        p = self.start()
        c = p.lmtp()
        c.send(b"MAIL FROM:<>\r\nRCPT TO:<alice>\r\nRCPT TO:<bob>\r\nDATA\r\n")
        self.assertEqual(c.codes(3), ["250 2.1.0", "250 2.1.5", "250 2.1.5"])
        self.assertTrue(c.reply()[0].startswith("354 "))
        c.send(BODY + b".\r\nQUIT\r\n")
        self.assertEqual(c.codes(3), ["250 2.1.5", "250 2.1.5", "221 2.0.0"])
        self.assertEqual(c.rest(), b"")
        self.assertEqual(p.messages("bob"), [STORED])

    def test_chunks_in_the_pipeline(self):
        p = self.start()
        c = p.lmtp()
        whole = BODY.replace(b"..", b".")
        c.send(b"MAIL FROM:<s@x.org>\r\nRCPT TO:<alice>\r\nBDAT 12\r\n" + whole[:12] +
               b"BDAT %d LAST\r\n" % (len(whole) - 12) + whole[12:])
        self.assertEqual(c.codes(4), ["250 2.1.0", "250 2.1.5", "250 2.0.0", "250 2.1.5"])
        self.assertEqual(p.messages(), [STORED])

    def test_a_large_message_goes_through_a_spool_file(self):
        p = self.start()
        c = p.lmtp()
        big = b"Subject: big\r\n\r\n" + b"".join(b"%07d %s\r\n" % (i, b"x" * 90) for i in range(30000))
        self.assertEqual(c.envelope("alice", "bob"), ["250 2.1.5"] * 2)
        self.assertEqual(c.content(big, 2), ["250 2.1.5"] * 2)
        for user in ("alice", "bob"):
            self.assertEqual(p.messages(user), [big.replace(b"\r\n", b"\n")])
            self.assertEqual(os.listdir(p.maildir(user) / "tmp"), [])

    def test_a_message_that_is_too_large(self):
        p = self.start(settings={"max-message-size": '"64k"'})
        c = p.lmtp()
        c.envelope("alice")
        self.assertEqual(c.content(b"x\r\n" * 30000), ["552 5.3.4"])
        self.assertRegex(p.log.wait("event=message-refused"),
                         r" id=\S+ peer=unix sender=s@sender.example recipients=1 fault=too-large ")
        self.assertEqual(c.code("MAIL FROM:<a@b.c> SIZE=66561"), "552 5.3.4")
        self.assertEqual(p.names(), [])

    def test_a_client_that_leaves_within_its_message(self):
        p = self.start()
        c = p.lmtp()
        c.envelope("alice")
        self.assertTrue(c.ask_all("DATA")[0].startswith("354 "))
        c.send(BODY)
        c.close()
        p.log.wait("event=lmtp-session .* end=hangup")
        self.assertEqual(p.names(), [])

    def test_an_end_without_quit(self):
        p = self.start()
        c = p.lmtp()
        c.envelope("alice")
        self.assertTrue(c.ask_all("DATA")[0].startswith("354 "))
        c.send(BODY + b".\r\n")
        c.sock.shutdown(socket.SHUT_WR)
        self.assertEqual(c.codes(1), ["250 2.1.5"])
        self.assertEqual(c.rest(), b"")
        self.assertEqual(p.messages(), [STORED])

    def test_a_browser(self):
        """A web page can send commands in the body of a request to this machine."""
        p = self.start()
        c = Lmtp(p.lmtp_port, hello=None)
        c.send(b"POST / HTTP/1.1\r\n\r\nLHLO x\r\nMAIL FROM:<>\r\n")
        self.assertEqual(c.rest(), b"")
        p.log.wait("event=lmtp-session .* end=not-lmtp")

    @unittest.skipUnless(IS_ROOT, "needs a folder that poplar-drop may not read")
    def test_the_first_message_below_a_folder_that_cannot_be_read(self):
        class Closed(WithLmtp):
            def make_maildir(self, user):
                home = self.maildir(user).parent
                home.mkdir()
                self._give(home)
                os.chown(home.parent, 0, 0)
                home.parent.chmod(0o711)

        p = Closed()
        p.__enter__()
        self.addCleanup(p.__exit__)
        c = p.lmtp()
        c.envelope("alice")
        self.assertEqual(c.content(BODY), ["250 2.1.5"])
        self.assertEqual(p.messages(), [STORED])

    @unittest.skipUnless(IS_ROOT, "to mount takes root")
    def test_the_first_message_waits_for_a_disk_that_is_full(self):
        """No folder can be made: the file system has an inode for its root alone."""
        p = self.start()
        home = p.maildir().parent
        shutil.rmtree(p.maildir())
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "nr_inodes=1", "tmpfs", home], capture_output=True).returncode:
            self.skipTest("no tmpfs can be mounted here")
        self.addCleanup(subprocess.run, ["umount", "-l", home], check=True)
        p._give(home)
        c = p.lmtp()
        self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
        self.assertEqual(c.content(BODY), ["452 4.3.1"])
        p.log.wait("event=not-stored user=alice .*fault=full")

    @unittest.skipUnless(IS_ROOT, "needs root to be several users")
    def test_users_with_different_uids(self):
        owners = {"alice": 2001, "bob": 2002}
        p = self.start(users={name: f"{name}:{{PLAIN}}secret:{uid}:{uid}:::" for name, uid in owners.items()})
        for name, uid in owners.items():
            root = p.maildir(name)
            for path in (root.parent, root, *(root / d for d in ("new", "cur", "tmp"))):
                os.chown(path, uid, uid)
        c = p.lmtp()
        big = b"x" * 70 + b"\r\n"
        self.assertEqual(c.envelope("alice", "bob"), ["250 2.1.5"] * 2)
        self.assertEqual(c.content(big * 4000, 2), ["250 2.1.5"] * 2)
        for name, uid in owners.items():
            message, = p.names(name)
            stat = os.stat(p.maildir(name) / message)
            self.assertEqual((stat.st_uid, stat.st_mode & 0o777, stat.st_nlink), (uid, 0o600, 1))
        self.assertEqual(p.run("audit").returncode, 0)


class Certificates(unittest.TestCase):
    """Clients of LMTP over TLS. Names in lmtp-tls-names have poplar-lmtp ask for a certificate, also
    where POP3 clients are not asked; one that is given must be good."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        ca = Authority(folder.name + "/ca")
        cls.ca = ca.cert
        cls.mta = ca.issue("mta", "/CN=mta.example")
        cls.stranger = Authority(folder.name + "/stranger").issue("mta", "/CN=mta.example")

    def begin_tls(self, p, pair):
        """A client that has begun TLS with this certificate."""
        context = tls_context()
        context.maximum_version = ssl.TLSVersion.TLSv1_2  # its handshake ends with the server's verdict
        if pair:
            context.load_cert_chain(*pair)
        c = Lmtp(p.lmtp_port)
        self.assertIn("250-STARTTLS", c.keywords)
        self.assertEqual(c.code("STARTTLS"), "220 2.0.0")
        c.start_tls(context)
        return c

    def test_a_client_of_another_protocol_gets_no_tls(self):
        with WithLmtp() as p:
            for offered, chosen in (([], None), (["smtp", "lmtp"], "lmtp")):
                context = tls_context()
                if offered:
                    context.set_alpn_protocols(offered)
                c = Lmtp(p.lmtp_port)
                self.assertEqual(c.code("STARTTLS"), "220 2.0.0")
                c.start_tls(context)
                self.assertEqual(c.sock.selected_alpn_protocol(), chosen)
                c.close()
            for offered in (["pop3"], ["http/1.1"]):
                context = tls_context()
                context.set_alpn_protocols(offered)
                c = Lmtp(p.lmtp_port)
                self.assertEqual(c.code("STARTTLS"), "220 2.0.0")
                with self.assertRaisesRegex(ssl.SSLError, "no application protocol"):
                    c.start_tls(context)
                c.close()

    def test_certificates_of_clients(self):
        with WithLmtp(settings={"lmtp-tls-names": '{"mta.example"}', "tls-client-ca": f'"{self.ca}"'}) as p:
            for pair in (None, self.mta):
                c = self.begin_tls(p, pair)
                keywords = c.ask_all("LHLO client.example")
                self.assertFalse([line for line in keywords if "STARTTLS" in line])
                self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
                self.assertEqual(c.content(BODY), ["250 2.1.5"])
                c.close()
            self.assertEqual(p.messages(), [STORED, STORED])
            with self.assertRaises((ssl.SSLError, OSError)):
                self.begin_tls(p, self.stranger)
            p.log.wait("event=tls-failed peer=127.0.0.1")
            p.login(tls=True).quit()


class SlowDatabases(unittest.TestCase):
    def test_no_recipient_is_refused_because_others_wait(self):
        class Slow(Server):
            lmtp = WithLmtp.lmtp

            def prepare(self):
                WithLmtp.prepare(self)
                super().prepare()

        database = Sqlite()
        with Slow(database) as p:
            clients = [p.lmtp() for _ in range(12)]
            for c in clients:
                self.assertEqual(c.code("MAIL FROM:<>"), "250 2.1.0")
            with sqlite3.connect(database.path, isolation_level=None) as db:
                db.execute("BEGIN EXCLUSIVE")
                for c in clients:
                    c.send(b"RCPT TO:<right>\r\nRCPT TO:<nobody>\r\n")
                self.assertEqual(p.lmtp().code("NOOP"), "250 2.0.0")  # poplar-lmtp has read all before it
                db.execute("COMMIT")
            self.assertEqual([c.codes(2) for c in clients], [["250 2.1.5", "550 5.1.1"]] * 12)


class Deaths(unittest.TestCase):
    def start(self, **kwargs):
        p = WithLmtp(**kwargs)
        p.__enter__()
        p.deaths_ok = True
        self.addCleanup(p.__exit__)
        return p

    def kill(self, p, role):
        pid, = p.pids()[role]
        os.kill(pid, signal.SIGKILL)
        p.log.wait(rf"event=child-died role={role} pid={pid} ")

    def check_works(self, c):
        wait_until(lambda: c.code("RSET") == "250 2.0.0" and c.envelope("alice") == ["250 2.1.5"])
        self.assertEqual(c.content(BODY), ["250 2.1.5"])

    def test_a_maildrop_process_before_the_message(self):
        p = self.start()
        c = p.lmtp()
        self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
        self.kill(p, "poplar-drop")
        self.assertEqual(c.content(BODY), ["451 4.3.0"])
        self.assertEqual(p.names(), [])
        self.check_works(c)

    def test_a_maildrop_process_that_has_the_message(self):
        """Stopped before it can act, then killed: 451, and nothing is there."""
        p = self.start()
        c = p.lmtp()
        self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
        self.assertTrue(c.ask_all("DATA")[0].startswith("354 "))
        hold(p.pids()["poplar-drop"][0])
        c.send(BODY + b".\r\n")
        p.log.wait("event=message id=")
        self.kill(p, "poplar-drop")
        self.assertEqual(c.codes(1), ["451 4.3.0"])
        p.log.wait("event=delivery-failed .* fault=peer ")
        self.assertEqual(p.names(), [])
        self.check_works(c)

    def test_a_maildrop_process_at_any_time(self):
        """The message is there, whole, or it is not; with 250 it is there."""
        p = self.start()
        c = p.lmtp()
        sent = stored = 0
        for _ in range(4):
            wait_until(lambda: c.code("RSET") == "250 2.0.0" and c.envelope("alice") == ["250 2.1.5"])
            self.assertTrue(c.ask_all("DATA")[0].startswith("354 "))
            c.send(BODY + b".\r\n")
            self.kill(p, "poplar-drop")
            sent += 1
            code, = c.codes(1)
            self.assertIn(code, ("250 2.1.5", "451 4.3.0"))
            stored += code.startswith("250")
            self.assertIn(len(p.names()), range(stored, sent + 1))
        self.assertEqual(set(p.messages()) - {STORED}, set())

    def test_poplar_auth(self):
        p = self.start()
        c = p.lmtp()
        self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
        self.kill(p, "poplar-auth")
        self.assertEqual(c.content(BODY), ["250 2.1.5"])
        self.assertIn(c.envelope("alice")[0], ("250 2.1.5", "451 4.3.0"))
        self.check_works(c)

    def test_poplar_lmtp(self):
        p = self.start()
        c = p.lmtp()
        self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
        self.kill(p, "poplar-lmtp")
        self.assertEqual(c.rest(), b"")
        self.check_works(p.lmtp())
        self.assertEqual(p.messages(), [STORED])


class Ends(unittest.TestCase):
    def start(self, **kwargs):
        p = WithLmtp(**kwargs)
        p.__enter__()
        self.addCleanup(p.__exit__)
        return p

    def test_a_reload_within_a_message(self):
        p = self.start()
        c = p.lmtp()
        self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
        self.assertTrue(c.ask_all("DATA")[0].startswith("354 "))
        c.send(BODY)
        p.reload()
        d = p.lmtp()
        self.assertEqual(d.envelope("bob"), ["250 2.1.5"])
        self.assertEqual(d.content(BODY), ["250 2.1.5"])
        c.send(b".\r\n")
        self.assertEqual(c.codes(1), ["250 2.1.5"])
        self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
        self.assertEqual(c.content(BODY), ["250 2.1.5"])
        self.assertEqual(c.code("QUIT"), "221 2.0.0")
        d.code("QUIT")
        self.assertEqual(p.messages(), [STORED, STORED])

    def test_sigterm_finishes_what_has_come_whole(self):
        p = self.start(settings={"grace": "600s"})
        whole, half, idle = p.lmtp(), p.lmtp(), p.lmtp()
        for c in (whole, half):
            self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
            self.assertTrue(c.ask_all("DATA")[0].startswith("354 "))
        drop, = p.pids()["poplar-drop"]
        hold(drop)
        whole.send(BODY + b".\r\n")
        half.send(BODY)
        p.log.wait("event=message id=")
        p.process.terminate()
        for c in (half, idle):
            self.assertEqual(c.codes(1), ["421 4.3.2"])
        os.kill(drop, signal.SIGCONT)
        self.assertEqual(whole.codes(2), ["250 2.1.5", "421 4.3.2"])
        for c in (whole, half, idle):
            c.close()
        p.process.wait(PATIENCE)
        self.assertEqual(p.messages(), [STORED])


if __name__ == "__main__":
    main()
