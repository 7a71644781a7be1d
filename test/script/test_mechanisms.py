"""The ways to log in that rest on something besides a name and a password."""

import base64
import hashlib
import pathlib
import poplib
import re
import shutil
import ssl
import subprocess
import tempfile
import unittest

import kerberos
from authority import Authority
from harness import BUILD, Client, Poplar, ServerCase, main, tls_context

ALL = '{"USER", "PLAIN", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", ' \
      '"APOP", "EXTERNAL", "ANONYMOUS"}'
ALL_SCRAM = '{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-1", "CRAM-MD5"}'


def b64(octets):
    return base64.b64encode(octets).decode()


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def timestamp(greeting):
    found = re.fullmatch(r"\+OK Poplar ready (<[A-Za-z0-9.-]+@[A-Za-z0-9.-]+>)", greeting.decode())
    return found and found[1]


class Apop(ServerCase):
    """RFC 1939 section 7."""

    kwargs = {"users": {"alice": "secret", "bob": "bob:{PLAIN}secret::::::mechanisms=APOP"},
              "settings": {"mechanisms": '{"USER", "PLAIN", "APOP"}', "failure-delay": "0"}}

    def test_a_digest_lets_in(self):
        for tls in (False, True):
            c = Client(self.p.tls_port if tls else self.p.port, tls=tls)
            stamp = timestamp(c.greeting)
            self.assertEqual(c.ask(f"APOP alice {md5(stamp + 'wrong')}"),
                             "-ERR [AUTH] invalid user name or password")
            self.assertEqual(c.ask(f"APOP nobody {md5(stamp + 'secret')}"),
                             "-ERR [AUTH] invalid user name or password")
            c.ok(f"APOP alice {md5(stamp + 'secret')}")
            c.quit()
        self.p.log.wait("event=login user=alice .*method=APOP", count=2)

    def test_it_survives_stls(self):
        c = self.p.connect()
        stamp = timestamp(c.greeting)
        c.ok("STLS")
        c.start_tls()
        c.ok(f"APOP alice {md5(stamp + 'secret')}")
        c.quit()

    def test_one_method_for_a_user(self):
        c = self.p.connect()
        self.assertEqual(c.ask("USER bob")[:3], "+OK")
        c.err("PASS secret")
        c.ok(f"APOP bob {md5(timestamp(c.greeting) + 'secret')}")
        c.quit()

    def test_poplib(self):
        pop = poplib.POP3("127.0.0.1", self.p.port)
        self.assertTrue(pop.apop("alice", "secret").startswith(b"+OK"))
        pop.quit()

    @unittest.skipUnless(shutil.which("mpop"), "no mpop")
    def test_mpop(self):
        self.p.put("1.x", b"Subject: one\n\n1\n")
        out, mbox = mpop(self.p, "apop", "tls off", "password secret")
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertIn(b"Subject: one", mbox.read_bytes())


def mpop(p, auth, *more, env=None):
    mbox, rc = p.dir / f"mbox-{auth}", p.dir / "mpoprc"
    rc.write_text("account default\nhost 127.0.0.1\nuser alice\nkeep on\n"
                  f"port {p.port if 'tls off' in more else p.tls_port}\nauth {auth}\n"
                  f"uidls_file {mbox}.uidls\ndelivery mbox {mbox}\n" + "\n".join(more) + "\n")
    rc.chmod(0o600)
    return subprocess.run(["mpop", "-C", rc], capture_output=True, timeout=60, env=env), mbox


class Certificates(unittest.TestCase):
    """EXTERNAL, RFC 4422 appendix A."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="poplar-test-"))
        cls.ca = Authority(cls.folder / "ca")
        cls.alice = cls.ca.issue("alice", "/CN=alice")
        cls.p = Poplar(users={"alice": "secret", "bob": "hunter2"}, settings={
            "mechanisms": '{"USER", "EXTERNAL"}', "tls-client-verify": '"optional"', "failure-delay": "0",
            "tls-client-ca": f'"{cls.ca.cert}"', "plaintext-auth": "no"}).__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.p.__exit__(None, None, None)
        shutil.rmtree(cls.folder)

    def connect(self, pair=None, version=ssl.TLSVersion.TLSv1_3):
        context = tls_context()
        context.minimum_version = context.maximum_version = version
        if pair:
            context.load_cert_chain(*pair)
        return Client(self.p.tls_port, tls=True, context=context)

    def test_whom_the_certificate_names(self):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for response in (" =", " YWxpY2U=", ""):
                c = self.connect(self.alice, version)
                self.assertIn("SASL EXTERNAL", c.capa())
                said = c.ask("AUTH EXTERNAL" + response)
                if not response:
                    self.assertEqual(said, "+ ")
                    said = c.ask("")
                self.assertEqual(said[:3], "+OK")
                c.quit()
        self.p.log.wait("event=login user=alice .*method=EXTERNAL", count=6)

    def test_without_a_certificate_it_is_not_there(self):
        c = self.connect()
        self.assertFalse(any(line.startswith("SASL") for line in c.capa()))
        self.assertEqual(c.ask("AUTH EXTERNAL YWxpY2U="), "-ERR no such mechanism here")
        c.close()
        c = self.p.connect()
        self.assertEqual(c.ask("AUTH EXTERNAL YWxpY2U="), "-ERR start TLS before logging in")
        c.ok("STLS")
        context = tls_context()
        context.load_cert_chain(*self.alice)
        c.start_tls(context)
        c.ok("AUTH EXTERNAL =")
        c.quit()

    @unittest.skipUnless(shutil.which("mpop"), "no mpop")
    def test_mpop(self):
        self.p.put("1.x", b"Subject: one\n\n1\n")
        out, mbox = mpop(self.p, "external", "tls on", "tls_starttls off", "tls_certcheck off",
                         f"tls_cert_file {self.alice[0]}", f"tls_key_file {self.alice[1]}")
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertIn(b"Subject: one", mbox.read_bytes())


class Anonymous(ServerCase):
    """RFC 4505."""

    kwargs = {"users": {"alice": "secret", "archive": "archive:{PLAIN}x"},
              "settings": {"mechanisms": '{"USER", "ANONYMOUS"}', "anonymous-user": '"archive"'}}

    def enter(self, response="AUTH ANONYMOUS c2lyaGM="):
        c = self.p.connect()
        c.ok(response)
        return c

    def test_to_read_and_not_to_remove(self):
        self.p.put("1.x", b"Subject: one\n\n1\n", "archive")
        c = self.enter()
        self.assertEqual(c.multi("RETR 1"), b"Subject: one\r\n\r\n1\r\n.\r\n")
        self.assertEqual(c.ask("DELE 1"), "-ERR maildrop is read-only")
        c.quit()
        self.assertEqual(self.p.names("archive"), ["new/1.x"])
        self.p.log.wait("event=login user=archive .*method=ANONYMOUS")

    def test_many_at_a_time_but_not_beside_its_owner(self):
        """RFC 1939 section 4: nobody removes what a session has listed."""
        first, second = self.enter(), self.enter()
        owner = self.p.connect()
        owner.ok("USER archive")
        self.assertEqual(owner.ask("PASS x"), "-ERR [IN-USE] maildrop is in use by another session")
        first.quit()
        second.quit()
        owner.ok("USER archive")
        owner.ok("PASS x")
        c = self.p.connect()
        self.assertEqual(c.ask("AUTH ANONYMOUS ="), "-ERR [IN-USE] maildrop is in use by another session")
        c.close()
        owner.quit()

    def test_check_misses_a_user_who_is_not_there(self):
        self.assertIn("all is well", self.p.run("check").stdout)
        self.p.extra["anonymous-user"] = '"nobody-here"'
        self.p.write_config()
        line = self.p.config.read_text().splitlines().index('anonymous-user = "nobody-here"') + 1
        out = self.p.run("check")
        self.assertEqual((out.returncode, out.stderr.splitlines()[0]),
                         (1, f"poplar: trouble: {self.p.config}:{line}: anonymous-user: no users file has nobody-here"))
        self.p.extra["anonymous-user"] = '"archive"'
        self.p.write_config()

    def test_it_is_off(self):
        with Poplar() as p:
            c = p.connect()
            self.assertFalse([line for line in c.capa() if "ANONYMOUS" in line])
            self.assertEqual(c.ask("AUTH ANONYMOUS ="), "-ERR no such mechanism here")
            c.close()


@unittest.skipUnless(kerberos.IS_HERE, "no krb5-kdc and krb5-user")
class Kerberos(unittest.TestCase):
    """GSSAPI, RFC 4752."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="poplar-test-"))
        cls.folder.chmod(0o755)
        cls.realm = kerberos.Realm(cls.folder / "kerberos")
        cls.p = cls.poplar().__enter__()
        cls.p.put("1.x", b"Subject: one\n\n1\n")

    @classmethod
    def poplar(cls, **settings):
        return Poplar(users={"alice": "alice:x", "bob": "bob:x"}, settings={
            "mechanisms": '{"USER", "GSSAPI"}', "gssapi-keytab": f'"{cls.realm.keytab}"',
            "gssapi-realm": f'"{cls.realm.name}"', "failure-delay": "0"} | settings)

    @classmethod
    def tearDownClass(cls):
        cls.p.__exit__(None, None, None)
        cls.realm.end()
        shutil.rmtree(cls.folder)

    def curl(self, p, *more):
        return subprocess.run(["curl", "-sS", "--login-options", "AUTH=GSSAPI", "-u", f"alice@{self.realm.name}:", *more,
                               f"pop3://localhost:{p.port}/1"], capture_output=True, timeout=60, env=self.realm.env)

    def test_check_finds_nothing_wrong(self):
        out = self.p.run("check")
        self.assertEqual((out.returncode, out.stderr), (0, ""))

    def test_curl(self):
        self.realm.ticket("alice")
        for _ in range(3):
            out = self.curl(self.p)
            self.assertEqual((out.returncode, out.stdout), (0, b"Subject: one\r\n\r\n1\r\n"), out.stderr)
        self.p.log.wait("event=login user=alice .*method=GSSAPI", count=3)

    @unittest.skipUnless(shutil.which("mpop"), "no mpop")
    def test_mpop(self):
        self.realm.ticket("alice")
        out, mbox = mpop(self.p, "gssapi", "tls off", "host localhost", env=self.realm.env)
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertIn(b"Subject: one", mbox.read_bytes())

    def test_nobody_else(self):
        for principal in ("carol", "bob/admin"):
            self.realm.ticket(principal)
            since = self.p.log.mark()
            self.assertNotEqual(self.curl(self.p).returncode, 0)
            self.p.log.wait(f"event=login-failed user={principal}@{self.realm.name} ", start=since)
        with self.poplar(**{"gssapi-realm": '"OTHER.TEST"'}) as p:
            self.realm.ticket("alice")
            self.assertNotEqual(self.curl(p).returncode, 0)
            p.log.wait(f"event=login-failed user=alice@{self.realm.name} ")

    def test_a_principal_as_a_whole(self):
        name = f"alice@{self.realm.name}"
        with Poplar(users={name: f"{name}:x"}, settings={
                "mechanisms": '{"GSSAPI"}', "gssapi-keytab": f'"{self.realm.keytab}"'}) as p:
            p.put("1.x", b"Subject: one\n\n1\n", name)
            self.realm.ticket("alice")
            self.assertEqual(self.curl(p).returncode, 0)

    def test_without_keys_it_is_not_there(self):
        empty = self.folder / "empty"
        self.realm.run("/usr/sbin/kadmin.local", "-q", f"ktadd -k {empty} imap/localhost")
        empty.chmod(0o644)
        for keytab in (self.folder / "missing", empty):
            with self.poplar(**{"gssapi-keytab": f'"{keytab}"'}) as p:
                p.log.wait("event=gssapi-unusable ")
                out = p.run("check")
                self.assertEqual(out.returncode, 1)
                self.assertIn("find keys of pop/HOST in gssapi-keytab", out.stderr)
                c = p.connect()
                self.assertFalse([line for line in c.capa() if "GSSAPI" in line])
                self.assertEqual(c.ask("AUTH GSSAPI"), "-ERR no such mechanism here")
                c.close()


class Bound(ServerCase):
    """SCRAM-PLUS by tls-exporter (RFC 9266) and tls-unique (RFC 5929)."""

    kwargs = {"users": {"alice": "secret"}, "settings": {"failure-delay": "0", "mechanisms": ALL_SCRAM}}

    def log_in(self, mechanism, version, binding, password="secret"):
        out = subprocess.run([BUILD.parent / "test" / "scram_plus", str(self.p.tls_port), mechanism,
                              "alice", password, version, binding], capture_output=True, timeout=60)
        return (out.stdout + out.stderr).decode().strip()

    def test_bound_to_this_connection(self):
        for mechanism in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"):
            for version, binding in (("1.3", "tls-exporter"), ("1.2", "tls-exporter"), ("1.2", "tls-unique")):
                with self.subTest(mechanism=mechanism, version=version, binding=binding):
                    self.assertRegex(self.log_in(mechanism, version, binding), r"^\+OK")
                    self.assertRegex(self.log_in(mechanism, version, binding, "wrong"), r"^-ERR \[AUTH\]")
                    self.assertEqual(self.log_in(mechanism, version, "forged"),
                                     "-ERR channel binding does not fit this connection")

    def test_bound_to_once(self):
        """RFC 9266 section 4.1; what needs no binding goes on."""
        c = Client(self.p.tls_port, tls=True)
        self.assertEqual(c.ask("AUTH SCRAM-SHA-256-PLUS"), "+ ")
        self.assertEqual(c.ask("*"), "-ERR authentication cancelled")
        self.assertEqual(c.ask("AUTH SCRAM-SHA-256-PLUS " + b64(b"y,,n=alice,r=abc")),
                         "-ERR channel binding does not fit this connection")
        for mechanism in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"):
            self.assertEqual(c.ask(f"AUTH {mechanism}"), "-ERR this connection was bound to before, make another")
        self.assertEqual(c.ask("AUTH SCRAM-SHA-256 " + b64(b"n,,n=alice,r=abc"))[:2], "+ ")
        c.close()

    def test_unable_to_bind_is_true_where_plus_is_off(self):
        """RFC 5802 section 6: y says that the server does not announce it."""
        said = "AUTH SCRAM-SHA-256 " + b64(b"y,,n=alice,r=abc")
        c = Client(self.p.tls_port, tls=True)
        self.assertEqual(c.ask(said), "-ERR channel binding does not fit this connection")
        c.close()
        with Poplar(settings={"mechanisms": '{"SCRAM-SHA-256"}'}) as p:
            c = Client(p.tls_port, tls=True)
            self.assertEqual(c.ask(said)[:2], "+ ")
            c.close()

    def test_a_binding_without_plus_is_refused(self):
        """RFC 5802 section 6: whatever type it names, and with nothing to bind to."""
        for c in (Client(self.p.tls_port, tls=True), self.p.connect()):
            self.assertEqual(c.ask("AUTH SCRAM-SHA-256 " + b64(b"p=anything,,n=alice,r=abc")),
                             "-ERR channel binding does not fit this connection")
            c.close()

    def test_empty_responses_come_to_an_end(self):
        """Each is refused, and refusals are counted."""
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"):
            c = self.p.connect()
            for _ in range(6):
                self.assertEqual(c.ask(f"AUTH {mechanism}")[:2], "+ ")
                self.assertEqual(c.ask(""), "-ERR malformed response")
            self.assertEqual(c.rest(), b"")

    def test_announced_where_there_is_tls(self):
        def sasl(c):
            found = [line for line in c.capa() if line.startswith("SASL")]
            c.close()
            return found[0].split()[1:]

        self.assertFalse([m for m in sasl(self.p.connect()) if m.endswith("-PLUS")])
        plus = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"}
        self.assertLessEqual(plus, set(sasl(Client(self.p.tls_port, tls=True))))
        c = self.p.connect()
        c.ok("STLS")
        c.start_tls()
        self.assertLessEqual(plus, set(sasl(c)))


if __name__ == "__main__":
    main()
