"""What went wrong in other servers must not go wrong here: their bugs, each as a test.

Login, TLS and what the processes say to each other:

S1   text behind STLS is taken for a part of the TLS session: CVE-2011-1926 (Cyrus), CVE-2021-38084
     (Courier), CVE-2021-33515 (Dovecot), CVE-2021-38542 and CVE-2022-28220 (James), CVE-2014-3556 (nginx)
S2   what was said in the clear still counts behind STLS (RFC 2595 section 4)
S3   octets in the clear behind the answer to STLS (the NO STARTTLS papers)
S4   another protocol's client is led here, or its words come back: ALPACA, CVE-2021-3618
S5   a long argument runs over a buffer: CVE-1999-0006 (qpopper), CVE-2006-2502 (Cyrus)
S6   a name is taken for a format: CVE-2000-0442 (qpopper), CVE-2004-0777 (Courier)
S7   a line is cut and has no end: CVE-2003-0143 (qpopper); also test/unit/test_base.c
S10  a TAB in a password starts a field between processes: CVE-2008-1218 (Dovecot); also
     test/unit/test_schemes.c
S11  a name is a part of a query, a path or a template: CVE-2003-0515 (teapop), CVE-2026-24031,
     CVE-2026-27860, CVE-2026-0394 and CVE-2017-2669 (Dovecot); also test/unit/test_auth.c, and every
     other database in test_databases.py
S12  a NUL in a line, and a write beyond its end: CVE-2019-11500 (Dovecot); also test/unit/test_command.c
S13  clients that finish nothing hold up the others: CVE-2014-3430, CVE-2015-3420, CVE-2017-15130 and
     CVE-2026-27857 (Dovecot)
S14  one malformed exchange ends everybody's: CVE-2016-8652, CVE-2019-10691, CVE-2025-59028,
     CVE-2017-15132, CVE-2020-12673, CVE-2020-12674 (Dovecot); also test/unit/test_sasl.c and
     test/fuzz/fuzz_sasl.c
S15  one user's fields serve another: CVE-2022-30550, CVE-2025-30189 (Dovecot, the latter by its cache);
     also test/unit/test_cache.c
S16  a certificate that names nobody lets in as whom the client says: CVE-2019-3814 (Dovecot); also
     test/unit/test_tls.c and test/unit/test_sasl.c
S18  a secret that is good once is good twice: CVE-2026-27855 (Dovecot)
S19  APOP shows its password to whoever chooses the timestamp: CVE-2007-1558; also
     test/unit/test_session_login.c
S20  a process that runs as the user holds what the user must not have: CVE-2013-6171 (Dovecot)
S24  passwords in logs (perdition, Stalwart, Dovecot), in /proc and in memory
S26  who has a mailbox is to be seen from words and times (Stalwart, Cyrus)
S27  anybody's PROXY header or XCLIENT is believed, or half believed (Dovecot)

Elsewhere: S8 (CVE-2000-0320, lines of an mbox) has nothing to happen to, as there is no mbox. S9 (paths
and links as root: CVE-2005-1151, CVE-2008-1199, CVE-2007-2173) is in test/store/test_store.c and
test/unit/test_auth.c. S17 (JWT: CVE-2021-29157) is in test_token.py and
test/unit/test_token.c, with what else a token may try. S21 (records of an index: CVE-2019-7524, CVE-2017-14461) is in test/unit/test_mail.c. S22
(bombs: CVE-2024-23184, CVE-2025-61600) is in test_load.py and test_maildir.py: no message is parsed. S23
(X-UIDL of the sender) has nothing to happen to, as no header is read. S25 (SMTP smuggling, by POP3) is in
test_maildir.py and test/unit/test_wire.c.
"""

import base64
import concurrent.futures
import contextlib
import hashlib
import hmac
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import tempfile
import time
import unittest

import kerberos
import youth
from authority import Authority
from databases import STRANGERS, Server, Sqlite, folder_of, hashed
from harness import (BUILD, IS_ROOT, PATIENCE, Client, Poplar, ServerCase, Work, is_read_by_its_peer, main, open_files,
                     tls_context, wait_until)
from proxyheader import LOCAL, OVER_TLS, run, v1, v2

DENIED = "-ERR [AUTH] invalid user name or password"
NOT_UTF8 = "-ERR [AUTH] user names and passwords are UTF-8"
ELSEWHERE = "127.0.0.2"  # an address of this machine that is not listed
FORMATS = "%n%s%x%1$n%p%999999d"
IS_SANITIZED = b"__asan_init" in (BUILD / "poplar-front").read_bytes()


def b64(octets):
    return base64.b64encode(octets).decode()


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def is_utf8(octets):
    try:
        return octets.decode() is not None
    except UnicodeDecodeError:
        return False


def latin(octets):
    """As Client writes them back."""
    return octets.decode("utf-8", "surrogateescape")


def timestamp(client):
    return re.search(rb"<.*>$", client.greeting)[0].decode()


def hello():
    """The first octets of a TLS client."""
    out = ssl.MemoryBIO()
    tls = tls_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return out.read()


def no_delay(client):
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def words_at_the_end(c, neighbour):
    """What came on a connection up to its end, which has to be there: of the only front, a neighbour has had answers
    enough since the last octets were sent."""
    for _ in range(5):
        neighbour.capa()
    c.sock.settimeout(0)
    try:
        return c.rest()
    except (BlockingIOError, ssl.SSLWantReadError):
        raise AssertionError(f"the connection goes on behind {bytes(c.buffer[:80])!r}") from None


def has_ended(c):
    """Nothing more is to come, as far as its socket waits."""
    try:
        return c.rest() == b""
    except (TimeoutError, BlockingIOError):
        return False


def challenge_of(reply):
    assert reply.startswith("+ "), reply
    return base64.b64decode(reply[2:]).decode()


def scram_final(password, first_bare, server_first, hash_name="sha256"):
    """The client's last word in SCRAM (RFC 5802 section 3)."""
    nonce, salt, rounds = (field[2:] for field in server_first.split(","))
    salted = hashlib.pbkdf2_hmac(hash_name, password.encode(), base64.b64decode(salt), int(rounds))
    key = hmac.digest(salted, b"Client Key", hash_name)
    bare = f"c=biws,r={nonce}"
    said = f"{first_bare},{server_first},{bare}".encode()
    signature = hmac.digest(hashlib.new(hash_name, key).digest(), said, hash_name)
    return f"{bare},p={b64(bytes(a ^ b for a, b in zip(key, signature)))}"


def digest_response(user, password, challenge, charset=",charset=utf-8"):
    """The client's word in DIGEST-MD5 (RFC 2831 section 2.1.2)."""
    nonce = re.search(r'nonce="([^"]*)"', challenge)[1]
    a1 = hashlib.md5(f"{user}::{password}".encode()).digest() + f":{nonce}:cnonce".encode()
    a2 = md5("AUTHENTICATE:pop/localhost")
    response = md5(f"{hashlib.md5(a1).hexdigest()}:{nonce}:00000001:cnonce:auth:{a2}")
    return (f'username="{user}",nonce="{nonce}",cnonce="cnonce",nc=00000001,qop=auth,'
            f'digest-uri="pop/localhost",response={response}{charset}')


class Stls(ServerCase):
    kwargs = {"settings": {"max-connections-per-address": "0", "failure-delay": "0",
                           "max-login-failures": "3", "fronts": "1"}}

    def setUp(self):
        super().setUp()
        self.neighbour = self.enterContext(self.p.connect())

    def check_dropped(self, text, cut, pause):
        """... and nothing behind STLS answered, neither in the clear nor by TLS."""
        with self.p.connect() as c:
            no_delay(c)
            with contextlib.suppress(OSError):  # when it is dropped already
                c.send(text[:cut])
                if pause:
                    wait_until(lambda: is_read_by_its_peer(c.sock))
                c.send(text[cut:])
                if pause:
                    wait_until(lambda: is_read_by_its_peer(c.sock))
                c.send(hello())
            self.assertIn(words_at_the_end(c, self.neighbour), (b"", b"+OK begin TLS negotiation\r\n"),
                          (text, cut, pause))

    def test_s01_text_behind_stls(self):
        for injected in (b"CAPA\r\n", b"USER ev", b"\r\n", b"Q", b"\0", b"STLS\r\n", b"USER evil\r\nPASS x\r\n"):
            text = b"STLS\r\n" + injected
            for cut in range(1, len(text) + 1):
                for pause in (False, True):
                    self.check_dropped(text, cut, pause)
        self.p.log.wait("event=disconnect ")
        self.p.login("alice", "secret", tls=True).quit()

    def test_s02_nothing_is_known_behind_stls(self):
        for said in (["USER alice"], ["AUTH LOGIN", b64(b"alice"), "*", "USER alice"]):
            with self.p.connect() as c:
                for line in said:
                    c.ask(line)
                c.ok("STLS")
                c.start_tls()
                c.err("PASS secret")
                c.err("STLS")
                c.login("alice", "secret")
        with self.p.connect() as c:  # nor is STLS a response, or behind an exchange forgotten
            c.ok("USER alice")
            c.ask("AUTH LOGIN")
            self.assertEqual(c.ask("STLS"), "+ " + b64(b"Password:"))  # a name in base64
            c.ask("*")
            c.err("PASS secret")

    def test_s02_what_a_guesser_did_is_known_behind_stls(self):
        with self.p.connect() as c:
            for _ in range(2):
                c.ok("USER alice")
                self.assertEqual(c.ask("PASS wrong"), DENIED)
            c.ok("STLS")
            c.start_tls()
            c.ok("USER alice")
            c.ask("PASS wrong")
            self.assertEqual(words_at_the_end(c, self.neighbour), b"")
        self.p.log.wait("event=disconnect .*end=too-many-failures")

    def test_s03_one_line_answers_stls(self):
        with self.p.connect() as c:
            c.send(b"STLS\r\n")
            self.assertEqual(c.need(27), b"+OK begin TLS negotiation\r\n")
            c.send(hello())
            self.assertEqual(c.need(29)[27:], b"\x16\x03")  # TLS is what comes next

    def test_s03_nor_need_there_be_stls(self):
        with Poplar(settings={"listen": "{}"}) as p:
            with self.assertRaises(ConnectionRefusedError):
                p.connect()
            with p.login(tls=True) as c:
                self.assertNotIn("STLS", c.capa())
                c.err("STLS")


class OtherProtocols(ServerCase):
    def test_s04_alpn(self):
        """pop3 or nothing (RFC 7301 section 3.2); anything else is a fatal alert."""
        for offered, chosen in ((["pop3"], "pop3"), (["http/1.1", "pop3"], "pop3"), ([], None)):
            context = tls_context()
            if offered:
                context.set_alpn_protocols(offered)
            with Client(self.p.tls_port, tls=True, context=context) as c:
                self.assertEqual(c.sock.selected_alpn_protocol(), chosen)
        for offered in (["http/1.1", "h2", "imap"], ["POP3"], ["pop"], ["pop3s"]):
            context = tls_context()
            context.set_alpn_protocols(offered)
            with self.assertRaisesRegex(ssl.SSLError, "no application protocol"):
                Client(self.p.tls_port, tls=True, context=context)
            with self.p.connect() as c:
                c.ok("STLS")
                with self.assertRaisesRegex(ssl.SSLError, "no application protocol"):
                    c.start_tls(context)

    def connect_to_name(self, port, name):
        with Client(port, greet=False) as c:
            return tls_context().wrap_socket(c.sock, server_hostname=name)

    def test_s04_unknown_names_can_be_refused(self):
        """Fatal unrecognized_name (RFC 6066 section 3); without a name there is the default still."""
        with Poplar(settings={"tls-unknown-name": "refuse"}) as p:
            for name in ("localhost", None):
                self.connect_to_name(p.tls_port, name).close()
                self.connect_to_name(self.p.tls_port, name).close()
            for name in ("other.example.org", "localhost.example.org"):
                with self.assertRaisesRegex(ssl.SSLError, "unrecognized.name"):
                    self.connect_to_name(p.tls_port, name)
                with p.connect() as c:
                    c.ok("STLS")
                    with self.assertRaisesRegex(ssl.SSLError, "unrecognized.name"):
                        tls_context().wrap_socket(c.sock, server_hostname=name)
                self.connect_to_name(self.p.tls_port, name).close()  # the default is not to refuse

    def test_s04_other_protocols_are_closed_without_a_word(self):
        for first in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /%s HTTP/1.0\r\n" % (b"x" * 500),
                      b"EHLO mail.example\r\n", b"HELO x\r\n", b"MAIL FROM:<a@b>\r\n", hello(), b"\x16"):
            with self.p.connect() as c:
                c.send(first)
                self.assertEqual(c.rest(), b"", first)
        for first in (b"GET / HTTP/1.1\r\n\r\n", b"USER alice\r\nPASS secret\r\n", b"EHLO x\r\n"):
            with Client(self.p.tls_port, greet=False) as c:
                c.send(first)
                self.assertEqual(c.rest(), b"", first)
            self.p.log.wait("event=disconnect .*end=not-tls")

    def test_s04_nothing_comes_back(self):
        lines = ("<script>", "XYZZY <b>", "RETR <i>", "TOP <1> <1>", "GET /<x> HTTP/1.1", "DELE <", "CAPA <")
        with self.p.connect() as c:
            for line in ("AUTH <x>", "APOP <x> <y>", "AUTH PLAIN <x>", "USER") + lines:
                self.assertNotIn("<", c.err(line))
                c.capa()
            self.assertNotIn("<", c.ask("USER <b>"))
            self.assertNotIn("<", c.ask("PASS <b>"))
        c = self.p.login()
        for line in ("USER <a>", "PASS <a>") + lines:
            self.assertNotIn("<", c.err(line))
        c.quit()


EVERY = '{"USER", "PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "DIGEST-MD5", "APOP"}'


class Octets(ServerCase):
    """What stands in names and passwords."""

    kwargs = {"users": {"alice": "secret", "bob": "hunter2", FORMATS: "%n%s"},
              "settings": {"mechanisms": EVERY, "failure-delay": "0", "max-login-failures": "1000",
                           "max-errors": "1000", "max-connections-per-address": "0"}}

    SIZES = sorted({n + i for n in (1, 32, 64, 128, 200, 248, 256, 300, 512, 1024, 4096, 8192, 9216, 12288, 65536)
                    for i in (-1, 0, 1)} | {1 << 20})

    def check_sizes(self, p):
        c = p.connect()
        for size in self.SIZES:
            for fill in (b"a", b"\xff", "\u00df".encode()):
                argument = (fill * size)[:size]
                self.assertEqual(c.ask(b"APOP %b %b" % (argument, b"0" * 32))[:4], "-ERR")
                said = c.ask(b"USER " + argument)
                self.assertEqual(said[:3] == "+OK", 0 < size <= 248 and is_utf8(argument), (size, said))
                if said.startswith("+OK"):
                    self.assertEqual(c.ask(b"PASS x"), DENIED)
                c.ok("USER alice")
                said = c.ask(b"PASS " + argument)
                if 0 < size <= 248:
                    self.assertEqual(said, DENIED if is_utf8(argument) else NOT_UTF8)
                self.assertEqual(said[:4], "-ERR")
                for line in (b"XCLIENT ADDR=" + argument, b"AUTH " + argument, argument):
                    self.assertEqual(c.ask(line)[:4], "-ERR", size)
            text = b64(b"\0" + b"a" * size + b"\0x")
            for line in (text, b64(b"\0alice\0" + b"x" * size), b64(b"a" * size + b"\0alice\0wrong"), "A" * size):
                self.assertEqual(c.ask("AUTH PLAIN " + line)[:4], "-ERR", size)
                self.assertEqual(c.ask("AUTH PLAIN"), "+ ")
                self.assertEqual(c.ask(line)[:4], "-ERR", size)
        c.capa()
        c.quit()

    def test_s05_arguments_of_every_size(self):
        self.check_sizes(self.p)
        self.p.login().quit()

    def test_s05_names_that_get_a_domain_put_behind(self):
        settings = self.kwargs["settings"] | {"default-domain": f'"{"d" * 60}.example"', "fold-names": "yes"}
        with Poplar(users={f"alice@{'d' * 60}.example": "secret"}, settings=settings) as p:
            self.check_sizes(p)
            p.login("ALICE", "secret").quit()

    def test_s05_challenges_are_answered_at_length(self):
        c = self.p.connect()
        for mechanism in ("LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-256", "SCRAM-SHA-1"):
            for size in (0, 1, 254, 255, 256, 2047, 2048, 4095, 4096, 9000, 9216, 20000, 1 << 20):
                for text in (b"n,,n=" + b"a" * size + b",r=x", b"alice " + b"0" * size, b"a" * size,
                             b'username="' + b"a" * size + b'",realm=""', b"n,,n=alice,r=" + b"r" * size):
                    self.assertTrue(c.ask(f"AUTH {mechanism}").startswith("+ "))
                    if c.ask(b64(text)).startswith("+ "):
                        self.assertEqual(c.ask("*")[:4], "-ERR")
        c.capa()
        c.close()

    def test_s06_names_are_no_formats(self):
        """The log is at its most talkative."""
        start = self.p.log.mark()
        c = self.p.connect()
        c.ok(f"USER {FORMATS}")
        self.assertEqual(c.ask(f"PASS {FORMATS}"), DENIED)
        c.ask(f"APOP {FORMATS} {'0' * 32}")
        for line in (f"{FORMATS}\0{FORMATS}\0{FORMATS}", f"\0{FORMATS}\0wrong"):
            self.assertEqual(c.ask("AUTH PLAIN " + b64(line.encode())), DENIED)
        for mechanism, line in (("LOGIN", FORMATS), ("CRAM-MD5", f"{FORMATS} {'0' * 32}"), ("DIGEST-MD5", FORMATS),
                                ("SCRAM-SHA-256", f"n,,n={FORMATS},r={FORMATS}")):
            c.ask(f"AUTH {mechanism}")
            if c.ask(b64(line.encode())).startswith("+ "):
                c.ask(b64(FORMATS.encode()))
        for line in (FORMATS, f"AUTH {FORMATS}", f"RETR {FORMATS}", f"AUTH PLAIN {FORMATS}"):
            c.err(line)
        c.close()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.p.tls_port)) as sock:
            sock.sendall(hello().replace(b"localhost", b"%n%s%n%s%"))
        quoted = re.escape(FORMATS)
        self.p.log.wait(f'event=login-failed user="?{quoted}', count=5, start=start)
        folder = folder_of(FORMATS.encode())
        self.p.make_maildir(folder)
        self.p.put("1.%n%s,S=%n", b"From: %n%s%n\nSubject: %s%s%s%n\n\n%n%n%n\n", folder)
        c = self.p.login(FORMATS, "%n%s")
        self.assertEqual(c.multi("RETR 1"), b"From: %n%s%n\r\nSubject: %s%s%s%n\r\n\r\n%n%n%n\r\n.\r\n")
        self.assertEqual(c.listing("UIDL"), ["1 1.%n%s,S=%n"])
        c.quit()
        self.p.log.wait(f'event=session user="?{quoted}', start=start)

    def test_s07_a_long_line_of_the_log_has_an_end(self):
        start = self.p.log.mark()
        c = self.p.connect()
        for fill in ('"', "\\", "\x01", "\u00e9", "\udcff"):
            name = (fill * 248).encode("utf-8", "surrogateescape")[:248]
            if c.ask(b"USER " + name) != NOT_UTF8:
                self.assertEqual(c.ask("PASS x"), DENIED)
            c.ask("AUTH PLAIN " + b64(b"\0" + (fill * 3000).encode("utf-8", "surrogateescape") + b"\0x"))
        c.login("alice", "secret")
        c.quit()
        self.p.log.wait("event=session user=alice", start=start)
        self.assertEqual([line for line in self.p.log.lines[start:] if line.count("event=") != 1], [])

    def test_s10_no_octet_of_a_credential_is_a_separator(self):
        for octet in range(1, 256):
            c, guess = self.p.connect(), bytes([octet])
            for name, password in ((b"alice" + guess, b"secret"), (b"alice", b"secret" + guess),
                                   (b"alice", guess + b"secret"), (b"nobody" + guess + b"alice", b"secret"),
                                   (b"nobody" + guess + b"alice" + guess + b"secret", b"secret"),
                                   (b"alice", b"x" + guess + b"pass=yes" + guess + b"user=alice")):
                self.assertEqual(c.ask("AUTH PLAIN " + b64(b"\0" + name + b"\0" + password)), DENIED, guess)
                if octet not in b"\r\n" and c.ask(b"USER " + name).startswith("+OK"):
                    self.assertEqual(c.ask(b"PASS " + password), DENIED if is_utf8(password) else NOT_UTF8, guess)
            c.quit()
        self.p.login().quit()

    def test_s10_every_octet_is_one_of_a_password(self):
        """But for those that no line of a users file can hold; beyond ASCII, of one in UTF-8 (test_utf8.py)."""
        users = {f"u{o}": latin(b"a%cb" % o) for o in range(1, 256) if o not in b"\r\n:"}
        with Poplar(users=users, settings=self.kwargs["settings"], tls=False) as p:
            for user, password in users.items():
                c = p.connect()
                self.assertEqual(c.ask(f"AUTH PLAIN {b64(f'{chr(0)}{user}{chr(0)}ab'.encode())}"), DENIED)
                if password.isascii():
                    c.login(user, password)
                else:
                    c.ok(f"USER {user}")
                    self.assertEqual(c.ask(f"PASS {password}"), NOT_UTF8)
                c.quit()

    def test_s10_a_nul_is_in_no_credential(self):
        c = self.p.connect()
        for line in (b"USER alice\0", b"PASS sec\0ret", b"USER \0alice"):
            c.err(line)
            c.err("PASS secret")
        for text in (b"\0alice\0secret\0", b"\0al\0ice\0secret", b"\0alice\0sec\0ret"):
            self.assertEqual(c.ask("AUTH PLAIN " + b64(text)), "-ERR malformed response")
        for name, password in ((b"alice\0", b"secret"), (b"alice", b"secret\0"), (b"alice", b"secret\0x")):
            c.ask("AUTH LOGIN")
            if (said := c.ask(b64(name))).startswith("+ "):
                said = c.ask(b64(password))
            self.assertEqual(said[:4], "-ERR")
        for first in (b"n,,n=alice\0,r=abc", b"n,,n=ali\0ce,r=abc", b"n,,n=alice,r=abc\0", b"n,,\0n=alice,r=abc"):
            if c.ask("AUTH SCRAM-SHA-256 " + b64(first)).startswith("+ "):
                c.err(b64(b"c=biws,r=abc,p=AAAA"))
        c.login("alice", "secret")
        c.quit()

    NAMES = [b"../alice", b"alice/../bob", b"/etc/passwd", b"alice%00", b"%u", b"%{user}", b"${HOME}", b"$(id)", b"`id`",
             b"%2e%2e/bob", b"..", b".", b"alice@../../x", b"alice:secret", b"alice;--", b"%" * 200, b"%{%{%{u}}}" * 20]

    def test_s11_a_name_is_only_a_name(self):
        before = sorted(self.p.dir.rglob("*"))
        c = self.p.connect()
        for name in self.NAMES + STRANGERS:
            for password in (b"secret", b"hunter2", b"", b"' OR '1'='1"):
                self.assertEqual(c.ask("AUTH PLAIN " + b64(b"\0" + name + b"\0" + password)), DENIED, name)
        c.close()
        self.assertEqual(sorted(self.p.dir.rglob("*")), before)

    def test_s11_a_name_that_somebody_has_is_one_folder(self):
        """Nor does a user get by the name into a folder that is another's, or nobody's."""
        names = [name for name in self.NAMES if b":" not in name and len(name) < 100]
        with Poplar(users={"alice": "secret"}, settings={"create-home": "yes", "failure-delay": "0"}, tls=False) as p:
            p.users |= {latin(name): latin(name) + ":{PLAIN}secret" for name in names}
            p.write_users()
            before = {path for path in p.dir.rglob("*") if p.dir / "run" not in path.parents}
            for name in names:
                c = p.connect()
                c.ok("AUTH PLAIN " + b64(b"\0" + name + b"\0secret"))
                c.quit()
            new = {path for path in p.dir.rglob("*") if p.dir / "run" not in path.parents} - before
            homes = {p.dir / "mail" / folder_of(name) for name in names}
            self.assertEqual(len(homes), len(names))
            self.assertEqual({path for path in new if path.parent == p.dir / "mail"}, homes)
            self.assertEqual({path for path in new if not any(home in (path, *path.parents) for home in homes)}, set())

    @unittest.skipIf(Sqlite.missing and Sqlite().missing(), "no sqlite")
    def test_s11_nor_a_part_of_a_query(self):
        names = STRANGERS + self.NAMES + [b"' UNION SELECT 'secret','','' --", b"right' --", b"right\\", b"x' OR name LIKE '%"]
        with Server(Sqlite(), settings=self.kwargs["settings"] | {"mechanisms": '{"USER", "PLAIN"}'}) as p:
            c = p.connect()
            for name in names:
                for password in (b"secret", b"' OR '1'='1", b"{PLAIN}x"):
                    self.assertEqual(c.ask("AUTH PLAIN " + b64(b"\0" + name + b"\0" + password)), DENIED, name)
            c.login("right", "secret")
            c.quit()

    def test_s12_a_nul_ends_no_line(self):
        """One answer, and what stands behind the NUL is of the same line."""
        before = [b"CAPA", b"USER alice", b"PASS secret", b"AUTH PLAIN", b"AUTH PLAIN AGEAYg==", b"STLS", b"QUIT",
                  b"APOP a " + b"0" * 32, b"NOOP"]
        after = [b"STAT", b"LIST 1", b"UIDL 1", b"RETR 1", b"TOP 1 1", b"DELE 1", b"RSET", b"NOOP", b"CAPA", b"QUIT"]
        self.p.put("1.x", b"x\n")
        login = self.p.login()
        for c, lines, probe in ((self.p.connect(), before, "USER bob"), (login, after, "STAT")):
            for line in lines:
                for at in range(len(line) + 1):
                    for nuls in (b"\0", b"\0\0\0\0", b"\0\r"):
                        self.assertEqual(c.ask(line[:at] + nuls + line[at:])[:4], "-ERR", line)
                    c.ok(probe)
        self.assertEqual(login.ask("STAT"), "+OK 1 3")
        login.quit()


class Unfinished(ServerCase):
    kwargs = {"settings": {"max-connections-per-address": "0"}}

    def test_s13_ten_thousand_half_open_handshakes(self):
        """... or as many as there may be descriptors here: a valid login goes on."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        count = min(10_000, hard - 1000, 4 * hard // 6)  # a connection can take four of a front's
        begin, socks = hello(), []
        with Poplar(settings=self.kwargs["settings"] | {"handshake-timeout": "600s", "fronts": "4"}) as p:
            for i in range(count):
                stls = i % 4 == 3
                sock = socket.create_connection(("127.0.0.1", p.port if stls else p.tls_port))
                sock.sendall((b"", begin[:100], begin, b"STLS\r\n")[i % 4])
                socks.append(sock)
            wait_until(lambda: p.descriptors("poplar-front") >= count, 60)
            for tls in (True, False):
                p.login(tls=tls).quit()
            c = p.connect()
            c.ok("STLS")
            c.start_tls()
            c.login("alice", "secret")
            c.quit()
            while socks:  # not all at once: each has its line of the log
                mark, closing = p.log.mark(), [socks.pop() for _ in range(min(100, len(socks)))]
                for sock in closing:
                    sock.close()
                wait_until(lambda mark=mark, closing=closing: p.log.mark() >= mark + len(closing))
            wait_until(lambda: p.descriptors("poplar-front") < 200)

    def test_s13_gone_at_every_octet_of_the_handshake(self):
        begin = hello()
        for cut in range(len(begin) + 1):
            with socket.create_connection(("127.0.0.1", self.p.tls_port)) as sock:
                sock.sendall(begin[:cut])
                if cut % 2:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        for at in range(0, len(begin), 7):  # or broken
            with socket.create_connection(("127.0.0.1", self.p.tls_port)) as sock:
                sock.sendall(begin[:at] + bytes([begin[at] ^ 0xff]) + begin[at + 1:])
        Client(self.p.tls_port, tls=True).close()

    @unittest.skipIf(IS_SANITIZED, "a sanitizer keeps what has been freed")
    def test_s13_random_names_cost_no_memory(self):
        rng, context = random.Random(1), tls_context()

        def greet(count):
            for _ in range(count):
                name = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=60)) + ".example.org"
                sock = socket.create_connection(("127.0.0.1", self.p.tls_port))
                context.wrap_socket(sock, server_hostname=name).close()

        greet(300)
        before = self.p.memory("poplar-front")
        greet(1500)
        self.assertLess(self.p.memory("poplar-front") - before, 1024)

    def test_s13_odd_names(self):
        for name in ("x" * 63 + ".example.org", ".".join(["a" * 60] * 4), "xn--a.example.org", "-._.example.org",
                     "_x.example.org"):
            with contextlib.suppress(ssl.SSLError):
                sock = socket.create_connection(("127.0.0.1", self.p.tls_port))
                tls_context().wrap_socket(sock, server_hostname=name).close()
        Client(self.p.tls_port, tls=True).close()

    def test_s13_the_deadline_before_login_is_absolute(self):
        """However busy a client is, its time is up, before that of one who came later and says nothing."""
        with Poplar(settings={"login-timeout": "1s", "fronts": "1"}) as p, p.connect() as busy, p.connect() as idle:
            idle.sock.settimeout(0)
            with self.assertRaises((EOFError, ConnectionError)):
                while not has_ended(idle):
                    busy.capa()
                busy.capa()
            p.log.wait("event=disconnect .*end=login-timeout")

    def test_s13_the_deadline_of_the_handshake_is_absolute(self):
        """Also where octet after octet comes: it is over before that of one who came later and says nothing."""
        begin = hello()
        for stls in (False, True):
            with Poplar(settings={"handshake-timeout": "1s", "fronts": "1"}) as p:
                trickle, idle = (self.enterContext(Client(p.port if stls else p.tls_port, greet=stls)) for _ in range(2))
                for c in (trickle, idle) if stls else ():
                    c.ok("STLS")
                idle.sock.settimeout(0.02)
                for octet in begin:
                    with contextlib.suppress(ConnectionError):
                        trickle.send(bytes([octet]))
                    if has_ended(idle):
                        break
                else:
                    self.fail("no handshake has an end")
                with self.p.connect() as neighbour:
                    self.assertEqual(words_at_the_end(trickle, neighbour), b"")
                p.log.wait("event=disconnect .*end=login-timeout", count=2)


class Exchanges(ServerCase):
    """What is wrong with one of them is nobody else's matter."""

    kwargs = {"users": {"alice": "secret", "bob": "hunter2"},
              "settings": {"mechanisms": EVERY, "failure-delay": "0",
                           "max-login-failures": "1000", "max-errors": "1000", "max-connections-per-address": "0"}}

    # Lines that lead from step to step of each mechanism.
    STEPS = {"PLAIN": [], "LOGIN": [b"alice"], "CRAM-MD5": [], "DIGEST-MD5": [],
             "SCRAM-SHA-256": [b"n,,n=alice,r=abc"], "SCRAM-SHA-1": [b"n,,n=nobody,r=abc"]}
    BAD = ["!", "QQ", "QQ=", "Q===", "QQ==QQ==", " QQ==", "QQ== ", "-", "**", "* ", "\x7f", "\udcff\udcfe", "A" * 12290,
           *map(b64, (b"\0", b"\0" * 9, b"\xff" * 20, b",", b",,,,", b"=", b"n,,", b"n,,n=", b"n,,n=,r=", b"y,,n=alice,r=a",
                      b"p=tls-exporter,,n=alice,r=a", b"n,,m=x,n=alice,r=a", b"n,,n=al=ice,r=a", b"c=,r=,p=", b"c=biws,r=abc",
                      b"c=biws,r=abc,p=AAAA", b"alice", b"alice ", b" " + b"0" * 32, b"alice " + b"0" * 31, b"\0alice",
                      b"\0\0x", b"\0a\0b\0c", b'username', b'username="', b'username="alice",realm=""', b"x=" * 2000,
                      b'username="alice",charset=latin', b"\xff alice", b"rspauth="))]

    def begin(self, c, mechanism, steps):
        said = c.ask(f"AUTH {mechanism}")
        for step in steps:
            assert said.startswith("+ "), (mechanism, said)
            said = c.ask(b64(step))
        self.assertTrue(said.startswith("+ "), (mechanism, said))
        return said

    def witness(self):
        """An exchange in mid-way; what it returns ends it."""
        c = self.p.connect()
        first = "n=alice,r=witness"
        challenge = challenge_of(c.ask("AUTH SCRAM-SHA-256 " + b64(f"n,,{first}".encode())))

        def end():
            self.assertTrue(c.ask(b64(scram_final("secret", first, challenge).encode())).startswith("+ "))
            c.ok("")
            c.quit()
        return end

    def test_s14_malformed_at_every_step_of_every_mechanism(self):
        end, c = self.witness(), self.p.connect()
        for mechanism, steps in self.STEPS.items():
            for depth in range(len(steps) + 1):
                for bad in self.BAD:
                    self.begin(c, mechanism, steps[:depth])
                    said = c.ask(bad)
                    while said.startswith("+ "):  # not malformed yet
                        said = c.ask(bad)
                    self.assertEqual(said[:4], "-ERR", (mechanism, bad))
            for bad in self.BAD:
                said = c.ask(f"AUTH {mechanism} {bad}")
                if said.startswith("+ "):
                    said = c.ask("*")
                self.assertEqual(said[:4], "-ERR", (mechanism, bad))
        c.ok("AUTH PLAIN " + b64(b"\0bob\0hunter2"))
        c.quit()
        end()

    def test_s14_digest_md5_without_a_directive(self):
        """Without charset=utf-8, GNU SASL 2.2 follows a pointer that it has never set."""
        end = self.witness()
        with self.p.connect() as c:
            challenge = challenge_of(c.ask("AUTH DIGEST-MD5"))
            whole = digest_response("alice", "wrong", challenge)
            c.ask(b64(whole.encode()))
            for directive in whole.split(","):
                c.ask("AUTH DIGEST-MD5")
                self.assertEqual(c.ask(b64(",".join(d for d in whole.split(",") if d != directive).encode()))[:4], "-ERR")
            for charset in ("", ",charset=utf-8"):
                challenge = challenge_of(c.ask("AUTH DIGEST-MD5"))
                self.assertEqual(c.ask(b64(digest_response("alice", "wrong", challenge, charset).encode())), DENIED)
            challenge = challenge_of(c.ask("AUTH DIGEST-MD5"))
            self.assertTrue(c.ask(b64(digest_response("alice", "secret", challenge, "").encode())).startswith("+ "))
            c.ok("")
        end()

    def rounds(self, count):
        """Give up, and hang up, at every step of every mechanism."""
        c = self.p.connect()
        for i in range(count):
            for mechanism, steps in self.STEPS.items():
                for depth in range(len(steps) + 1):
                    self.begin(c, mechanism, steps[:depth])
                    self.assertEqual(c.ask("*"), "-ERR authentication cancelled")
            other = self.p.connect()
            mechanism, steps = list(self.STEPS.items())[i % len(self.STEPS)]
            self.begin(other, mechanism, steps[:i % 2])
            other.reset() if i % 3 else other.close()
            if i % 100 == 99:
                c.close()
                c = self.p.connect()
        c.close()

    def test_s14_given_up_at_every_step(self):
        end = self.witness()
        self.rounds(60)
        before = self.p.memory("poplar-auth")
        if not IS_SANITIZED:  # which keeps what has been freed
            self.rounds(600)
        self.assertLess(self.p.memory("poplar-auth") - before, 512)
        end()

    @unittest.skipUnless(kerberos.IS_HERE, "no krb5-kdc and krb5-user")
    def test_s14_gssapi(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="poplar-test-"))
        self.addCleanup(shutil.rmtree, folder)
        folder.chmod(0o755)
        realm = kerberos.Realm(folder / "kerberos")
        realm.end()  # only its keys matter
        with Poplar(settings={"mechanisms": '{"USER", "GSSAPI"}', "gssapi-keytab": f'"{realm.keytab}"',
                              "failure-delay": "0", "max-login-failures": "1000", "max-errors": "1000",
                              "log-level": "notice"}) as p:
            c = p.connect()
            for bad in [*self.BAD, b64(b"\x60\x82\xff\xff" + b"\0" * 64), b64(b"\x60\x48\x06\x09\x2a\x86\x48" * 9)]:
                self.assertEqual(c.ask("AUTH GSSAPI"), "+ ")
                self.assertEqual(c.ask(bad)[:4], "-ERR", bad)
                self.assertEqual(c.ask(f"AUTH GSSAPI {bad[:200]}")[:4], "-ERR", bad)
            c.login("alice", "secret")
            c.quit()
            if not IS_SANITIZED:  # which keeps what has been freed
                self.refuse_tokens(p, 500)
                before = p.memory("poplar-auth")
                self.refuse_tokens(p, 3000)
                self.assertLess(p.memory("poplar-auth") - before, 128)

    @staticmethod
    def refuse_tokens(p, count):
        """Of a mechanism that is not Kerberos: Debian's libgssglue loses memory over each."""
        for i in range(count):
            if i % 500 == 0:
                c = p.connect()
            c.err("AUTH GSSAPI " + b64(b"\x60\x06\x06\x04\x2b\x06\x01\x05"))

    def test_s15_what_is_one_users_serves_no_other(self):
        """Two at the same time, whose exchanges are interleaved in every way."""
        self.p.put("1.a", b"alice's\n", "alice")
        self.p.put("1.b", b"bob's\n", "bob")

        def log_in(user):
            with self.p.connect() as c:
                first = f"n={user},r={os.urandom(8).hex()}"
                challenge = challenge_of(c.ask("AUTH SCRAM-SHA-256 " + b64(f"n,,{first}".encode())))
                said = c.ask(b64(scram_final(self.p.users[user], first, challenge).encode()))
                said = c.ask("") if said.startswith("+ ") else said
                if said.startswith("+OK"):
                    self.assertEqual(c.multi("RETR 1"), f"{user}'s\r\n.\r\n".encode())
                    c.ok("QUIT")
                return said
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            said = list(pool.map(log_in, ["alice", "bob"] * 100))
        self.assertEqual([s for s in said if not s.startswith(("+OK", "-ERR [IN-USE]"))], [])
        self.assertTrue(any(s.startswith("+OK") for s in said))

    def check_remembered(self, p, passwords):
        """Each with the own password, twice, so that it is remembered; then each with each other's."""
        for name in passwords:
            p.put("1.x", f"{name}'s\n".encode(), name)
        for name in [*passwords, *passwords]:
            with p.connect() as c:
                c.login(name, passwords[name])
                self.assertEqual(c.multi("RETR 1"), f"{name}'s\r\n.\r\n".encode())
                c.quit()
        for name in (*passwords, "nobody"):
            for password in {*passwords.values(), "Shared", "shared "} - {passwords.get(name)}:
                with p.connect() as c:
                    c.ok(f"USER {name}")
                    self.assertEqual(c.ask(f"PASS {password}"), DENIED, (name, password))

    def test_s15_what_is_remembered_of_one_user_opens_no_others(self):
        """Two have the same hash, one another hash of the same password, one a password of his own."""
        shared = hashed(b"shared").decode()
        users = {"anna": f"anna:{shared}", "berta": f"berta:{shared}",
                 "dora": "dora:{SSHA256.hex}" + hashlib.sha256(b"sharedsalt").hexdigest() + b"salt".hex(),
                 "emma": f"emma:{hashed(b'own').decode()}"}
        with Poplar(users=users, settings={"failure-delay": "0", "max-connections-per-address": "0"}) as p:
            self.check_remembered(p, {"anna": "shared", "berta": "shared", "dora": "shared", "emma": "own"})

    @unittest.skipIf(Sqlite.missing and Sqlite().missing(), "no sqlite")
    def test_s15_what_a_database_said_of_one_user_opens_no_others(self):
        class Remembered(Sqlite):
            cache = "cache-success = 60s\ncache-failure = 60s"
            users = {name: (password, {}) for name, password in
                     ((b"anna", b"shared"), (b"berta", b"shared"), (b"emma", b"own"))}

        with Server(Remembered(), settings={"max-connections-per-address": "0"}) as p:
            for name in ("anna", "berta", "emma"):
                p.make_maildir(name)
            self.check_remembered(p, {"anna": "shared", "berta": "shared", "emma": "own"})

    def test_s18_what_was_said_once_opens_nothing_twice(self):
        """Every proof is one for its own connection and moment."""
        first = "n=alice,r=abc"

        def prove(c, replay=None):
            """One proof by each mechanism, or the one that was heard."""
            stamp = timestamp(c)
            said = replay["APOP"] if replay else f"APOP alice {md5(stamp + 'secret')}"
            yield "APOP", said, c.ask(said)
            challenge = challenge_of(c.ask("AUTH CRAM-MD5"))
            said = replay["CRAM-MD5"] if replay else b64(f"alice {hmac.digest(b'secret', challenge.encode(), 'md5').hex()}".encode())
            yield "CRAM-MD5", said, c.ask(said)
            challenge = challenge_of(c.ask("AUTH DIGEST-MD5"))
            said = replay["DIGEST-MD5"] if replay else b64(digest_response("alice", "secret", challenge).encode())
            yield "DIGEST-MD5", said, c.ask(said)
            challenge = challenge_of(c.ask("AUTH SCRAM-SHA-256 " + b64(f"n,,{first}".encode())))
            said = replay["SCRAM"] if replay else b64(scram_final("secret", first, challenge).encode())
            yield "SCRAM", said, c.ask(said)

        heard = {}
        for i, name in enumerate(("APOP", "CRAM-MD5", "DIGEST-MD5", "SCRAM")):
            c = self.p.connect()
            if name == "APOP":
                said = f"APOP alice {md5(timestamp(c) + 'secret')}"
            elif name == "SCRAM":
                challenge = challenge_of(c.ask("AUTH SCRAM-SHA-256 " + b64(f"n,,{first}".encode())))
                said = b64(scram_final("secret", first, challenge).encode())
            else:
                challenge = challenge_of(c.ask(f"AUTH {name}"))
                said = b64((digest_response("alice", "secret", challenge) if i == 2 else
                            f"alice {hmac.digest(b'secret', challenge.encode(), 'md5').hex()}").encode())
            heard[name] = said
            reply = c.ask(said)
            self.assertTrue((c.ask("") if reply.startswith("+ ") else reply).startswith("+OK"), name)
            c.quit()
        for _ in range(3):
            with self.p.connect() as c:
                for name, _, reply in prove(c, heard):
                    self.assertEqual(reply[:4], "-ERR", name)


class External(unittest.TestCase):
    """Clients' certificates."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="poplar-test-"))
        cls.ca = Authority(cls.folder / "ca")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def check(self, field, certificates):
        with Poplar(settings={
                "mechanisms": '{"USER", "EXTERNAL"}', "tls-client-verify": '"optional"', "failure-delay": "0",
                "tls-client-ca": f'"{self.ca.cert}"', "tls-client-name": field}) as p:
            for pair, expected in certificates:
                for name in ("", "alice", "bob"):
                    context = tls_context()
                    if pair:
                        context.load_cert_chain(*pair)
                    with Client(p.tls_port, tls=True, context=context) as c:
                        said = c.ask("AUTH EXTERNAL " + (b64(name.encode()) or "="))
                        good = expected == "alice" and name in ("", "alice")
                        self.assertEqual(said[:3] == "+OK", good, (expected, name, said))
                        if expected is None:
                            self.assertEqual(said, "-ERR no such mechanism here")
                        elif not good:
                            self.assertEqual(said, DENIED)

    def test_s16_the_certificate_names_who_comes_in(self):
        issue = self.ca.issue
        by_mail = issue("mail", "/CN=alice", "subjectAltName=email:alice")
        self.check("common-name", [
            (issue("alice", "/CN=alice"), "alice"), (issue("carol", "/CN=carol"), "carol"),
            (issue("two", "/CN=alice/CN=bob"), None), (issue("odd", "/CN=alice "), "carol"), (None, None)])
        self.check("email", [
            (by_mail, "alice"), (issue("none", "/CN=alice"), None),
            (issue("twice", "/CN=alice", "subjectAltName=email:alice,email:bob"), None),
            (issue("dns", "/CN=alice", "subjectAltName=DNS:alice"), None)])


class Apop(ServerCase):
    kwargs = {"users": {"alice": "secret"},
              "settings": {"mechanisms": '{"USER", "APOP"}', "failure-delay": "0", "max-login-failures": "1000"}}

    def test_s19_it_is_off_and_never_where_it_cannot_be_used(self):
        """Not in the clear where that is not allowed, nor where a password is stored so that it cannot be mixed
        with the timestamp."""
        for users, settings in (
                ({"alice": "secret"}, {}),
                ({"alice": "secret"}, self.kwargs["settings"] | {"plaintext-auth": "no"}),
                ({"alice": "secret", "bob": "bob:{CRYPT}x"}, self.kwargs["settings"])):
            with Poplar(users=users, settings=settings) as p, p.connect() as c:
                self.assertEqual(c.greeting, b"+OK Poplar ready")
                self.assertEqual(c.ask(f"APOP alice {md5('secret')}")[:4], "-ERR")

    def test_s19_the_timestamp_is_a_msg_id_and_new(self):
        """RFC 822 section 6.1: nothing in it that a client must not take; what an attacker needs to choose,
        the server chooses."""
        atom = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
        dotted = rf"{atom}(\.{atom})*"
        stamps = set()
        for _ in range(200):
            with self.p.connect() as c:
                self.assertRegex(c.greeting.decode(), rf"^\+OK [A-Za-z ]+ <{dotted}@{dotted}>$")
                stamps.add(timestamp(c))
        self.assertEqual(len(stamps), 200)

    def test_s19_only_the_whole_digest(self):
        with self.p.connect() as c:
            good = md5(timestamp(c) + "secret")
            for bad in (good[:31], good + "0", good[:31] + "x", good[::-1], md5("secret"), md5(timestamp(c)), "0" * 32):
                c.err(f"APOP alice {bad}")
            c.ok(f"APOP alice {good}")


@unittest.skipUnless(IS_ROOT, "needs root to look into the processes")
class Processes(unittest.TestCase):
    """What they hold, and what is left in them."""

    @staticmethod
    def files(pid):
        """Where its descriptors lead to that are files or folders."""
        return {path for path in open_files(pid).values() if path.startswith("/") and path != "/dev/null"}

    def test_s20_who_holds_what(self):
        """While sessions are open, one of them of a user with an id of their own."""
        users = {"alice": "secret", "bob": "bob:{PLAIN}x:2001:2001"}
        with Poplar(users=users) as p:
            for path in [p.maildir("bob").parent, *p.maildir("bob").parent.rglob("*")]:
                os.chown(path, 2001, 2001)
            p.put("1.x", b"y" * 5_000_000, "alice")
            alice = p.login()
            alice.send(b"RETR 1\r\nRETR 1\r\nRETR 1\r\n")
            alice.line()
            bob = p.login("bob", "x", tls=True)
            pids = p.pids()
            for pid in pids["poplar-front"]:  # what a session has asked for, and a list of what there is
                self.assertLessEqual({f for f in self.files(pid) if not f.endswith("/poplar-index")},
                                     {f"{p.dir}/mail/alice/Maildir/new/1.x"})
            for pid in pids["poplar-auth"]:
                self.assertEqual(self.files(pid), {f"{p.dir}/auth"})
            self.assertEqual(len(pids["poplar-drop"]), 2)
            for pid in pids["poplar-drop"]:
                for path in self.files(pid):
                    self.assertTrue(path.startswith((f"{p.dir}/mail", "/memfd:listing")), path)
            # A process that has just begun has not told poplard yet whether its walls hold.
            wait_until(lambda: p.run("audit").stdout.endswith("\n0 wrong\n"))
            alice.reset()
            bob.quit()

    def test_s20_nobody_looks_into_them(self):
        """Not even a process with the same user id (PR_SET_DUMPABLE), whatever ptrace_scope says."""
        with Poplar() as p:
            for role, pids in p.pids().items():
                for pid in pids:
                    uid = int(re.search(r"Uid:\t(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
                    self.assertEqual(os.stat(f"/proc/{pid}/mem").st_uid, 0, role)
                    if uid == 0:
                        continue
                    for path in ("mem", "environ", "maps", "fd/0"):
                        out = subprocess.run(["cat", f"/proc/{pid}/{path}"], capture_output=True, user=uid,
                                             group=uid, extra_groups=[])
                        self.assertIn(b"Permission denied", out.stderr, (role, path))
            self.assertEqual(p.run("audit").stdout.count("dumpable no"), sum(map(len, p.pids().values())))

    @unittest.skipUnless(IS_ROOT, "needs root: all processes are one user's otherwise")
    def test_s20_nobody_looks_into_young_ones(self):
        """From the first moment on, before its walls stand, a process is root's or closed to whoever it runs as."""
        stops, open_to = set(), set()

        def look(pid):
            stops.add(pid)
            if uids := youth.ids(pid) - {0}:
                if os.stat(f"/proc/{pid}/mem").st_uid in uids:
                    open_to.add((youth.name(pid), *uids))

        with Poplar() as p:
            workers = sum(map(len, p.pids().values())) - 1
            with youth.held(p.process.pid, lambda: os.kill(p.process.pid, signal.SIGHUP), workers, look):
                pass
            p.log.wait("event=reloaded")
        self.assertEqual((len(stops), open_to), (workers, set()))

    @staticmethod
    def memory_holds(pid, secrets):
        """Which of them are in a process' memory?"""
        found = set()
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
            for line in maps:
                start, end, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
                if mode[:2] != "rw" or int(end, 16) - int(start, 16) > 1 << 30:
                    continue
                mem.seek(int(start, 16))
                with contextlib.suppress(OSError):
                    octets = mem.read(int(end, 16) - int(start, 16))
                    found |= {s for s in secrets if s in octets}
        return found

    def test_s24_no_secret_is_left_anywhere(self):
        """Neither in the most talkative log, nor where a process' environment and arguments are to be read, nor in
        the memory of those that only pass it on, once the session went on."""
        words = {name: f"sesame-{name}-{os.urandom(24).hex()}" for name in ("user", "tls", "plain", "login", "wrong", "apop")}
        users = {name: word for name, word in words.items() if name != "wrong"}
        with Poplar(users=users, settings={"mechanisms": EVERY, "failure-delay": "0"}) as p:
            # Of each a piece: what comes next may stand over a beginning, and of half a line the end is missing.
            secrets = {w[-40:-8].encode() for w in words.values()}
            secrets |= {b64(w.encode())[20:-16].encode() for w in words.values()}
            clients = [p.login("user", words["user"]), p.login("tls", words["tls"], tls=True), p.connect(), p.connect(),
                       p.connect(), p.connect()]
            for i, line in ((2, f"\0plain\0{words['plain']}"), (5, f"\0nobody\0{words['wrong']}")):
                line = b64(line.encode())
                secrets.add(line[20:-16].encode())
                clients[i].ask(f"AUTH PLAIN {line}")
            clients[3].ask("AUTH LOGIN")
            clients[3].ask(b64(b"login"))
            clients[3].ok(b64(words["login"].encode()))
            digest = md5(timestamp(clients[4]) + words["apop"])
            secrets.add(digest.encode())
            clients[4].ok(f"APOP apop {digest}")
            for line in (f"PASS {words['wrong']}", f"PASS {words['wrong']}{'x' * 300}", f"USER x\0PASS {words['wrong']}"):
                clients[5].err(line)
            no_delay(clients[5])
            for line in (f"PASS {words['wrong']}", f"USER {words['wrong']}", f"XYZZY {words['wrong']}"):
                clients[5].send(line[:-3])
                wait_until(lambda: is_read_by_its_peer(clients[5].sock))
                clients[5].ask(line[-3:])
            for c in clients[:5]:
                c.ok("NOOP")
            clients[5].ok("USER x")
            pids = p.pids()
            if not IS_SANITIZED:  # which keeps what has been freed
                for role in ("poplard", "poplar-front", "poplar-drop"):
                    for pid in pids[role]:
                        self.assertEqual(self.memory_holds(pid, secrets), set(), role)
                self.assertTrue(any(self.memory_holds(pid, secrets) for pid in pids["poplar-auth"]))  # who knows them
            for pid in sum(pids.values(), []):
                for path in ("environ", "cmdline"):
                    octets = pathlib.Path(f"/proc/{pid}/{path}").read_bytes()
                    self.assertEqual([s for s in secrets if s in octets], [])
            for c in clients:
                c.quit()
            p.log.wait("event=session ", count=5)
            for secret in secrets:
                self.assertEqual(p.log.find(re.escape(secret.decode())), [])


class Strangers(ServerCase):
    """Who is known here?"""

    kwargs = {"users": {"alice": "secret", "off": "off:{PLAIN}secret::::::disabled=yes"},
              "settings": {"mechanisms": EVERY, "max-login-failures": "1000", "failure-delay": "50ms"}}

    def refusals(self, user):
        """By each way in: what to say, the last line last."""
        yield "USER", [f"USER {user}", "PASS wrong"]
        yield "PLAIN", ["AUTH PLAIN " + b64(f"\0{user}\0wrong".encode())]
        yield "LOGIN", ["AUTH LOGIN", b64(user.encode()), b64(b"wrong")]
        yield "CRAM-MD5", ["AUTH CRAM-MD5", b64(f"{user} {'0' * 32}".encode())]
        yield "APOP", [f"APOP {user} {'0' * 32}"]
        yield "SCRAM", [f"AUTH SCRAM-SHA-256 {b64(f'n,,n={user},r=abc'.encode())}", None]
        yield "DIGEST-MD5", ["AUTH DIGEST-MD5", None]

    NAMES = ("alice", "nobody", "off", "x" * 200)

    def try_all(self, p, rounds):
        """The times that refusals took, by way and name, and what they said, by way."""
        times, replies = {}, {}
        with p.connect() as c:
            for _ in range(rounds):
                for user in self.NAMES:
                    for way, lines in self.refusals(user):
                        said = None
                        for line in lines:
                            if line is None and way == "SCRAM":
                                line = b64(scram_final("wrong", f"n={user},r=abc", challenge_of(said)).encode())
                            elif line is None:
                                line = b64(digest_response(user, "wrong", challenge_of(said)).encode())
                            start = time.monotonic()
                            said = c.ask(line)
                        times.setdefault((way, user), []).append(time.monotonic() - start)
                        replies.setdefault(way, set()).add(said)
        self.assertEqual({way: {DENIED} for way in replies}, replies)
        return times

    def check_times(self, p, least):
        """Each way takes the same time for all names: the quickest of some refusals, as others wait for the machine.
        On a machine with much else to do it takes more of them to find a quick one."""
        times, rounds = {}, 0
        while rounds == 0 or (rounds < 60 and self.most_apart(times) >= 0.04):
            for key, more in self.try_all(p, 5).items():
                times.setdefault(key, []).extend(more)
            rounds += 5
        self.assertLess(self.most_apart(times), 0.04, times)
        self.assertGreaterEqual(min(map(min, times.values())), least - 0.005, times)
        return times

    def most_apart(self, times):
        """By how much the quickest refusals of two names differ at most, of all ways."""
        quickest = {way: [min(times[way, user]) for user in self.NAMES] for way, _ in times}
        return max(max(of_names) - min(of_names) for of_names in quickest.values())

    def test_s26_the_same_octets_after_the_same_time(self):
        """Where nobody has failed yet, and nobody is made to wait."""
        with Poplar(users=self.kwargs["users"],
                    settings=self.kwargs["settings"] | {"trusted-networks": '{"127.0.0.0/8"}'}) as p:
            self.check_times(p, 0.05)
            self.assertEqual(p.log.find("event=login-delayed "), [])

    def test_s26_the_same_octets_after_the_same_time_behind_a_wait(self):
        with Poplar(users=self.kwargs["users"],
                    settings=self.kwargs["settings"] | {"failure-delay-max": "50ms"}) as p:
            self.try_all(p, 2)  # now every name has failed, from here
            mark = p.log.mark()
            times = self.check_times(p, 0.1)
            self.assertEqual(len(p.log.find("event=login-delayed ", mark)), sum(map(len, times.values())))

    def test_s26_the_same_work(self):
        """With no time to hide behind: each password is hashed for each name, also for one that nobody has."""
        stored = hashed(b"secret").decode().replace("{CRYPT}", "")
        users = {name: f"{name}:{{CRYPT}}{stored}" for name in ("alice", "bob")}
        with Poplar(users=users, settings=self.kwargs["settings"] | {"failure-delay": "0"}) as p:
            pids, took = p.pids()["poplar-auth"], {}
            with p.connect() as c:
                c.ok("USER bob")
                self.assertEqual(c.ask("PASS wrong"), DENIED)  # what is done once is done
                for user in ("alice", "nobody", "no-one", "bob"):
                    each = []
                    for n in range(40):
                        c.ok(f"USER {user}")
                        work = Work(pids)
                        self.assertEqual(c.ask(f"PASS wrong{n}"), DENIED)
                        each.append(work.ran())
                    took[user] = statistics.median(each)  # some take long, as others use the caches, too
            self.assertGreater(min(took.values()), max(took.values()) / 2, took)

    def test_s26_user_tells_nothing(self):
        with self.p.connect() as c:
            said = {re.sub(r"\S+@\S+", "", c.ask(f"USER {name}")) for name in ("alice", "nobody", "off", "x" * 200, "é")}
            self.assertEqual(len(said), 1)

    def test_s26_scram_has_a_salt_for_everybody(self):
        """Of the same shape, the same again for the same name, another for another."""
        def shape(user, mechanism):
            with self.p.connect() as c:
                first = challenge_of(c.ask(f"AUTH {mechanism} {b64(f'n,,n={user},r=abc'.encode())}"))
                c.ask("*")
            nonce, salt, rounds = (field[2:] for field in first.split(","))
            self.assertTrue(nonce.startswith("abc"))
            return len(nonce), salt, len(base64.b64decode(salt)), rounds

        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1"):
            found = {user: shape(user, mechanism) for user in ("alice", "off", "nobody", "nobodi", "\u00e9", "x" * 200)}
            self.assertEqual(len({(n, length, rounds) for n, _, length, rounds in found.values()}), 1, found)
            self.assertEqual(len({salt for _, salt, _, _ in found.values()}), len(found))
            for _ in range(5):
                for user, before in found.items():
                    self.assertEqual(shape(user, mechanism), before)


class Proxies(ServerCase):
    kwargs = {"users": {"alice": "secret", "near": "near:{PLAIN}x::::::allow_nets=192.0.2.0/24"},
              "settings": {"proxy-from": '{"127.0.0.1", "::1/128"}', "fronts": "1"}}

    def setUp(self):
        super().setUp()
        self.neighbour = self.enterContext(Client(self.p.port, first=v1("198.51.100.9")))

    def test_s27_a_header_from_elsewhere_is_a_bad_first_line(self):
        """No trust in it, none of it kept."""
        start = self.p.log.mark()
        for header in (v1(), b"PROXY UNKNOWN\r\n"):
            with Client(self.p.port, source=ELSEWHERE, first=header + b"CAPA\r\n") as c:
                self.assertEqual(c.line()[:4], b"-ERR")
                self.assertEqual(c.line()[:3], b"+OK")
                self.assertIn(b"\r\nSTLS\r\n", c.lines())
                c.ok("USER near")
                c.err("PASS x")
                c.quit()
        self.p.log.wait(r"event=login-failed user=near peer=127\.0\.0\.2:", count=2, start=start)
        self.assertFalse(self.p.log.find(r"event=proxied .*via=127\.0\.0\.2:|192\.0\.2\.7", start))

    def test_s27_a_binary_header_from_elsewhere(self):
        """Its signature ends with QUIT, on purpose."""
        with Client(self.p.port, source=ELSEWHERE, first=v2(runs=OVER_TLS)) as c:
            said = words_at_the_end(c, self.neighbour).split(b"\r\n")
            self.assertEqual([line[:4] for line in said], [b"-ERR", b"-ERR", b"-ERR", b"+OK ", b""])

    def test_s27_a_header_from_elsewhere_ahead_of_tls(self):
        for header in (v1(), v2(runs=OVER_TLS)):
            start = self.p.log.mark()
            with Client(self.p.tls_port, greet=False, source=ELSEWHERE, first=header) as c:
                self.assertEqual(words_at_the_end(c, self.neighbour), b"")
            self.p.log.wait(r"event=disconnect peer=127\.0\.0\.2:.* end=not-tls", start=start)

    def check_cut_off(self, first, end, tls=False, hang_up=False):
        """Not a word, and one line of the log."""
        start = self.p.log.mark()
        with Client(self.p.tls_port if tls else self.p.port, greet=False, first=first) as c:
            if hang_up:
                c.sock.shutdown(socket.SHUT_WR)
            self.assertEqual(words_at_the_end(c, self.neighbour), b"")
            port = c.sock.getsockname()[1]
        self.p.log.wait(rf"event=disconnect peer=127\.0\.0\.1:{port} .*end={end}", start=start)
        self.assertEqual(len(self.p.log.find(rf":{port}\b", start)), 1)

    def test_s27_a_listed_proxy_without_a_header(self):
        """No partial trust; not served as if it were a client either."""
        for tls in (False, True):
            self.check_cut_off(b"USER alice\r\n", "proxy-header-missing", tls)
            self.check_cut_off(b"\x16\x03\x01\x02\x00\x01", "proxy-header-missing", tls)
            self.check_cut_off(b"", "hangup", tls, hang_up=True)

    def test_s27_a_listed_proxy_with_a_broken_header(self):
        for header in (b"PROXY TCP4 192.0.2.7 1 2\r\n", b"PROXY TCP4 ::1 ::1 1 2\r\n",
                       v1(port=65536), b"PROXY " + b"x" * 101, v2(command=0x22),
                       v2(command=0x31), v2(runs=b"\x04\xff\xff"),
                       v2(runs=run(3, b"\0\0\0\0")), v2(runs=run(4, b"\0" * 4096)),
                       v2(runs=OVER_TLS + OVER_TLS)):
            for tls in (False, True):
                self.check_cut_off(header, "proxy-header-broken", tls)

    def test_s27_two_headers_are_one_and_a_bad_line(self):
        """The second would be the client's own."""
        with Client(self.p.port, first=v1("198.51.100.9") + v1() + b"CAPA\r\n") as c:
            self.assertEqual(c.line()[:4], b"-ERR")
        start = self.p.log.mark()
        with Client(self.p.tls_port, greet=False, first=v1("198.51.100.9") + v1()) as c:
            self.assertEqual(words_at_the_end(c, self.neighbour), b"")
        self.p.log.wait(r"event=disconnect peer=198\.51\.100\.9:50123 .*end=not-tls", start=start)

    def test_s27_half_a_header_and_the_end(self):
        for header in (v1(), v2(runs=OVER_TLS), LOCAL):
            for cut in range(0, len(header), 5):
                self.check_cut_off(header[:cut], "hangup", hang_up=True)

    def test_s27_a_late_header(self):
        """The deadline is absolute, whatever trickles in: it is over before that of a handshake that began later."""
        with Poplar(settings={"proxy-from": '{"127.0.0.1"}', "handshake-timeout": "1s", "fronts": "1"}) as p:
            late = [self.enterContext(Client(p.port, greet=False, first=first)) for first in (b"", b"PROXY ", v2()[:-1])]
            with Client(p.tls_port, greet=False, source=ELSEWHERE) as later:
                self.assertEqual(later.rest(), b"")
            with Client(p.port, first=v1()) as neighbour:
                for c in late:
                    self.assertEqual(words_at_the_end(c, neighbour), b"")
            p.log.wait(r"event=disconnect peer=127\.0\.0\.1:.*end=proxy-header-late", count=3)

    def test_s27_there_is_no_xclient(self):
        with Client(self.p.port, first=v1("198.51.100.9")) as c:
            c.err("XCLIENT ADDR=127.0.0.1 LOGIN=alice")
            self.assertFalse([line for line in c.capa() if "XCLIENT" in line])
            c.err("USER alice")  # not on loopback, and so not in the clear


if __name__ == "__main__":
    main()
