"""Certificates: which one a client gets, what happens when the files change, and those of
clients."""

import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest

from authority import Authority, replace
from harness import IS_ROOT, Poplar, main, tls_context


def der_of(path):
    return ssl.PEM_cert_to_DER_cert(pathlib.Path(path).read_text().split("-----END")[0]
                                    + "-----END CERTIFICATE-----\n")


def hello(port, name="localhost", context=None, session=None):
    """A connection with this name in SNI, its greeting read."""
    sock = socket.create_connection(("127.0.0.1", port), 20)
    tls = (context or tls_context()).wrap_socket(sock, server_hostname=name, session=session)
    assert tls.recv(1000).startswith(b"+OK")
    return tls


def shown(port, name="localhost", context=None):
    """The certificate that the server shows for a name."""
    with hello(port, name, context) as tls:
        return tls.getpeercert(True)


def texts(*paths):
    return "{" + ", ".join(f'"{path}"' for path in paths) + "}"


class Case(unittest.TestCase):
    """A folder with two authorities, one signed by the other."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="poplar-ca-"))
        cls.folder.chmod(0o755)
        cls.root = Authority(cls.folder / "root")
        cls.ca = Authority(cls.folder / "inner", "Inner", cls.root)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)


class ByName(Case):
    """Several certificates."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        dns = lambda *names: "subjectAltName=" + ",".join(f"DNS:{n}" for n in names)
        issue = cls.ca.issue
        cls.pairs = {
            "first": issue("first", ext=dns("localhost", "pop.example.org")),
            "rsa": issue("rsa", ext=dns("pop.example.org"), kind="rsa"),
            "wild": issue("wild", ext=dns("*.Example.net", "*.example.org")),
            "cn": issue("cn", subject="/CN=old.example.com", ext="basicConstraints=CA:FALSE"),
            "san": issue("san", subject="/CN=not-by-cn.example.com",
                         ext=dns("san.example.com")),
        }
        cls.settings = {
            "tls-certificate": texts(*(cert for cert, _ in cls.pairs.values())),
            "tls-key": texts(*(key for _, key in cls.pairs.values())),
        }
        cls.p = Poplar(settings=cls.settings)
        cls.p.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.p.__exit__()
        super().tearDownClass()

    def expect(self, name, want, context=None):
        self.assertEqual(shown(self.p.tls_port, name, context), der_of(self.pairs[want][0]), name)

    def test_exact_names_and_wildcards(self):
        for name, want in (("localhost", "first"), ("pop.example.org", "first"),
                           ("POP.example.ORG", "first"), ("any.example.org", "wild"),
                           ("mail.example.net", "wild"), ("old.example.com", "cn"),
                           ("san.example.com", "san")):
            self.expect(name, want)

    def test_the_default(self):
        """Without a name, or with one that nobody has. A wildcard is one label, and a
        common name counts only where there are no alternative names."""
        for name in (None, "nobody.example.com", "a.b.example.org", "example.org",
                     "not-by-cn.example.com", "127.0.0.1"):
            self.expect(name, "first")

    def test_rsa_and_ecdsa_side_by_side(self):
        """Each client gets what it can verify, by a name and as the default."""
        for version, option in (("-tls1_2", ("-cipher", "ECDHE-{}-AES128-GCM-SHA256")),
                                ("-tls1_3", ("-sigalgs", "{}+SHA256"))):
            for name in (["-servername", "pop.example.org"], ["-noservername"]):
                for kind, sign, want in (("RSA", "RSA-PSS", "rsa"), ("ECDSA", "ECDSA", "first")):
                    word = sign if option[0] == "-sigalgs" else kind
                    out = subprocess.run(
                        ["openssl", "s_client", "-connect", f"127.0.0.1:{self.p.tls_port}", version,
                         option[0], option[1].format(word), *name], input=b"QUIT\r\n",
                        capture_output=True)
                    pem = re.search(r"-----BEGIN CERT.*?-----END CERTIFICATE-----\n",
                                    out.stdout.decode(), re.S)[0]
                    self.assertEqual(ssl.PEM_cert_to_DER_cert(pem), der_of(self.pairs[want][0]),
                                     (version, kind, name))

    def test_the_chain_is_whole(self):
        context = ssl.create_default_context(cafile=self.root.cert)
        for name in ("localhost", "pop.example.org", "a.example.net", "san.example.com"):
            with hello(self.p.tls_port, name, context):
                pass

    def test_curl_trusts_each(self):
        for name in ("pop.example.org", "a.example.org"):
            out = subprocess.run(
                ["curl", "-sS", "--cacert", self.root.cert, "--user", "alice:secret", "--resolve",
                 f"{name}:{self.p.tls_port}:127.0.0.1", f"pop3s://{name}:{self.p.tls_port}/"],
                capture_output=True)
            self.assertEqual((out.returncode, out.stderr), (0, b""))

    def test_resumption_with_several_certificates(self):
        context = tls_context()
        with hello(self.p.tls_port, "any.example.org", context) as tls:
            session = tls.session
        with hello(self.p.tls_port, "any.example.org", context, session) as tls:
            self.assertTrue(tls.session_reused)


class Renewal(Case):
    """The files change; nobody tells poplard."""

    def setUp(self):
        self.live = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        self.live.chmod(0o755)
        self.cert, self.key = self.live / "cert.pem", self.live / "key.pem"
        self.old = self.ca.issue("old")
        self.put(self.old)

    def put(self, pair):
        for path, source in zip((self.cert, self.key), pair):
            replace(path, source.read_bytes())
            path.chmod(0o600 if path == self.key and IS_ROOT else 0o644)

    def poplar(self, unprivileged=False, **settings):
        return Poplar(settings={"tls-certificate": f'"{self.cert}"', "tls-key": f'"{self.key}"'}
                      | {k.replace("_", "-"): v for k, v in settings.items()},
                      unprivileged=unprivileged)

    def expect_renewed(self, p, mark, pair):
        p.log.wait("event=certificates-renewed", start=mark)
        for _ in range(4):
            self.assertEqual(self.when_taken(p, pair), der_of(pair[0]))

    def when_taken(self, p, pair):
        """Each front takes it in when it next looks: ask until the answer changes."""
        for _ in range(200):
            got = shown(p.tls_port)
            if got == der_of(pair[0]):
                break
        return got

    def test_replaced_by_renames(self):
        """No reload, no connection dropped, not even one in the middle of its handshake. The
        folder is one that root reads only by CAP_DAC_READ_SEARCH."""
        if IS_ROOT:
            os.chown(self.live, 65534, 65534)
            self.live.chmod(0o700)
        with self.poplar() as p:
            pids = p.pids()
            session = p.login(tls=True)
            context = tls_context()
            with hello(p.tls_port, context=context) as early:
                ticket = early.session
            half = socket.create_connection(("127.0.0.1", p.tls_port))
            ours, theirs = ssl.MemoryBIO(), ssl.MemoryBIO()
            tls = tls_context().wrap_bio(ours, theirs, server_hostname="localhost")
            with self.assertRaises(ssl.SSLWantReadError):
                tls.do_handshake()
            half.sendall(theirs.read())
            ours.write(half.recv(65536))
            mark, new = p.log.mark(), self.ca.issue("new")
            self.put(new)
            self.expect_renewed(p, mark, new)
            tls.do_handshake()
            self.assertEqual(tls.getpeercert(True), der_of(self.old[0]))
            half.sendall(theirs.read())
            while not (said := self.read(tls)):
                ours.write(half.recv(65536))
            self.assertTrue(said.startswith(b"+OK"))
            half.close()
            session.ok("STAT")
            session.quit()
            with hello(p.tls_port, context=context, session=ticket) as late:
                self.assertTrue(late.session_reused)
            p.login(tls=True).quit()
            self.assertEqual(p.pids(), pids)

    def read(self, tls):
        try:
            return tls.read(1000)
        except ssl.SSLWantReadError:
            return b""

    def test_links_as_certbot_makes_them(self):
        archive = self.live / "archive"
        archive.mkdir()
        for number, pair in enumerate((self.old, self.ca.issue("next")), 1):
            for name, source in zip(("cert", "key"), pair):
                shutil.copy(source, archive / f"{name}{number}.pem")
                os.chmod(archive / f"{name}{number}.pem", 0o644)
        for path in (self.cert, self.key):
            path.unlink()
            path.symlink_to(f"archive/{path.stem}1.pem")
        with self.poplar() as p:
            self.assertEqual(shown(p.tls_port), der_of(self.old[0]))
            mark = p.log.mark()
            for path in (self.cert, self.key):
                path.unlink()
                path.symlink_to(f"archive/{path.stem}2.pem")
            self.expect_renewed(p, mark, (archive / "cert2.pem", None))

    def test_a_folder_behind_a_link(self):
        """/current/cert.pem, where current leads to another folder from now on."""
        new = self.ca.issue("behind")
        for name, pair in (("one", self.old), ("two", new)):
            (self.live / name).mkdir()
            for target, source in zip(("cert.pem", "key.pem"), pair):
                shutil.copy(source, self.live / name / target)
                os.chmod(self.live / name / target, 0o644)
        current = self.live / "current"
        current.symlink_to("one")
        self.cert, self.key = current / "cert.pem", current / "key.pem"
        for unprivileged in (True, False):
            with self.poplar(unprivileged=unprivileged) as p:
                mark = p.log.mark()
                target, pair = ("two", new) if unprivileged else ("one", self.old)
                (self.live / "link").symlink_to(target)
                os.rename(self.live / "link", current)
                self.expect_renewed(p, mark, pair)

    def test_what_is_not_good_is_not_taken(self):
        """Each is refused with its reason; the old certificate goes on; the key alone, or half a
        file, is not enough; what is good in the end is taken."""
        other = Authority(self.folder / "other", "Other")
        loose = self.ca.issue("loose")
        loose[0].write_text(loose[0].read_text().replace(self.ca.chain(), other.cert.read_text()))
        new = self.ca.issue("good")
        whole = new[0].read_text()
        with self.poplar() as p:
            for pair, reason in (
                    ((new[0], self.old[1]), "match private key and certificate"),
                    (self.ca.expired("late"), "has expired"),
                    (self.ca.issue("early", dates=("-startdate", "20900101000000Z", "-enddate",
                                                   "20900202000000Z")), "not good yet"),
                    (loose, "follow the chain.*certificate 2"),
                    ((self.write("half", whole[:len(whole) // 3]), new[1]), "read a PEM certificate"),
                    ((new[0], self.write("empty", "")), "match|private key"),
                    ((self.write("cut", whole[:-40]), new[1]), "read a PEM certificate"),
            ):
                mark = p.log.mark()
                self.put(pair)
                p.log.wait(f"event=certificate-refused .*{reason}", start=mark)
                self.assertEqual(shown(p.tls_port), der_of(self.old[0]))
            mark = p.log.mark()
            self.cert.unlink()
            p.log.wait("event=certificate-refused .*doing=open", start=mark)
            self.assertEqual(shown(p.tls_port), der_of(self.old[0]))
            self.put(new)
            self.expect_renewed(p, mark, new)

    def write(self, name, text):
        path = self.folder / f"{name}.text"
        path.write_text(text)
        return path

    def test_a_front_that_is_started_again_has_the_good_ones(self):
        """... although the files are broken by then."""
        with self.poplar(fronts="1") as p:
            p.deaths_ok = True
            mark = p.log.mark()
            replace(self.cert, "broken")
            p.log.wait("event=certificate-refused", start=mark)
            pid = p.pids()["poplar-front"][0]
            os.kill(pid, 9)
            p.log.wait("event=child-died role=poplar-front")
            self.assertEqual(shown(p.tls_port), der_of(self.old[0]))

    def test_one_broken_pair_does_not_hold_up_another(self):
        second = self.ca.issue("second", ext="subjectAltName=DNS:b.example.org")
        cert2, key2 = self.live / "cert2.pem", self.live / "key2.pem"
        shutil.copy(second[0], cert2)
        shutil.copy(second[1], key2)
        key2.chmod(0o644)
        with self.poplar(tls_certificate=texts(self.cert, cert2),
                         tls_key=texts(self.key, key2)) as p:
            mark = p.log.mark()
            replace(cert2, "broken")
            p.log.wait("event=certificate-refused", start=mark)
            new = self.ca.issue("anew")
            self.put(new)
            self.expect_renewed(p, mark, new)
            self.assertEqual(shown(p.tls_port, "b.example.org"), der_of(second[0]))
            # What has been said of it is not said again each time.
            self.assertEqual(len(p.log.find("event=certificate-refused", mark)), 1)

    def test_reload_with_a_broken_pair_changes_nothing(self):
        with self.poplar() as p:
            mark = p.log.mark()
            replace(self.cert, "broken")
            p.process.send_signal(1)
            p.log.wait("event=reload-refused", start=mark)
            self.assertEqual(shown(p.tls_port), der_of(self.old[0]))

    def test_expiry_is_in_the_log(self):
        soon = self.ca.issue("soon", dates=("-days", "20"))
        later = self.ca.issue("later", dates=("-days", "23"))
        past = self.ca.expired("past")
        with self.poplar(tls_certificate=texts(soon[0], later[0], past[0]),
                         tls_key=texts(soon[1], later[1], past[1])) as p:
            p.log.wait(f"event=certificate-expires file={soon[0]} days=(19|20)$")
            p.log.wait(f"event=certificate-expired file={past[0]}")
            self.assertEqual(p.log.find(f"expires.*{later[0]}"), [])
            self.assertEqual(shown(p.tls_port), der_of(soon[0]))


class Profile(Case):
    """Versions, ciphers, groups."""

    def context(self, **values):
        context = tls_context()
        for name, value in values.items():
            if name == "ciphers":
                context.set_ciphers(value)
            elif name == "curve":
                context.set_ecdh_curve(value)
            else:
                setattr(context, name, value)
        return context

    def test_settings_rule(self):
        v12, v13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
        with Poplar(settings={"tls-ciphers": '"ECDHE-ECDSA-AES256-GCM-SHA384"', "tls-groups":
                              '"secp384r1"', "tls-ciphersuites": '"TLS_CHACHA20_POLY1305_SHA256"'}
                    ) as p:
            with hello(p.tls_port, context=self.context(maximum_version=v12)) as tls:
                self.assertEqual(tls.cipher()[0], "ECDHE-ECDSA-AES256-GCM-SHA384")
            with hello(p.tls_port, context=self.context(minimum_version=v13)) as tls:
                self.assertEqual(tls.cipher()[0], "TLS_CHACHA20_POLY1305_SHA256")
            for bad in ({"maximum_version": v12, "ciphers": "ECDHE-ECDSA-AES128-GCM-SHA256"},
                        {"curve": "prime256v1"}):
                with self.assertRaises(ssl.SSLError):
                    hello(p.tls_port, context=self.context(**bad))

    def test_the_default_is_the_intermediate_profile(self):
        v12 = ssl.TLSVersion.TLSv1_2
        rsa = self.ca.issue("rsa-profile", kind="rsa")
        with Poplar(settings={"tls-certificate": f'"{rsa[0]}"', "tls-key": f'"{rsa[1]}"'}) as p:
            for good in ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-CHACHA20-POLY1305"):
                with hello(p.tls_port, context=self.context(maximum_version=v12,
                                                            ciphers=good)) as tls:
                    self.assertEqual(tls.cipher()[0], good)
            for bad in ("AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA256", "ECDHE-RSA-AES128-SHA",
                        "DHE-RSA-AES256-GCM-SHA384"):  # the last one costs the server too much
                with self.assertRaises(ssl.SSLError):
                    hello(p.tls_port, context=self.context(maximum_version=v12, ciphers=bad))
            # The client chooses.
            order = "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256"
            with hello(p.tls_port, context=self.context(maximum_version=v12,
                                                        ciphers=order)) as tls:
                self.assertEqual(tls.cipher()[0], "ECDHE-RSA-CHACHA20-POLY1305")


class Clients(Case):
    """Certificates of clients."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alice = cls.ca.issue("alice", "/CN=alice", "subjectAltName=email:alice@example.org")
        cls.stranger = Authority(cls.folder / "stranger").issue("eve", "/CN=alice")
        cls.cas = cls.folder / "cas.pem"
        cls.cas.write_text(cls.root.cert.read_text())

    def poplar(self, **settings):
        return Poplar(settings={"tls-client-ca": f'"{self.cas}"'}
                      | {k.replace("_", "-"): v for k, v in settings.items()})

    def context(self, pair=None, version=None):
        context = tls_context()
        if pair:
            context.load_cert_chain(*pair)
        if version:
            context.minimum_version = context.maximum_version = version
        return context

    def test_optional(self):
        """None will do, one that is given must be good."""
        with self.poplar(tls_client_verify="optional") as p:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                hello(p.tls_port, context=self.context(None, version)).close()
                hello(p.tls_port, context=self.context(self.alice, version)).close()
                for bad in (self.stranger, self.ca.expired("gone", subject="/CN=alice")):
                    with self.assertRaises((ssl.SSLError, OSError, AssertionError)):
                        hello(p.tls_port, context=self.context(bad, version))

    def test_required(self):
        with self.poplar(tls_client_verify="required") as p:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                hello(p.tls_port, context=self.context(self.alice, version)).close()
                for bad in (None, self.stranger):
                    with self.assertRaises((ssl.SSLError, OSError, AssertionError)):
                        hello(p.tls_port, context=self.context(bad, version))
            p.log.wait("event=tls-failed .*reason=.*peer did not return a certificate")

    def test_none(self):
        """Nobody is asked."""
        with self.poplar(tls_client_verify="none") as p:
            hello(p.tls_port, context=self.context(self.stranger)).close()

    def test_revoked_while_the_server_runs(self):
        """The list is read anew when it changes; a ticket does not let in whom the list refuses."""
        ca = Authority(self.folder / "revoking", "Revoking")
        bob, carol = (ca.issue(name, f"/CN={name}") for name in ("bob", "carol"))
        (cas := self.folder / "revoking.pem").write_text(ca.cert.read_text())
        crl = self.folder / "crl.pem"
        replace(crl, ca.crl())
        with self.poplar(tls_client_verify="optional", tls_client_ca=f'"{cas}"',
                         tls_client_crl=f'"{crl}"') as p:
            sessions = {}
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = self.context(bob, version)
                with hello(p.tls_port, context=context) as tls:
                    sessions[version] = context, tls.session
            mark = p.log.mark()
            ca.revoke(bob[0])
            replace(crl, ca.crl())
            p.log.wait("event=certificates-renewed", start=mark)
            self.until_refused(p, bob)
            for context, session in sessions.values():
                for _ in range(6):
                    with self.assertRaises((ssl.SSLError, OSError, AssertionError)):
                        hello(p.tls_port, context=context, session=session)
            p.log.wait("event=tls-failed .*reason=\"certificate verify failed\" "
                       "certificate=\"certificate revoked\"", start=mark)
            hello(p.tls_port, context=self.context(carol)).close()

    def until_refused(self, p, pair):
        """By every front: each takes the list in when it next looks."""
        refused = 0
        for _ in range(400):
            try:
                hello(p.tls_port, context=self.context(pair)).close()
                refused = 0
            except (ssl.SSLError, OSError, AssertionError):
                refused += 1
            if refused == 20:
                return
        self.fail("still let in")

    def test_no_list_no_entry(self):
        """A signer without a list cannot be held against one."""
        crl = self.folder / "foreign.crl"
        replace(crl, Authority(self.folder / "foreign").crl())
        with self.poplar(tls_client_verify="optional", tls_client_crl=f'"{crl}"') as p:
            with self.assertRaises((ssl.SSLError, OSError, AssertionError)):
                hello(p.tls_port, context=self.context(self.alice))
            hello(p.tls_port).close()

    def test_sessions_without_a_certificate_are_resumed_and_those_with_one_are_not(self):
        with self.poplar(tls_client_verify="optional") as p:
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                for pair, resumed in ((None, True), (self.alice, False)):
                    context = self.context(pair, version)
                    with hello(p.tls_port, context=context) as tls:
                        session = tls.session
                    self.assertEqual(session.has_ticket, resumed)
                    with hello(p.tls_port, context=context, session=session) as tls:
                        self.assertEqual(tls.session_reused, resumed)

    def test_a_ticket_from_before_does_not_spare_the_certificate(self):
        """Made while nobody was asked, used when everybody must have one."""
        with self.poplar(tls_client_verify="none") as p:
            tickets = []
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = self.context(None, version)
                with hello(p.tls_port, context=context) as tls:
                    tickets.append((context, tls.session))
            p.extra["tls-client-verify"] = "required"
            p.write_config()
            p.reload()
            for context, session in tickets:
                with self.assertRaises((ssl.SSLError, OSError, AssertionError)):
                    hello(p.tls_port, context=context, session=session)


class Staple(Case):
    """OCSP responses."""

    def status(self, p):
        out = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{p.tls_port}", "-status",
                              "-servername", "localhost"], input=b"QUIT\r\n", capture_output=True)
        return out.stdout.decode("utf-8", "replace")

    def poplar(self, pair, staple):
        return Poplar(settings={"tls-certificate": f'"{pair[0]}"', "tls-key": f'"{pair[1]}"',
                                "tls-ocsp": f'"{staple}"'})

    def test_stapled_and_read_again(self):
        pair = self.ca.issue("stapled")
        staple = self.folder / "staple.der"
        with self.poplar(pair, staple) as p:
            p.log.wait(f"event=staple-unusable file={staple} what=\"it cannot be read\"")
            self.assertIn("no response sent", self.status(p))
            mark = p.log.mark()
            replace(staple, self.ca.ocsp(pair[0]))
            p.log.wait("event=certificates-renewed", start=mark)
            for _ in range(200):
                if "Cert Status: good" in self.status(p):
                    break
            else:
                self.fail("not stapled")

    def test_about_another_certificate(self):
        pair, other = self.ca.issue("mine"), self.ca.issue("theirs")
        staple = self.folder / "other.der"
        staple.write_bytes(self.ca.ocsp(other[0]))
        with self.poplar(pair, staple) as p:
            p.log.wait("event=staple-unusable .*it is not about this certificate")
            self.assertIn("no response sent", self.status(p))

    def test_revoked_or_rubbish(self):
        pair = self.ca.issue("revoked")
        self.ca.revoke(pair[0])
        staple = self.folder / "revoked.der"
        staple.write_bytes(self.ca.ocsp(pair[0]))
        with self.poplar(pair, staple) as p:
            p.log.wait("event=staple-unusable .*it does not call the certificate good")
            self.assertIn("no response sent", self.status(p))
            mark = p.log.mark()
            replace(staple, b"rubbish")
            p.log.wait("event=certificates-renewed", start=mark)
            self.assertIn("no response sent", self.status(p))


if __name__ == "__main__":
    main()
