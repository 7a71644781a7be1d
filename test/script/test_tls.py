"""STLS and TLS from the first octet (RFC 2595, RFC 8314), and what attackers make of them."""

import socket
import ssl
import subprocess
import unittest
import warnings

from harness import Client, Poplar, ServerCase, main, tls_context


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

    def test_stls_voids_what_was_said(self):
        """PEERS S2."""
        c = self.p.connect()
        c.ok("USER alice")
        c.ok("STLS")
        c.start_tls()
        c.err("PASS secret")
        c.login("alice", "secret")
        c.close()

    def test_stls_after_login(self):
        c = self.p.login()
        c.err("STLS")
        c.quit()

    def test_what_comes_in_the_clear_behind_stls_drops_the_connection(self):
        """PEERS S1: at every split, in one segment or two; nothing of it is answered."""
        for injected in (b"CAPA\r\n", b"USER ev", b"\r\n", b"Q"):
            text = b"STLS\r\n" + injected
            for cut in range(1, len(text) + 1):
                with self.p.connect() as c:
                    c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    c.send(text[:cut])
                    if cut >= 6:
                        said = b"" if cut > 6 else c.line()
                    c.send(text[cut:])
                    rest = (said if cut >= 6 else b"") + c.rest()
                    rest = rest.removesuffix(b"\r\n")
                    self.assertIn(rest, (b"", b"+OK begin TLS negotiation"))

    def test_injected_text_is_never_part_of_the_tls_session(self):
        """PEERS S1: if the handshake could be made all the same, the text would show."""
        c = self.p.connect()
        c.send(b"STLS\r\nUSER evil\r\n")
        with self.assertRaises((OSError, EOFError)):
            c.line()
            c.start_tls()
            c.ok("PASS secret")
        c.close()

    def test_one_line_answers_stls(self):
        """PEERS S3: not an octet in the clear behind it."""
        c = self.p.connect()
        c.send(b"STLS\r\n")
        self.assertTrue(c.line().startswith(b"+OK"))
        self.assertEqual(c.buffer, b"")
        c.start_tls()
        c.capa()
        c.close()

    def test_clear_text_on_the_tls_port(self):
        with Client(self.p.tls_port, greet=False) as c:
            c.send(b"USER alice\r\nPASS secret\r\n")
            self.assertEqual(c.rest(), b"")
        self.p.log.wait("event=disconnect .*peer=127.0.0.1:.*end=not-tls")

    def test_alpn(self):
        """PEERS S4: pop3 or nothing; anything else is a fatal alert."""
        context = tls_context()
        context.set_alpn_protocols(["pop3"])
        c = Client(self.p.tls_port, tls=True, context=context)
        self.assertEqual(c.sock.selected_alpn_protocol(), "pop3")
        c.close()
        context.set_alpn_protocols(["http/1.1", "pop3"])
        c = Client(self.p.tls_port, tls=True, context=context)
        self.assertEqual(c.sock.selected_alpn_protocol(), "pop3")
        c.close()
        context.set_alpn_protocols(["http/1.1", "h2", "imap"])
        with self.assertRaisesRegex(ssl.SSLError, "no application protocol"):
            Client(self.p.tls_port, tls=True, context=context)
        c = Client(self.p.tls_port, tls=True)
        self.assertIsNone(c.sock.selected_alpn_protocol())
        c.close()

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

    def test_a_client_that_vanishes_in_the_handshake(self):
        """PEERS S13: at every octet of its first flight."""
        bio = ssl.MemoryBIO()
        tls = tls_context().wrap_bio(ssl.MemoryBIO(), bio, server_hostname="localhost")
        with self.assertRaises(ssl.SSLWantReadError):
            tls.do_handshake()
        hello = bio.read()
        for cut in range(0, len(hello) + 1, 11):
            sock = socket.create_connection(("127.0.0.1", self.p.tls_port))
            sock.sendall(hello[:cut])
            sock.close()
        Client(self.p.tls_port, tls=True).close()

    def test_half_open_handshakes_do_not_hold_up_a_login(self):
        """PEERS S13."""
        socks = [socket.create_connection(("127.0.0.1", self.p.tls_port)) for _ in range(1000)]
        self.p.login(tls=True).quit()
        self.p.login().quit()
        for sock in socks:
            sock.close()

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

    def test_only_tls(self):
        """The preset for those who want no STLS at all: one port, TLS from the first octet."""
        with Poplar(settings={"listen": "{}"}) as p:
            with self.assertRaises(ConnectionRefusedError):
                p.connect()
            p.login(tls=True).quit()

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
