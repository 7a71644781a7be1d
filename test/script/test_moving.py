"""Users move from the POP3 servers that Debian has to Poplar, and back: no client fetches a message twice.

Each server runs in a root of its own. A small inetd here gives its program one connection each; for programs that a
separate login starts, it answers USER and PASS itself.
"""

import os
import shutil
import socket
import subprocess
import threading
import unittest

from harness import IS_ROOT, PATIENCE, Client, Poplar, main
from mta import Root

USER, PASSWORD = "mover", "secret"
NAMES = ["1700000003.M300003P13.mx1.example.net", "1700000001.M100001P11.mx1.example.net",
         "1700000002.M200002P12.mx1.example.net", "1700000009.M9P1.mx2.example.net",
         "1700000009.M10P1.mx2.example.net", "1600000000.M1P1.mx1.example.net"]


def message(number):
    return (f"From: a{number}@example.org\nTo: u@example.net\nSubject: message {number}\n"
            f"Date: Mon, 13 Nov 2023 22:13:2{number} +0000\nMessage-ID: <m{number}@example.org>\n\n"
            f"text of message {number}\n").encode()


class Inetd:
    """Gives each connection to a program as its standard input and output."""

    def __init__(self, root, command, logs_in, greets):
        self.root, self.command, self.logs_in, self.greets = root, command, logs_in, greets
        self.children = []
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.port = self.sock.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.sock.accept()
            except OSError:
                return
            with connection:
                if not self.logs_in or self.log_in(connection):
                    self.children.append(subprocess.Popen(
                        self.root.command(*self.command), stdin=connection, stdout=connection,
                        stderr=subprocess.DEVNULL))

    def log_in(self, connection):
        """What the program says first answers PASS, if it says something."""
        connection.sendall(b"+OK\r\n")
        line = b""
        while octet := connection.recv(1):
            line += octet
            if octet != b"\n":
                continue
            word, line = line[:4].upper(), b""
            if word == b"PASS":
                if not self.greets:
                    connection.sendall(b"+OK\r\n")
                return True
            connection.sendall(b"+OK\r\n" if word == b"USER" else b"-ERR\r\n")
            if word == b"QUIT":
                break
        return False

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        self.thread.join(PATIENCE)
        for child in self.children:
            child.wait(PATIENCE)


class New(Poplar):
    """The new server, on whose machine the old one has a user with the same uid."""

    def __init__(self):
        super().__init__(users={USER: PASSWORD, "back": PASSWORD}, tls=False)


class Moving:
    """The tests, for each server. A class says how to run it."""

    accounts = ()
    kind, packages, logs_in, greets, is_mbox, exports = "", (), True, True, False, False
    unlike = ()  # what verify-move must not compare

    @classmethod
    def setUpClass(cls):
        if not IS_ROOT:
            raise unittest.SkipTest("needs root")
        cls.root = cls.enterClassContext(Root(*cls.packages, users=(USER, *cls.accounts)))
        cls.prepare()

    @classmethod
    def prepare(cls):
        """Configure the server."""

    def setUp(self):
        self.home = self.root.folder / "home"
        shutil.rmtree(self.home, ignore_errors=True)
        self.maildir = self.home / "Maildir"
        for name in "", "new", "cur", "tmp":
            (self.maildir / name).mkdir(parents=True)
        self.spool = self.root.folder / "spool"
        shutil.rmtree(self.spool, ignore_errors=True)
        self.spool.mkdir()
        self.new = self.enterContext(New())
        self.clients = self.new.dir / "clients"
        self.clients.mkdir()
        self.number = self.port = 0
        for _ in NAMES[:4]:
            self.deliver()
        self.old = Inetd(self.root, self.command(self.maildir), self.logs_in, self.greets)
        self.addCleanup(self.old.close)

    def source(self):
        return self.spool / USER if self.is_mbox else self.maildir

    def deliver(self):
        """The next message comes to the old server. Its time is neither the order of names nor of others."""
        name, octets = NAMES[self.number], message(self.number)
        time = 1700000100 - self.number
        self.number += 1
        if self.is_mbox:
            with open(self.spool / USER, "ab") as f:
                f.write(b"From a@example.org Mon Nov 13 22:13:21 2023\n" + octets + b"\n")
        else:
            path = self.maildir / "new" / name
            path.write_bytes(octets)
            os.utime(path, (time, time))
        self.give()

    def give(self):
        """The mail belongs to the user of Poplar, and to the old server's."""
        for folder in self.home, self.spool:
            for path in folder, *folder.rglob("*"):
                os.chown(path, self.new.mail_uid, 8)
                path.chmod(0o700 if path.is_dir() else 0o600)

    def listing(self, port, command="UIDL", user=USER):
        client = Client(port)
        client.login(user, PASSWORD)
        lines = client.listing(command)
        client.quit()
        return lines

    def move(self, *args):
        self.give()
        out = self.new.run("import", self.kind, *args, "--from", str(self.source()), USER)
        self.assertEqual(out.returncode, 0, out.stdout + out.stderr)
        return out

    def octets(self, lines):
        return [line.split()[1] for line in lines]

    # -- clients

    def mda(self):
        path = self.clients / "mda"
        path.write_text(f"#!/bin/sh\nexec cat >\"$(mktemp {self.clients}/got-XXXXXX)\"\n")
        path.chmod(0o755)
        return path

    def fetchmail(self, port):
        rc, mda = self.clients / "fetchmailrc", self.mda()
        rc.write_text(f"set idfile {self.clients}/ids\nset pidfile {self.clients}/pid\n"
                      f"poll localhost protocol pop3 port {port} auth password uidl\n"
                      f"user {USER} password {PASSWORD} sslproto '' keep no rewrite mda \"{mda}\"\n")
        rc.chmod(0o600)
        out = subprocess.run(["fetchmail", "-f", rc, "--nobounce", "--invisible"], capture_output=True, timeout=PATIENCE,
                             env={"HOME": str(self.clients), "PATH": os.environ["PATH"], "USER": USER}, check=False)
        self.assertIn(out.returncode, (0, 1), out.stdout + out.stderr)
        return self.take()

    def getmail(self, port):
        (self.clients / "getmailrc").write_text(
            f"[retriever]\ntype = SimplePOP3Retriever\nserver = localhost\nport = {port}\nusername = {USER}\n"
            f"password = {PASSWORD}\n[destination]\ntype = MDA_external\npath = {self.mda()}\n"
            "allow_root_commands = true\n[options]\ndelete = false\nread_all = false\n")
        # Its state is that of a server and a port: the new server has another port here.
        for state in self.clients.glob("oldmail-*"):
            state.rename(state.with_name(state.name.replace(str(self.port), str(port))))
        self.port = port
        out = subprocess.run(["getmail", "--getmaildir", self.clients, "--rcfile", "getmailrc"], capture_output=True,
                             timeout=PATIENCE, env={"HOME": str(self.clients), "PATH": os.environ["PATH"]}, check=False)
        self.assertEqual(out.returncode, 0, out.stdout + out.stderr)
        return self.take()

    def take(self):
        paths = list(self.clients.glob("got-*"))
        found = [path.read_bytes() for path in paths]
        for path in paths:
            path.unlink()
        return self.subjects(found)

    @staticmethod
    def subjects(messages):
        return sorted(int(line.split()[-1]) for octets in messages for line in octets.split(b"\n\n")[0].splitlines()
                      if line.startswith(b"Subject: "))

    # -- the tests

    def test_unique_ids_and_order(self):
        shown = self.listing(self.old.port)
        self.assertEqual(len(shown), 4)
        self.move()
        self.assertEqual(self.listing(self.new.port), shown)
        self.assertEqual(self.listing(self.old.port), shown)

    def test_a_late_message_with_an_old_name(self):
        self.listing(self.old.port)
        self.deliver()
        self.deliver()
        shown = self.listing(self.old.port)
        self.assertEqual(len(shown), 6)
        self.move()
        self.assertEqual(self.listing(self.new.port), shown)

    def test_after_a_removal(self):
        client = Client(self.old.port)
        client.login(USER, PASSWORD)
        client.listing("UIDL")
        client.ok("DELE 2")
        client.quit()
        shown = self.listing(self.old.port)
        self.assertEqual(len(shown), 3)
        self.move()
        self.assertEqual(self.listing(self.new.port), shown)

    def test_verify_move_proves_it(self):
        self.listing(self.old.port)
        self.move()
        secrets = self.clients / "passwords"
        secrets.write_text(f"{USER}:{PASSWORD}\n")
        secrets.chmod(0o600)
        words = ["verify-move", "--old", f"127.0.0.1:{self.old.port}", "--new", f"127.0.0.1:{self.new.port}",
                 "--passwords", str(secrets), *self.unlike]
        out = self.new.run(*words)
        self.assertEqual(out.returncode, 0, out.stdout + out.stderr)
        self.assertIn(f"{USER}: same, 4 messages", out.stdout)
        client = Client(self.new.port)
        client.login(USER, PASSWORD)
        client.ok("DELE 4")
        client.quit()
        out = self.new.run(*words)
        self.assertEqual(out.returncode, 1, out.stdout + out.stderr)
        self.assertIn("UIDL: the old server says", out.stdout)

    def check_client(self, fetch):
        """A client that leaves mail on the server."""
        self.assertEqual(fetch(self.old.port), [0, 1, 2, 3])
        self.deliver()
        self.assertEqual(fetch(self.old.port), [4])
        self.move()
        self.assertEqual(fetch(self.new.port), [])
        self.new.put("1900000000.M1P1.here", message(7), user=USER)
        self.assertEqual(fetch(self.new.port), [7])
        self.assertEqual(fetch(self.new.port), [])

    @unittest.skipUnless(shutil.which("fetchmail"), "needs fetchmail")
    def test_fetchmail_fetches_nothing_twice(self):
        self.check_client(self.fetchmail)

    @unittest.skipUnless(shutil.which("getmail"), "needs getmail")
    def test_getmail_fetches_nothing_twice(self):
        self.check_client(self.getmail)

    def test_and_back(self):
        if not self.exports:
            self.skipTest("this server keeps no list of unique-ids")
        self.listing(self.old.port)
        self.move()
        client = Client(self.new.port)
        client.login(USER, PASSWORD)
        client.ok("DELE 2")
        client.quit()
        shown = self.listing(self.new.port)
        self.assertEqual(len(shown), 3)
        out = self.new.run("export", self.kind, USER)
        self.assertEqual(out.returncode, 0, out.stdout + out.stderr)
        shutil.rmtree(self.maildir)
        shutil.copytree(self.new.maildir(USER), self.maildir)
        self.give()
        self.assertEqual(self.listing(self.old.port), shown)


class Dovecot(Moving, unittest.TestCase):
    kind, packages, greets, exports = "dovecot", ("dovecot-pop3d",), False, True

    def command(self, maildir, *settings):
        settings = [f"mail_location=maildir:{maildir}", "mail_uid=mail", "mail_gid=mail", "first_valid_uid=1",
                    "log_path=/dev/null", *settings]
        options = [word for setting in settings for word in ("-o", setting)]
        return ["env", f"USER={USER}", f"HOME={self.home}", "/usr/bin/setpriv", "--reuid=8", "--regid=8", "--clear-groups",
                "/usr/lib/dovecot/pop3", "-c", "/etc/dovecot/dovecot.conf", *options]

    def test_formats(self):
        for text in "%v.%u", "%f", "%Mf", "UID%u-%v", "%08Xv%08Xu":
            with self.subTest(format=text):
                self.doCleanups()
                self.setUp()
                self.old.command = self.command(self.maildir, f"pop3_uidl_format={text}")
                shown = self.listing(self.old.port)
                self.move("--format", text)
                self.assertEqual(self.listing(self.new.port), shown)


class Courier(Moving, unittest.TestCase):
    kind, packages, exports = "courier", ("courier-pop",), True

    def command(self, maildir):
        return ["env", f"AUTHENTICATED={USER}", f"AUTHADDR={USER}", f"HOME={self.home}", "/usr/bin/setpriv", "--reuid=8",
                "--regid=8", "--clear-groups", "/usr/lib/courier/courier/courierpop3d", str(maildir)]


class Mailfront(Moving, unittest.TestCase):
    kind, packages = "mailfront", ("mailfront",)
    unlike = "--ignore-sizes", "--sample", "0"  # it lists octets on disk, and sends an empty line too many

    def command(self, maildir):
        return ["/usr/bin/setpriv", "--reuid=8", "--regid=8", "--clear-groups", "/usr/sbin/pop3front-maildir",
                str(maildir)]


class WithPassword(Moving):
    """Servers that log their users in."""

    logs_in = False

    @classmethod
    def prepare(cls):
        cls.root.run("sh", "-c", f"sed -i '/^{USER}:/d' /etc/passwd /etc/shadow; "
                                 f"echo '{USER}:x:8:8::{cls.root.folder}/home:/bin/sh' >>/etc/passwd; "
                                 f"echo '{USER}:*:19000:0:99999:7:::' >>/etc/shadow; echo '{USER}:{PASSWORD}' | chpasswd; "
                                 f"rm -rf /var/mail; ln -s {cls.root.folder}/spool /var/mail; "
                                 "rm -rf /var/spool/mail; ln -s /var/mail /var/spool/mail")


class Popa3d(WithPassword, unittest.TestCase):
    kind, packages, is_mbox = "popa3d", ("popa3d",), True
    accounts = ("popa3d",)

    def command(self, _):
        return ["/usr/sbin/popa3d"]


class SolidPop3d(WithPassword, unittest.TestCase):
    kind, packages = "solid-pop3d", ("solid-pop3d",)
    accounts = ("spop3d",)

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.root.write("/etc/spop3d.conf", "<Global>\nMailDropName Maildir\nMailDropType maildir\n</Global>\n")

    def command(self, _):
        return ["/usr/sbin/solid-pop3d"]


if __name__ == "__main__":
    main()
