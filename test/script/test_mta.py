"""Postfix, Exim and OpenSMTPD deliver to Poplar with the configuration in dist/, and swaks tries what they never do."""

import collections
import contextlib
import email
import os
import pathlib
import shutil
import smtplib
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from harness import BUILD, PATIENCE, Poplar, free_port, main, wait_until
from mta import Root, dist

DOMAIN = "example.org"


def message(number, text="hello\n", header=""):
    return f"From: s@sender.test\nSubject: {number}\nMessage-ID: <{number}@sender.test>\n{header}\n{text}"


class Hub(Poplar):
    """A server that takes mail by LMTP at a socket and a port."""

    def __init__(self, path, users=(), **settings):
        self.lmtp_port = free_port()
        self.socket = path
        names = {"alice": "secret", "bob": "hunter2", "carol": "x", "full": "full:{PLAIN}x::::::quota=2k"}
        super().__init__(users=names | dict(users), tls=False, settings={
            "listen-lmtp": f'{{"{path}", "127.0.0.1:{self.lmtp_port}"}}',
            # The users that the agents run as are those of another root.
            "lmtp-socket-mode": '"0666"', "recipient-domains": "strip"} | settings)

    def mail(self, user):
        """The messages of a maildrop, in the order of their names."""
        return [(self.maildir(user) / name).read_bytes() for name in self.names(user)]

    def subjects(self, user):
        return collections.Counter(email.message_from_bytes(m)["Subject"] for m in self.mail(user))

    def clear(self):
        for user in self.users:
            for name in self.names(user):
                (self.maildir(user) / name).unlink()

    def fill(self):
        """Leave no room for another message in the maildrop of `full`."""
        return self.put("1.in", b"Subject: there\n\n" + b"x" * 2000 + b"\n", user="full")


class AgentCase(unittest.TestCase):
    """An agent and a server for all tests of a class."""

    packages, accounts, users = (), (), ()

    @classmethod
    def setUpClass(cls):
        cls.root = cls.enterClassContext(Root(*cls.packages, users=cls.accounts))
        cls.prepare()
        cls.hub = cls.enterClassContext(Hub(cls.socket(), users=cls.users))
        cls.root.write("/etc/poplar/poplar.conf", cls.hub.config.read_text())
        cls.root.run("sh", "-c", f"mkdir -p /usr/local/sbin; ln -sf {BUILD}/poplar /usr/local/sbin/poplar")
        cls.start()

    @classmethod
    def socket(cls):
        return cls.root.folder / "lmtp"

    @classmethod
    def prepare(cls):
        """Before the server starts."""

    def setUp(self):
        self.forget()
        self.hub.clear()

    def forget(self):
        """Empty the agent's queue, for the sake of the next test when one has failed."""

    def check(self, **wanted):
        """Each of these users has exactly these messages, by their subjects, and the others have none."""
        for user in self.hub.users:
            self.assertEqual(self.hub.subjects(user), collections.Counter(wanted.get(user, ())),
                             f"{user}; {self.tail()}")

    def tail(self):
        """What the agent has logged."""
        return self.root.tail()

    def check_trace(self, octets, protocol):
        """The fields that Poplar adds, once, and in front."""
        lines = octets.split(b"\n")
        self.assertRegex(lines[0], rb"^Return-Path: <s@sender\.test>$")
        found = email.message_from_bytes(octets)
        self.assertEqual(len(found.get_all("Return-Path")), 1)
        self.assertRegex(found.get_all("Received")[0], rf"\bwith {protocol}\b")


def send(port, number, *to, sender="s@sender.test", **kwargs):
    with smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        return client.sendmail(sender, to, message(number, **kwargs).replace("\n", "\r\n"))


class Swaks(unittest.TestCase):
    """Dialogues that agents have only on a bad day."""

    @classmethod
    def setUpClass(cls):
        if not shutil.which("swaks"):
            raise unittest.SkipTest("needs swaks")
        folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        cls.hub = cls.enterClassContext(Hub(folder / "lmtp"))
        cls.by_socket = "--socket", str(folder / "lmtp")
        cls.by_port = "--server", f"127.0.0.1:{cls.hub.lmtp_port}"

    def setUp(self):
        self.hub.clear()

    def swaks(self, *args, to="alice@example.org", data=None, protocol="LMTP"):
        """Returns the exit status, and what was said."""
        out = subprocess.run(["swaks", "--protocol", protocol, "--from", "s@sender.test", "--to", to, "--data", "-", *args],
                             input=data or message("one"), capture_output=True, text=True, timeout=PATIENCE, check=False)
        return out.returncode, out.stdout + out.stderr

    def check(self, **wanted):
        for user in self.hub.users:
            self.assertEqual(self.hub.subjects(user), collections.Counter(wanted.get(user, ())), user)

    def test_all_commands_in_one_segment(self):
        for way in self.by_socket, self.by_port:
            with self.subTest(way=way):
                self.hub.clear()
                status, said = self.swaks(*way, "--pipeline", to="alice,nobody,bob")
                self.assertEqual(status, 0, said)
                self.assertIn("550 5.1.1", said)
                self.check(alice=["one"], bob=["one"])

    def test_the_client_vanishes(self):
        for option in ("--drop-after=connect", "--drop-after=mail", "--drop-after=rcpt", "--drop-after=data",
                       "--drop-after-send=mail", "--drop-after-send=rcpt", "--drop-after-send=data",
                       "--quit-after=connect", "--quit-after=mail", "--quit-after=rcpt"):
            with self.subTest(option=option):
                at = self.hub.log.mark()
                self.swaks(*self.by_socket, *option.split("="))
                end = self.hub.log.wait("event=lmtp-session", start=at)
                self.assertIn("messages=0 stored=0", end)
                self.check()

    def test_the_client_vanishes_behind_its_dot(self):
        """The outcome is awaited without it, or nobody has a message."""
        at = self.hub.log.mark()
        self.swaks(*self.by_socket, "--drop-after-send", "dot")
        self.hub.log.wait("event=lmtp-session", start=at)
        self.check(alice=["one"] * len(self.hub.log.find("event=delivered", at)))

    def test_smtp_is_not_spoken(self):
        for protocol in "SMTP", "ESMTP":
            status, said = self.swaks(*self.by_socket, protocol=protocol)
            self.assertNotEqual(status, 0)
            self.assertIn("500 5.5.1", said)
        self.check()

    def test_a_dot_between_bare_line_feeds_ends_nothing(self):
        data = "Subject: one\r\n\r\na\n.\nMAIL FROM:<x@y>\nb\r.\rc\r\n.\r\n"
        status, said = self.swaks(*self.by_socket, "--no-data-fixup", data=data)
        self.assertEqual(status, 0, said)
        octets, = self.hub.mail("alice")
        self.assertTrue(octets.endswith(b"\n\na\n.\nMAIL FROM:<x@y>\nb\r.\rc\n"), octets)


class Postfix(AgentCase):
    """Each way of delivery is a domain of its own: the files of dist/ say example.org."""

    packages = "postfix",
    accounts = "postfix", "postdrop"
    SPOOL = "/var/spool/postfix"

    @classmethod
    def prepare(cls):
        # Debian's lmtp(8) sees no other folder.
        cls.spool = cls.root.folder / "spool"
        cls.root.run("sh", "-c", f"mkdir -p {cls.spool} {cls.SPOOL}; cp -a {cls.SPOOL}/. {cls.spool}; "
                                 f"mount --bind {cls.spool} {cls.SPOOL}; install -d -m 0755 {cls.SPOOL}/poplar")

    @classmethod
    def socket(cls):
        return cls.spool / "poplar" / "lmtp"

    @classmethod
    def start(cls):
        cls.port, cls.strict_port = free_port(), free_port()
        cls.configure("main.cf")
        cls.root.run("sh", "-c", f"""cd /etc/postfix && cp /usr/share/postfix/dynamicmaps.cf . &&
            sed 's/^smtp  *inet/{cls.port} inet/' /usr/share/postfix/master.cf.dist >master.cf &&
            chown postfix /var/lib/postfix && cd /usr/sbin &&
            chgrp postdrop postqueue postdrop && chmod 2555 postqueue postdrop""")
        cls.root.write("/etc/postfix/master.cf", dist("postfix/master-pipe.cf") +
                       f"{cls.strict_port} inet n - y - - smtpd -o mynetworks=192.0.2.1\n", mode="a")
        cls.root.serve("sh", "-c", "exec postfix start-fg >&2")
        cls.root.log.wait("daemon started")

    @classmethod
    def configure(cls, name, **changes):
        cls.root.write("/etc/postfix/main.cf", dist(f"postfix/{name}", **changes) + """
            compatibility_level = 3.6
            """.replace("    ", "") + "\n".join([
                "maillog_file = /dev/stdout", "myhostname = mx.test", "mydestination =", "inet_protocols = ipv4",
                "inet_interfaces = 127.0.0.1", "alias_maps =", "alias_database =",
                # No mail leaves: bounces to senders would be tried again and again.
                "default_transport = discard:",
                # It tries again soon.
                "queue_run_delay = 1s", "minimal_backoff_time = 1s", "maximal_backoff_time = 1s",
                "address_verify_poll_delay = 1s"]) + "\n")

    def forget(self):
        self.root.run("postsuper", "-d", "ALL")

    def use(self, name, **changes):
        self.configure(name, **changes)
        at = self.root.log.mark()
        self.root.run("postfix", "reload")
        self.root.log.wait("master.* reload", start=at)

    def hasten(self):
        """Have Postfix try again now. It leaves a message alone for a minute or more whose last delivery process had
        not closed it by the time of the next attempt ("skipped, still being delivered"); this machine may be slow."""
        self.root.run("postqueue", "-f")

    def outcome(self, at, user, status="sent", count=1):
        pattern, end = rf"to=<{user}@{DOMAIN}>.* status={status} ", time.monotonic() + PATIENCE
        while True:
            try:
                return self.root.log.wait(pattern, start=at, count=count, patience=0)
            except AssertionError:  # the line has not come for some seconds
                if time.monotonic() > end:
                    raise
                self.hasten()

    def is_done(self):
        """Is the queue empty? If not, it will be sooner."""
        empty = b"empty" in self.root.run("mailq").stdout
        if not empty:
            self.hasten()
        return empty

    def exchange(self, number, *users, **kwargs):
        at = self.root.log.mark()
        send(self.port, number, *(f"{user}@{DOMAIN}" for user in users), **kwargs)
        return at

    def check_delivery(self, **kwargs):
        at = self.exchange("one", "alice", "bob", "carol", **kwargs)
        for user in ("alice", "bob", "carol"):
            self.outcome(at, user)
        self.check(alice=["one"], bob=["one"], carol=["one"])

    def test_a_message_for_three_comes_once_to_each(self):
        self.use("main.cf")
        self.check_delivery(text=".dot\n..\n" + "x" * 900 + "\nend")
        for user in ("alice", "bob", "carol"):
            octets = self.hub.mail(user)[0]
            self.check_trace(octets, "LMTP")
            self.assertTrue(octets.endswith(b"\n\n.dot\n..\n" + b"x" * 900 + b"\nend\n"), octets)

    def test_over_tcp(self):
        self.use("main-tcp.cf", **{"127.0.0.1:24": f"127.0.0.1:{self.hub.lmtp_port}"})
        self.check_delivery()
        self.check_trace(self.hub.mail("alice")[0], "LMTP")

    def test_by_the_command(self):
        self.use("main-pipe.cf")
        self.check_delivery()
        at = self.exchange("two", "nobody")
        self.assertIn("no such user", self.outcome(at, "nobody", "bounced"))
        filled = self.hub.fill()
        at = self.exchange("three", "full")
        self.outcome(at, "full", "deferred")
        os.unlink(filled)
        self.outcome(at, "full")
        self.check(alice=["one"], bob=["one"], carol=["one"], full=["three"])

    def test_an_unknown_recipient_is_refused_before_the_message_is_taken(self):
        self.use("main.cf")
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            send(self.strict_port, "one", f"nobody@{DOMAIN}")
        self.assertEqual([code for code, _ in refused.exception.recipients.values()], [550])
        send(self.strict_port, "two", f"alice+detail@{DOMAIN}")
        wait_until(lambda: self.hub.mail("alice"))
        self.check(alice=["two"])

    def test_one_of_two_over_quota_waits_and_the_other_has_it_once(self):
        self.use("main.cf")
        filled = self.hub.fill()
        at = self.exchange("one", "alice", "full")
        self.outcome(at, "alice")
        self.assertRegex(self.outcome(at, "full", "deferred"), r"dsn=4\.2\.2")
        self.outcome(at, "full", "deferred", count=2)
        os.unlink(filled)
        self.outcome(at, "full")
        self.check(alice=["one"], full=["one"])
        self.assertEqual(len(self.root.log.find(rf"to=<alice@{DOMAIN}>", at)), 1)

    def test_utf8(self):
        self.use("main.cf")
        at = self.root.log.mark()
        with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as client:
            client.sendmail("s@sender.test", [f"alice@{DOMAIN}"], message("größe").encode().replace(b"\n", b"\r\n"),
                            mail_options=["SMTPUTF8", "BODY=8BITMIME"])
        self.outcome(at, "alice")
        octets, = self.hub.mail("alice")
        self.check_trace(octets, "UTF8LMTP")
        self.assertIn("Subject: größe\n".encode(), octets)

    def test_mail_waits_for_a_server_that_is_down(self):
        self.use("main.cf")
        self.hub.stop()
        try:
            at = self.exchange("one", "alice", "bob")
            self.outcome(at, "alice", "deferred")
            self.outcome(at, "bob", "deferred")
        finally:
            self.hub.start()
        self.outcome(at, "alice")
        self.outcome(at, "bob")
        self.check(alice=["one"], bob=["one"])

    def test_a_restart_in_a_stream_of_mail_loses_and_doubles_nothing(self):
        self.use("main.cf")
        numbers = [f"n{i}" for i in range(40)]
        for i, number in enumerate(numbers):
            if i == 15:
                self.hub.stop()
            if i == 25:
                self.hub.start()
            self.exchange(number, "alice", "bob")
        wait_until(self.is_done)
        self.check(alice=numbers, bob=numbers)

    def test_restarts_in_the_middle_of_deliveries_lose_and_double_nothing(self):
        """Several connections are at any place of their sessions when the server stops: it says 421, or hears a message
        to the end and answers it."""
        numbers = [f"n{i}" for i in range(90)]
        for name, changes in (("main.cf", {}),
                              ("main-tcp.cf", {"127.0.0.1:24": f"127.0.0.1:{self.hub.lmtp_port}"})):
            with self.subTest(configuration=name):
                self.hub.clear()
                self.use(name, **changes)
                for first in 0, 30, 60:
                    at = self.hub.log.mark()
                    senders = [threading.Thread(target=self.send_all, args=(numbers[first + i:first + 30:3],))
                               for i in range(3)]
                    for sender in senders:
                        sender.start()
                    self.hub.log.wait("event=delivered", start=at)
                    self.hub.stop()
                    self.hub.start()
                    for sender in senders:
                        sender.join()
                wait_until(self.is_done)
                self.check(alice=numbers, bob=numbers)

    def send_all(self, numbers):
        with smtplib.SMTP("127.0.0.1", self.port, timeout=PATIENCE) as client:
            for number in numbers:
                client.sendmail("s@sender.test", [f"alice@{DOMAIN}", f"bob@{DOMAIN}"],
                                message(number).replace("\n", "\r\n"))


class Exim(AgentCase):
    packages = "exim4-daemon-light",
    accounts = "Debian-exim",

    @classmethod
    def start(cls):
        cls.root.run("sh", "-c", f"""mkdir -p /run/poplar /var/spool/exim4 /var/log/exim4 /etc/exim4
            ln -s {cls.socket()} /run/poplar/lmtp
            chown Debian-exim:Debian-exim /var/spool/exim4 /var/log/exim4""")

    def use(self, router, transport, **changes):
        """The parts of dist/ in a configuration that delivers at once."""
        self.root.write("/etc/exim4/exim4.conf", f"""
            primary_hostname = mx.test
            domainlist local_domains = {DOMAIN}
            keep_environment =
            hosts_connection_nolog = *
            smtputf8_advertise_hosts = *
            begin routers
            """.replace("    ", "") + dist(f"exim/{router}") + "begin transports\n"
            + dist(f"exim/{transport}", **changes) + "begin retry\n* * F,1h,1s\n")

    def forget(self):
        self.root.run("sh", "-c", "rm -rf /var/spool/exim4/input")

    def send(self, number, *users, **kwargs):
        """Returns after one attempt for each."""
        self.root.run("exim", "-odi", "-f", "s@sender.test", *(f"{user}@{DOMAIN}" for user in users),
                      input=message(number, **kwargs).encode())

    def retry(self):
        """Returns after one attempt for each that waits."""
        self.root.run("exim", "-qff")

    def waiting(self):
        return int(self.root.run("exim", "-bpc").stdout)

    def log(self):
        return self.root.run("cat", "/var/log/exim4/mainlog").stdout.decode()

    def tail(self):
        return self.log()

    def check_delivery(self, protocol="LMTP"):
        self.send("one", "alice", "bob", "carol", text=".dot\n..\nend\n")
        self.check(alice=["one"], bob=["one"], carol=["one"])
        for user in ("alice", "bob", "carol"):
            octets = self.hub.mail(user)[0]
            self.check_trace(octets, protocol)
            self.assertTrue(octets.endswith(b"\n\n.dot\n..\nend\n"), octets)
        self.assertEqual(self.waiting(), 0)

    def check_quota(self):
        filled = self.hub.fill()
        self.send("two", "dave", "full")
        self.retry()
        self.assertEqual(self.waiting(), 1)
        os.unlink(filled)
        self.retry()
        self.check(dave=["two"], full=["two"])
        self.assertEqual(self.waiting(), 0)

    users = {"dave": "x", "erin": "x"}.items()

    def test_a_batch_by_the_socket(self):
        self.use("router", "transport")
        self.check_delivery()

    def test_one_of_two_over_quota_by_the_socket(self):
        self.use("router", "transport")
        self.check_quota()

    def use_tcp(self):
        self.use("router-tcp", "transport-tcp", **{"port = 24": f"port = {self.hub.lmtp_port}"})

    def test_chunks_in_the_pipeline_by_tcp(self):
        self.use_tcp()
        self.check_delivery()
        self.assertRegex(self.log(), r"=> alice@.* K ")  # K: by BDAT

    def test_a_large_message_in_chunks(self):
        self.use_tcp()
        text = "".join(f"line {i} of a large message\n" for i in range(100_000))
        self.send("large", "alice", "bob", text=text)
        self.check(alice=["large"], bob=["large"])
        self.assertTrue(self.hub.mail("bob")[0].endswith(b"\n\n" + text.encode()))

    def test_one_of_two_over_quota_by_tcp(self):
        self.use_tcp()
        self.check_quota()

    def test_mail_waits_for_a_server_that_is_down(self):
        for use in (lambda: self.use("router", "transport"), self.use_tcp):
            with self.subTest(use=use):
                use()
                self.hub.clear()
                self.hub.stop()
                try:
                    self.send("one", "erin", "alice")
                    self.assertEqual(self.waiting(), 1)
                finally:
                    self.hub.start()
                self.retry()
                self.check(erin=["one"], alice=["one"])
                self.assertEqual(self.waiting(), 0)

    def test_by_the_command(self):
        self.use("router", "transport-pipe")
        self.check_delivery()
        self.send("two", "nobody")
        self.assertRegex(self.log(), rf"\*\* nobody@{DOMAIN} .* returned 67 \(could mean user nonexistent\)")
        self.check_quota_alone()

    def check_quota_alone(self):
        self.hub.clear()
        filled = self.hub.fill()
        self.send("three", "full")
        self.assertGreater(self.waiting(), 0)
        os.unlink(filled)
        self.retry()
        self.check(full=["three"])


class OpenSmtpd(AgentCase):
    packages = "opensmtpd",
    accounts = "opensmtpd", "opensmtpq"

    @classmethod
    def start(cls):
        cls.root.run("sh", "-c", f"""mkdir -p /run/poplar && ln -s {cls.socket()} /run/poplar/lmtp
            chgrp opensmtpq /usr/sbin/smtpctl && chmod 2555 /usr/sbin/smtpctl""")

    def use(self, name):
        """Start smtpd with a part of dist/."""
        self.port = free_port()
        self.root.write("/etc/smtpd.conf", f"listen on 127.0.0.1 port {self.port} hostname mx.test\n"
                        + dist(f"opensmtpd/{name}"))
        self.root.serve("smtpd", "-d", "-f", "/etc/smtpd.conf")
        self.addCleanup(self.root.end)
        wait_until(self.answers)

    def answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), PATIENCE) as s:
            return s.recv(1) == b"2"
        return False

    def outcome(self, at, user, result="Ok", count=1):
        return self.root.log.wait(rf"mda delivery .*\b{user}@{DOMAIN}\b.* result=\"?{result}", start=at, count=count)

    def check_delivery(self):
        at = self.root.log.mark()
        send(self.port, "one", f"alice@{DOMAIN}", f"bob@{DOMAIN}", text=".dot\n..\nend\n")
        self.outcome(at, "alice")
        self.outcome(at, "bob")
        self.check(alice=["one"], bob=["one"])
        octets, = self.hub.mail("alice")
        self.check_trace(octets, "LMTP")
        self.assertTrue(octets.endswith(b"\n\n.dot\n..\nend\n"), octets)

    def check_quota(self):
        filled = self.hub.fill()
        at = self.root.log.mark()
        send(self.port, "two", f"carol@{DOMAIN}", f"full@{DOMAIN}")
        self.outcome(at, "carol")
        self.outcome(at, "full", "TempFail")
        os.unlink(filled)
        self.root.run("smtpctl", "schedule", "all")
        self.outcome(at, "full")
        self.check(alice=["one"], bob=["one"], carol=["two"], full=["two"])

    def test_by_lmtp(self):
        self.use("smtpd.conf")
        self.check_delivery()
        self.check_quota()

    def test_by_the_command(self):
        self.use("smtpd-mda.conf")
        self.check_delivery()
        self.check_quota()
        at = self.root.log.mark()
        send(self.port, "three", f"nobody@{DOMAIN}")
        self.outcome(at, "nobody", "PermFail")


if __name__ == "__main__":
    main()
