"""STLS and TLS from the first octet (RFC 2595, RFC 8314), and what attackers make of them."""

import socket
import ssl
import subprocess
import unittest
import warnings

from harness import BUILD, Client, Poplar, ServerCase, main, tls_context


class Tls(ServerCase):
    kwargs = {"settings": {"max-connections-per-address": "0"}}

    def test_tls_from_the_first_octet(self):
        self.p.put("1.x", b"x\n")
        c = Client(self.p.tls_port, tls=True)
        self.assertEqual(c.greeting, b"+OK Poplar ready")
        self.assertNotIn("STLS", c.capa())
        self.assertIn("USER", c.capa())
        c.err("STLS")
        c.login("alice", "secret")
        self.assertEqual(c.multi("RETR 1"), b"x\r\n.\r\n")
        c.quit()

    def test_stls(self):
        c = self.p.connect()
        self.assertIn("STLS", c.capa())
        c.ok("STLS")
        c.start_tls()
        self.assertNotIn("STLS", c.capa())
        c.err("STLS")
        c.login("alice", "secret")
        c.quit()

    def chatter(self, count):
        out = subprocess.run([BUILD.parent / "test" / "tls_chatter", str(self.p.tls_port), str(count)],
                             capture_output=True, timeout=60)
        self.assertEqual(out.returncode, 0, out.stderr)
        return out.stdout

    def test_records_that_say_nothing(self):
        """A few are nobody's business; a flood of them ends its connection, and the neighbours go on."""
        said = self.chatter(5)
        self.assertIn(b"+OK capability list follows", said)
        self.assertTrue(said.endswith(b"+OK signing off\r\n"), said)
        neighbours = [self.p.login("alice"), Client(self.p.tls_port, tls=True)]
        at = self.p.log.mark()
        self.assertNotIn(b"capability", self.chatter(100))
        self.p.log.wait("event=disconnect .*end=tls-flood", start=at)
        neighbours[0].ok("NOOP")
        neighbours[1].login("bob", "hunter2")
        for c in neighbours:
            c.quit()

    def test_stls_after_login(self):
        c = self.p.login()
        c.err("STLS")
        c.quit()

    def test_clear_text_on_the_tls_port(self):
        with Client(self.p.tls_port, greet=False) as c:
            c.send(b"USER alice\r\nPASS secret\r\n")
            self.assertEqual(c.rest(), b"")
        self.p.log.wait("event=disconnect .*peer=127.0.0.1:.*end=not-tls")

    def test_versions(self):
        for version, good in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True),
                              (ssl.TLSVersion.TLSv1_3, True)):
            context = tls_context()
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings(action="ignore"):
                context.maximum_version = version
                context.minimum_version = version
            with self.subTest(version=version):
                if not good:
                    with self.assertRaises((ssl.SSLError, OSError)):
                        Client(self.p.tls_port, tls=True, context=context)
                    continue
                c = Client(self.p.tls_port, tls=True, context=context)
                c.login("alice", "secret")
                c.quit()

    def test_tickets_resume_at_every_front(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = tls_context()
            context.minimum_version = context.maximum_version = version
            c = Client(self.p.tls_port, tls=True, context=context)
            c.login("alice", "secret")
            session = c.sock.session
            c.quit()
            self.assertTrue(session.has_ticket)
            for _ in range(10):
                sock = socket.create_connection(("127.0.0.1", self.p.tls_port))
                tls = context.wrap_socket(sock, server_hostname="localhost", session=session)
                self.assertTrue(tls.recv(100).startswith(b"+OK"))
                self.assertTrue(tls.session_reused)
                session = tls.session
                tls.close()

    def test_records_cut_at_any_octet(self):
        """The server takes TLS however TCP cuts it."""
        ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = tls_context().wrap_bio(ours, theirs, server_hostname="localhost")
        sock = socket.create_connection(("127.0.0.1", self.p.tls_port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

        def until(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    for octet in theirs.read():
                        sock.sendall(bytes([octet]))
                    got = sock.recv(65536)
                    self.assertTrue(got)
                    ours.write(got)

        until(tls.do_handshake)
        said = until(lambda: tls.read(1000))
        self.assertTrue(said.startswith(b"+OK"))
        tls.write(b"USER alice\r\nPASS secret\r\nQUIT\r\n")
        said = b""
        while said.count(b"\n") < 3:
            said += until(lambda: tls.read(1000))
        self.assertEqual(said.count(b"+OK"), 3)
        sock.close()

    def test_pipelining_and_large_messages(self):
        self.p.put("1.x", b"y" * 3_000_000 + b"\n")
        c = self.p.login(tls=True)
        c.send(b"RETR 1\r\nNOOP\r\nRETR 1\r\nSTAT\r\n")
        for reply in (b"+OK nothing done", b"+OK 1 3000002"):
            self.assertEqual(c.line(), b"+OK 3000002 octets")
            self.assertEqual(len(c.lines()), 3_000_005)
            self.assertEqual(c.line(), reply)
        c.quit()

    def test_curl_sees_a_chain_it_can_trust(self):
        self.p.put("1.x", b"trusted\n")
        for url in (f"pop3s://localhost:{self.p.tls_port}/1", f"pop3://localhost:{self.p.port}/1"):
            out = subprocess.run(
                ["curl", "-sS", "--ssl-reqd", "--cacert", self.p.dir / "tls" / "cert.pem",
                 "--user", "alice:secret", url], capture_output=True)
            self.assertEqual((out.returncode, out.stdout, out.stderr), (0, b"trusted\r\n", b""))


class CloseNotify(unittest.TestCase):
    """RFC 8446 section 6.1: the end of what we say is told, so that nobody can feign it."""

    def connect(self, p, version):
        context = tls_context()
        context.minimum_version = context.maximum_version = version
        context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF  # Python sets it by itself
        raw = socket.create_connection(("127.0.0.1", p.tls_port), 20)
        sock = context.wrap_socket(raw, suppress_ragged_eofs=False)
        self.addCleanup(sock.close)
        sock.recv(1000)
        return sock

    def check_told(self, p, begin):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with self.subTest(version=version.name):
                sock = self.connect(p, version)
                begin(sock)
                while sock.recv(65536):  # an end without close_notify raises SSLEOFError
                    pass
                sock.close()

    def test_when_the_server_ends_it(self):
        ends = {"quit": b"QUIT\r\n", "too-many-errors": b"X\r\n" * 20, "login-timeout": b""}
        for end, said in ends.items():
            with Poplar(settings={"login-timeout": "60s" if said else "1s"}) as p:
                self.check_told(p, lambda sock, said=said: sock.sendall(said))
                p.log.wait(f"event=disconnect .*end={end}", count=2)

    def test_when_the_client_ends_it(self):
        with Poplar() as p:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                self.connect(p, version).unwrap()  # sends close_notify, and wants one back

    def test_when_the_server_is_stopped(self):
        with Poplar() as p:
            socks = [self.connect(p, version)
                     for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)]
            p.stop()
            for sock in socks:
                self.assertEqual(sock.recv(1000), b"")


class Policy(unittest.TestCase):
    def test_no_credentials_in_the_clear(self):
        """Refused before anything is checked, and not announced."""
        with Poplar(settings={"plaintext-auth": "no"}) as p, p.connect() as c:
            self.assertNotIn("USER", c.capa())
            self.assertFalse(c.err("USER alice").startswith("-ERR ["))
            c.err("PASS secret")
            c.ok("STLS")
            c.start_tls()
            self.assertIn("USER", c.capa())
            c.login("alice", "secret")
            c.quit()

    def test_no_certificate_no_stls(self):
        with Poplar(tls=False) as p, p.connect() as c:
            self.assertNotIn("STLS", c.capa())
            c.err("STLS")
            c.login("alice", "secret")

    def test_only_tls13(self):
        with Poplar(settings={"tls-minimum": "1.3"}) as p:
            context = tls_context()
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            with self.assertRaises((ssl.SSLError, OSError)):
                Client(p.tls_port, tls=True, context=context)
            p.login(tls=True).quit()


if __name__ == "__main__":
    main()
