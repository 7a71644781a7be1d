"""Mail programs as Debian installs them: poplib, curl, mpop, fetchmail, mutt."""

import contextlib
import email
import mailbox
import os
import poplib
import pty
import shutil
import subprocess
import threading
import unittest

from harness import IS_ROOT, PATIENCE, ServerCase, main, on_wire, tls_context

MAIL = [
    b"From: a@example.org\nSubject: one\nDate: Fri, 20 Nov 2026 12:00:00 +0000\n"
    b"Message-ID: <1@example.org>\n\nplain\n.\n..\nend\n",
    b"From: b@example.org\nSubject: two\nMessage-ID: <2@example.org>\n"
    b"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    b"\xc3\xa4\xc3\xb6\xc3\xbc \xe2\x82\xac\n",
    b"From: c@example.org\nSubject: three\nMessage-ID: <3@example.org>\n\n"
    + b"".join(b"line %d of a longer message\n" % i for i in range(3000)),
]


class Programs(ServerCase):
    def setUp(self):
        super().setUp()
        for i, octets in enumerate(MAIL, 1):
            self.p.put(f"{i}.x", octets)
        self.home = self.p.dir / "home"
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir()

    def run_client(self, *args, ok=(0,), **kwargs):
        out = subprocess.run(args, capture_output=True, timeout=60,
                             env={"HOME": str(self.home), "PATH": os.environ["PATH"],
                                  "LANG": "C.UTF-8", "USER": "tester"}, **kwargs)
        self.assertIn(out.returncode, ok, out.stdout + out.stderr)
        return out

    def kept(self, path):
        """The messages of an mbox, as their bodies' lines."""
        box = mailbox.mbox(path)
        found = [m.get_payload(decode=False).replace("\r\n", "\n") for m in box]
        box.close()
        return found

    def bodies(self):
        return [email.message_from_bytes(m).get_payload(decode=False) for m in MAIL]

    def mpop(self, *lines, port=None, args=()):
        rc = self.home / ".mpoprc"
        rc.write_text("\n".join([
            "account default", "host localhost", f"port {port or self.p.port}", "user alice",
            "auth user", "password secret", f"delivery mbox {self.home}/mbox",
            f"uidls_file {self.home}/uidls",
            f"tls_trust_file {self.p.dir}/tls/cert.pem", *lines]) + "\n")
        rc.chmod(0o600)
        return self.run_client("mpop", "-C", rc, *args)

    def fetchmail(self, options, port=None, ok=(0,)):
        rc = self.home / ".fetchmailrc"
        rc.write_text(
            f"set idfile {self.home}/ids\nset pidfile {self.home}/pid\n"
            f"poll localhost protocol pop3 port {port or self.p.port} auth password uidl\n"
            f"user alice password secret {options} no rewrite mda \"{self.home}/mda\"\n")
        rc.chmod(0o600)
        mda = self.home / "mda"
        mda.write_text(f"#!/bin/sh\nexec cat > \"$(mktemp {self.home}/got-XXXXXX)\"\n")
        mda.chmod(0o755)
        return self.run_client("fetchmail", "-f", rc, "--nobounce", "--invisible", ok=ok)

    def fetched(self):
        found = []
        for path in self.home.glob("got-*"):
            message = email.message_from_bytes(path.read_bytes())
            found.append((message["Subject"], message.get_payload().replace("\r\n", "\n")))
        return sorted(found)

    def expected(self):
        messages = [email.message_from_bytes(m) for m in MAIL]
        return sorted((m["Subject"], m.get_payload()) for m in messages)


class Clients(Programs):
    # -- poplib

    def check_poplib(self, pop):
        pop.user("alice")
        pop.pass_("secret")
        self.assertEqual(pop.stat(), (3, sum(len(on_wire(m)) for m in MAIL)))
        self.assertEqual(len(pop.list()[1]), 3)
        self.assertEqual(pop.uidl()[1], [b"1 1.x", b"2 2.x", b"3 3.x"])
        for i, octets in enumerate(MAIL, 1):
            _, lines, _ = pop.retr(i)
            self.assertEqual(b"".join(line + b"\n" for line in lines), octets)
        self.assertEqual(pop.top(1, 1)[1][-1], b"plain")
        pop.dele(2)
        pop.rset()
        pop.dele(1)
        pop.quit()
        self.assertEqual(self.p.names(), ["new/2.x", "new/3.x"])

    def test_poplib(self):
        pop = poplib.POP3("127.0.0.1", self.p.port, timeout=PATIENCE)
        self.assertIn("UIDL", pop.capa())
        self.check_poplib(pop)

    def test_poplib_stls(self):
        pop = poplib.POP3("127.0.0.1", self.p.port, timeout=PATIENCE)
        pop.stls(tls_context())
        self.check_poplib(pop)

    def test_poplib_tls(self):
        self.check_poplib(poplib.POP3_SSL("127.0.0.1", self.p.tls_port, context=tls_context(),
                                          timeout=PATIENCE))

    # -- curl

    def test_curl(self):
        for base, extra in ((f"pop3://127.0.0.1:{self.p.port}", []),
                            (f"pop3://127.0.0.1:{self.p.port}", ["--ssl-reqd", "-k"]),
                            (f"pop3s://127.0.0.1:{self.p.tls_port}", ["-k"])):
            def curl(*args):
                return self.run_client("curl", "-sS", *extra, "-u", "alice:secret", *args).stdout

            self.assertEqual(curl(base + "/").split(b"\r\n")[0],
                             b"1 %d" % len(on_wire(MAIL[0])))
            for i, octets in enumerate(MAIL, 1):
                self.assertEqual(curl(f"{base}/{i}"), on_wire(octets))
            self.assertEqual(curl("-X", "UIDL 2", "-I", base + "/"), b"")
        self.run_client("curl", "-sS", "-u", "alice:secret", "-X", "DELE 1", "-I",
                        f"pop3://127.0.0.1:{self.p.port}/")
        self.assertEqual(self.p.names(), ["new/2.x", "new/3.x"])

    def test_curl_is_refused_with_a_wrong_password(self):
        self.run_client("curl", "-sS", "-u", "alice:wrong",
                        f"pop3://127.0.0.1:{self.p.port}/", ok=(67,))

    # -- mpop

    def test_mpop_leaves_mail_and_fetches_it_once(self):
        for how, port in ((("tls off", "keep on"), self.p.port),
                          (("tls on", "tls_starttls on", "keep on"), self.p.port),
                          (("tls on", "tls_starttls off", "keep on"), self.p.tls_port)):
            with self.subTest(how=how):
                self.mpop(*how, port=port)
                self.assertEqual(self.kept(self.home / "mbox"), self.bodies())
                self.mpop(*how, port=port)
                self.assertEqual(len(self.kept(self.home / "mbox")), 3)
                self.assertEqual(len(self.p.names()), 3)
                (self.home / "mbox").unlink()
                (self.home / "uidls").unlink()

    def test_mpop_pipelines_and_deletes(self):
        self.mpop("tls off", "keep off", args=("--pipelining=on",))
        self.assertEqual(self.kept(self.home / "mbox"), self.bodies())
        self.assertEqual(self.p.names(), [])

    # -- fetchmail

    def test_fetchmail_leaves_mail_and_fetches_it_once(self):
        trust = f"sslcertfile {self.p.dir}/tls/cert.pem sslcertck"
        for options, port in (("keep sslproto ''", self.p.port),
                              (f"keep sslproto TLS1.2+ {trust}", self.p.port),
                              (f"keep ssl {trust}", self.p.tls_port)):
            with self.subTest(options=options):
                self.fetchmail(options, port)
                self.assertEqual(self.fetched(), self.expected())
                self.fetchmail(options, port, ok=(1,))  # 1: no new mail
                self.assertEqual(len(self.fetched()), 3)
                self.assertEqual(len(self.p.names()), 3)
                for path in self.home.iterdir():
                    path.unlink()

    def test_fetchmail_deletes(self):
        self.fetchmail("nokeep sslproto ''")
        self.assertEqual(self.fetched(), self.expected())
        self.assertEqual(self.p.names(), [])


class Stopped(Programs):
    """Programs that end at the first message that is refused: nobody can stop them by sending one."""

    POISON = {"2.many": ("Subject: many\nTo: " + '"Grüße" <a@example.org>,\n ' * 3000 + "b@c\n\nx\n").encode(),
              "3.one": b"Subject: one word\nX: " + b"\xc3\xb6" * 70000 + b"\n\nx\n",
              "4.name": b'Subject: name\nTo: "' + b"\xc3\xb6" * 70000 + b'" <a@b>\n\nx\n',
              "5.latin": b"Subject: \xfc\nFrom: \xc3\xb6 <a@b>\nS\xc3\xbcbject: x\n\nx\n"}

    def setUp(self):
        super().setUp()
        (self.p.maildir() / "new" / "2.x").unlink()
        (self.p.maildir() / "new" / "3.x").rename(self.p.maildir() / "new" / "6.x")
        for name, octets in self.POISON.items():
            self.p.put(name, octets)

    def check(self, subjects):
        self.assertEqual(len(subjects), 6)
        self.assertLessEqual({"one", "many", "one word", "name", "three"}, set(subjects))
        self.assertEqual(self.p.names(), [])

    def test_fetchmail_fetches_what_lies_behind(self):
        self.fetchmail("nokeep sslproto ''")
        self.check([subject for subject, _ in self.fetched()])

    def test_fetchmail_with_retr_fetches_what_lies_behind(self):
        self.fetchmail("fetchall nokeep sslproto ''")
        self.check([subject for subject, _ in self.fetched()])

    def test_mpop_fetches_what_lies_behind(self):
        self.mpop("tls off", "keep off")
        box = mailbox.mbox(self.home / "mbox")
        self.check([m["Subject"] for m in box])
        box.close()


@unittest.skipUnless(shutil.which("mutt"), "no mutt")
class Mutt(Programs):
    """Takes the best mechanism of SASL that is offered, and tries no other where it fails."""

    def open(self, url):
        """Look at the maildrop and leave, at a terminal that nobody reads."""
        rc = self.home / "muttrc"
        rc.write_text(f"set folder={self.home}\nset quit=yes\nset pop_user=alice\nset pop_pass=secret\n"
                      f"set ssl_starttls=no\nset ssl_ca_certificates_file={self.p.dir}/tls/cert.pem\n"
                      f"set certificate_file={self.home}/none\n")
        master, slave = pty.openpty()
        mutt = subprocess.Popen(["mutt", "-n", "-F", rc, "-f", url, "-e", "push q"], stdin=slave, stdout=slave,
                                stderr=slave, start_new_session=True,
                                env={"HOME": str(self.home), "PATH": os.environ["PATH"], "TERM": "vt100"})
        os.close(slave)

        def read():
            with contextlib.suppress(OSError):
                while os.read(master, 65536):
                    pass
            os.close(master)

        threading.Thread(target=read, daemon=True).start()
        self.addCleanup(mutt.wait)
        self.addCleanup(mutt.kill)

    def test_mutt_over_tls_and_without(self):
        for url in (f"pop://alice@localhost:{self.p.port}/", f"pops://alice@localhost:{self.p.tls_port}/"):
            at = self.p.log.mark()
            self.open(url)
            self.p.log.wait("event=login user=alice .*method=SCRAM-SHA-256 messages=3", start=at)
            self.p.log.wait("event=session user=alice .* top=3 .*end=quit", start=at)


class ReadOnce(Programs):
    """EXPIRE 0: what has been fetched goes, however it was fetched. fetchmail never says RETR, but TOP n 99999999."""

    kwargs = {"settings": {"expire": '"never,0"'}}

    def fetch_whole(self, options):
        at = self.p.log.mark()
        self.fetchmail(options)
        self.assertEqual(self.fetched(), self.expected())
        self.p.log.wait(r"event=session .* retr=3 .* top=0 .* deleted=3 .*end=quit", start=at)
        self.assertEqual(self.p.names(), [])

    def test_fetchmail_that_keeps_has_all_of_the_mail(self):
        self.fetch_whole("keep sslproto ''")

    def test_fetchmail_that_deletes_has_all_of_the_mail(self):
        self.fetch_whole("nokeep sslproto ''")

    def test_fetchmail_over_tls_has_all_of_the_mail(self):
        self.fetch_whole(f"keep sslproto TLS1.2+ sslcertfile {self.p.dir}/tls/cert.pem sslcertck")


if __name__ == "__main__":
    main()
