"""poplar verify-move: what two servers show is compared, and no server is changed by it."""

import json
import socket
import threading
import unittest

from harness import PATIENCE, Poplar, free_port, main

MAIL = {"1700000001.M1P1.host": b"Subject: one\n\n.dot\n\none\n",
        "1700000002.M2P1.host": b"Subject: two\r\n\r\nlast line without end",
        "1700000003.M3P1.host": b"Subject: three\n\n" + b"x" * 9000 + b"\n"}


def fill(p, user, mail=MAIL):
    for name, octets in mail.items():
        p.put("new/" + name, octets, user)


class Comparing(unittest.TestCase):
    """Both servers are Poplar."""

    def setUp(self):
        self.old = self.enterContext(Poplar())
        self.new = self.enterContext(Poplar())
        self.passwords = self.write("passwords", "# users\nalice:secret\nbob:hunter2\n")
        fill(self.old, "alice")
        fill(self.new, "alice")

    def write(self, name, text):
        path = self.old.dir / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def verify(self, *more, **kwargs):
        args = {"old": f"127.0.0.1:{self.old.port}", "new": f"127.0.0.1:{self.new.port}",
                "passwords": self.passwords} | kwargs
        words = [w for k, v in args.items() if v is not None
                 for w in (f"--{k.replace('_', '-')}", str(v))]
        return self.old.run("verify-move", *words, *more)

    def test_the_same_mail_is_the_same(self):
        r = self.verify("--jobs", "1")
        self.assertEqual((r.returncode, r.stdout.splitlines()),
                         (0, ["alice: same, 3 messages, 9088 octets", "bob: same, 0 messages, 0 octets"]), r)
        self.assertIn("2 users: 2 the same, 0 differ, 0 not compared", r.stderr)

    def test_the_servers_keep_all_messages_as_they_are(self):
        before = [p.names() for p in (self.old, self.new)]
        self.assertEqual(self.verify().returncode, 0)
        self.assertEqual([p.names() for p in (self.old, self.new)], before)
        for p in (self.old, self.new):
            p.log.wait("end=hangup", count=2)  # a session without QUIT removes nothing

    def test_a_user_who_differs_is_told_in_a_line(self):
        (self.new.maildir() / "new" / "1700000002.M2P1.host").unlink()
        r = self.verify("--jobs", "1")
        self.assertEqual(r.returncode, 1)
        self.assertEqual(r.stdout.splitlines()[0],
                         'alice: differs: UIDL: the old server says "2 1700000002.M2P1.host",'
                         ' the new one "2 1700000003.M3P1.host" (and 1 more)')

    def test_octets_are_compared_too(self):
        path = self.new.maildir() / "new" / "1700000003.M3P1.host"
        path.write_bytes(path.read_bytes().replace(b"xx\n", b"yy\n"))
        r = self.verify("alice")
        self.assertEqual((r.returncode, r.stdout), (1, "alice: differs: RETR 3: the servers send different octets\n"))
        self.assertEqual(self.verify("--sample", "0", "alice").returncode, 0)

    def test_sizes_may_be_left_out(self):
        path = self.new.maildir() / "new" / "1700000001.M1P1.host"
        path.write_bytes(path.read_bytes() + b"more\n")
        self.assertEqual(self.verify("alice").returncode, 1)
        self.assertEqual(self.verify("--ignore-sizes", "--sample", "0", "alice").returncode, 0)

    def test_who_cannot_be_compared_is_told(self):
        r = self.verify("alice", "bob", "carol",
                        passwords=self.write("other", "alice:secret\nbob:wrong\n"))
        self.assertEqual(r.returncode, 75, r)
        said = dict(line.split(": ", 1) for line in r.stdout.splitlines())
        self.assertTrue(said["bob"].startswith("not compared: old server: no login: -ERR"), said)
        self.assertEqual(said["carol"], "not compared: old server: no login: no password is known for this user")

    def test_a_server_that_is_not_there_is_told(self):
        r = self.verify("alice", new=f"127.0.0.1:{free_port()}")
        self.assertEqual((r.returncode, r.stdout),
                         (75, "alice: not compared: new server: no session: the connection failed:"
                              " Connection refused\n"))

    def test_json_is_one_object_a_user(self):
        (self.new.maildir() / "new" / "1700000001.M1P1.host").unlink()
        r = self.verify("--json", "--jobs", "1")
        alice, bob = map(json.loads, r.stdout.splitlines())
        self.assertEqual((alice["user"], alice["result"], alice["messages"]), ("alice", "differs", 3))
        self.assertIn("UIDL", alice["text"])
        self.assertEqual(bob, {"user": "bob", "result": "same", "messages": 0, "octets": 0})
        self.assertEqual(r.stderr, "")

    def test_tls_proves_who_the_server_is(self):
        tls = {"old": f"localhost:{self.old.tls_port}", "new": f"localhost:{self.new.port}", "old_tls": "tls",
               "new_tls": "stls"}
        roots = self.old.dir / "roots.pem"
        roots.write_bytes(b"".join((p.dir / "tls" / "cert.pem").read_bytes() for p in (self.old, self.new)))
        self.assertEqual(self.verify("alice", roots=roots, **tls).returncode, 0)
        r = self.verify("alice", **tls)
        self.assertEqual((r.returncode, r.stdout),
                         (75, "alice: not compared: old server: no session: no TLS: self-signed certificate\n"))
        r = self.verify("alice", roots=self.old.dir / "tls" / "cert.pem", **tls)
        self.assertTrue(r.stdout.startswith("alice: not compared: new server: no session: no TLS:"), r)
        self.assertEqual(self.verify("--no-verify", "alice", **tls).returncode, 0)
        r = self.verify("alice", roots=self.old.dir / "none.pem", **tls)
        self.assertEqual(r.returncode, 64)
        self.assertIn("cannot use the root certificates", r.stderr)

    def test_the_name_in_the_certificate_is_the_servers(self):
        r = self.verify("alice", old=f"127.0.0.2:{self.old.tls_port}", old_tls="tls",
                        roots=self.old.dir / "tls" / "cert.pem")
        self.assertEqual(r.returncode, 75)

    def test_wrong_command_lines_are_refused(self):
        for args in ([], ["--old", "a", "--new", ""], ["--old", "a", "--new", "b"],
                     ["--old", "a", "--new", "b", "--passwords", "/nonexistent"],
                     ["--old", "a", "--new", "b", "--passwords", str(self.passwords), "--jobs", "0"],
                     ["--old", "a", "--new", "b", "--passwords", str(self.passwords), "--separator", "ab"]):
            r = self.old.run("verify-move", *args)
            self.assertEqual(r.returncode, 64, args)
            self.assertTrue(r.stderr, args)


class Master(unittest.TestCase):
    def test_a_master_user_compares_users_without_their_passwords(self):
        with Poplar() as old, Poplar() as new:
            fill(old, "alice")
            fill(new, "alice")
            secrets = old.dir / "passwords"
            secrets.write_text("alice:secret\n")
            secrets.chmod(0o600)
            lines = []
            with socket.create_server(("127.0.0.1", 0)) as relay:
                thread = threading.Thread(target=self.relay, args=(relay, old.port, lines), daemon=True)
                thread.start()
                file = old.dir / "master"
                file.write_text("admin:m secret\n")
                file.chmod(0o600)
                r = old.run("verify-move", "--old", f"127.0.0.1:{relay.getsockname()[1]}", "--new",
                            f"127.0.0.1:{new.port}", "--old-master", str(file), "--separator", "+",
                            "--new-passwords", str(secrets), "alice")
                thread.join(PATIENCE)
            self.assertEqual(r.returncode, 0, r)
            self.assertEqual(lines[:2], [b"USER alice+admin\r\n", b"PASS m secret\r\n"])

    @staticmethod
    def relay(listener, port, lines):
        """Passes a session on, and logs the master user in as alice."""
        client, _ = listener.accept()
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            replies, commands = server.makefile("rb"), client.makefile("rb")
            client.sendall(replies.readline())
            for line in commands:
                lines.append(line)
                server.sendall({b"USER alice+admin\r\n": b"USER alice\r\n",
                                b"PASS m secret\r\n": b"PASS secret\r\n"}.get(line, line))
                reply = replies.readline()
                client.sendall(reply)
                if line[:4] in (b"LIST", b"UIDL", b"RETR"):
                    while reply != b".\r\n":
                        reply = replies.readline()
                        client.sendall(reply)


if __name__ == "__main__":
    main()
