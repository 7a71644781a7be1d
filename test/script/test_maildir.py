"""Maildirs as the world writes them, read by real sessions."""

import os
import random
import signal
import stat
import subprocess
import threading
import unittest
from pathlib import Path

from harness import IS_ROOT, Poplar, ServerCase, main, on_wire, unstuff, wait_until

ODD = {
    "empty": b"",
    "newline": b"\n",
    "crlf": b"\r\n",
    "dot": b".",
    "dot-lf": b".\n",
    "dots": b".\n..\n...\n.",
    "dot-crlf": b".\r\n.\r\n",
    "no final newline": b"Subject: x\n\nbody",
    "final cr": b"body\r",
    "crcrlf": b"a\r\r\nb\r\n",
    "mixed": b"a\nb\r\nc\n.\r\nd",
    "lone crs": b"a\rb\r.c\rd\n",
    "nul": b"a\0b\0\n\0.\n.\0\n",
    "eight bit": bytes(range(256)) * 3,
    "header only": b"Subject: x\nTo: y\n",
    "empty header": b"\nbody\n",
    "smuggle": b"x\r\n.\r\n+OK 1 0\r\n\n.\n+OK\n",
    "long line": b"y" * 5_000_000 + b"\n",
    "long dots": (b"." * 70 + b"\n") * 20000,
    "boundaries": b"".join(b"." + b"z" * n + b"\n" for n in range(0, 4000, 7)),
    "chunk edges": b"q" * 65535 + b"\n" + b"q" * 65534 + b"\r\n" + b"." * 65536 + b"\n.",
}


class Messages(ServerCase):
    def check_all(self, messages, tls=False):
        for i, octets in enumerate(messages):
            self.p.put(f"{1000 + i}.x", octets)
        c = self.p.login(tls=tls)
        wires = [on_wire(octets) for octets in messages]
        self.assertEqual(c.ask("STAT"), f"+OK {len(wires)} {sum(map(len, wires))}")
        self.assertEqual(c.listing(), [f"{i} {len(w)}" for i, w in enumerate(wires, 1)])
        for i, wire in enumerate(wires, 1):
            got = c.multi(f"RETR {i}")
            self.assertEqual(unstuff(got), wire)
            self.assertEqual(c.ask(f"LIST {i}"), f"+OK {i} {len(wire)}")  # still in step
        return c

    def test_odd_messages_come_whole_and_sized(self):
        """S25 of test_history.py: any stored octets reach the client, and the next reply is in step."""
        self.check_all(ODD.values()).quit()

    def test_odd_messages_over_tls(self):
        self.check_all(ODD.values(), tls=True).quit()

    def test_random_messages(self):
        rng = random.Random(1939)
        messages = []
        for _ in range(60):
            pieces = [rng.choice([b"\n", b"\r\n", b"\r", b".", b"\0", b"text", b"x" * 998,
                                  b"\n.", b"\r\n.\r\n", b"\xff"])
                      for _ in range(rng.randrange(400))]
            messages.append(b"".join(pieces))
        self.check_all(messages).quit()

    def test_messages_stored_as_they_go_out(self):
        """Those need not be converted, nor read where they are large: the same octets, TOP as ever."""
        text = b"Subject: x\r\n\r\n" + b"".join(b"%d. line\r\n" % i for i in range(800_000))
        sizes = (20, 1000, 65536, 131071, 131072, 131073, 147456, 393217, 1_000_000, 9_000_000)
        messages = [b"", b"\r\n"] + [text[:size - 2] + b"\r\n" for size in sizes]
        for tls in False, True:
            c = self.check_all(messages, tls)
            for i, octets in enumerate(messages, 1):
                top = b"".join(octets.splitlines(keepends=True)[:5])
                self.assertEqual(c.multi(f"TOP {i} 3"), top + b".\r\n")
            c.send("".join(f"RETR {i}\r\n" for i in range(1, len(messages) + 1)))
            for octets in messages:  # more than the socket takes, so that the server must wait
                self.assertEqual(c.line()[:3], b"+OK")
                self.assertEqual(c.take(len(octets) + 3), octets + b".\r\n")
            c.quit()

    def test_messages_in_any_order(self):
        """Bodies are fetched before they are asked for; each reply is the one asked for."""
        wires = [on_wire(b"Subject: %d\n\nbody %d\n" % (i, i)) for i in range(61)]
        for i, wire in enumerate(wires):
            self.p.put(f"{1000 + i}.x", wire)
        open_before = self.p.descriptors("poplar-front")
        rng = random.Random(1225)
        c = self.p.login()
        wanted, at = [], 1
        while len(wanted) < 600:
            for _ in range(rng.choice([1, 1, 2, 3, 5, 20])):
                wanted.append((rng.choice(["RETR", "RETR", "TOP"]), at))
                at = at % 60 + 1
            at = rng.randrange(1, 61)
        some = 0
        while some < len(wanted):
            piece = wanted[some:some + rng.choice([1, 1, 2, 9, 30])]
            some += len(piece)
            c.send(b"".join(b"%s %d%s\r\n" % (verb.encode(), n, b" 9" if verb == "TOP" else b"")
                            for verb, n in piece))
            for verb, n in piece:
                self.assertTrue(c.line().startswith(b"+OK"))
                self.assertEqual(c.lines(), wires[n - 1] + b".\r\n", (verb, n))
        for n in range(1, 61):
            c.ok(f"DELE {n}")
        self.assertEqual(c.multi("RETR 61"), wires[60] + b".\r\n")
        c.quit()
        self.assertEqual(self.p.names(), ["new/1060.x"])
        wait_until(lambda: self.p.descriptors("poplar-front") <= open_before)

    def test_top_is_the_beginning_of_retr(self):
        text = b"A: b\nC: d\n\n" + b"".join(b"line %d\n.%d\n" % (i, i) for i in range(50)) + b"e"
        self.p.put("1.x", text)
        self.p.put("2.x", b"no: body\nat: all")
        c = self.p.login()
        whole = c.multi("RETR 1")
        head = whole.index(b"\r\n\r\n") + 4
        body = whole[head:-3].split(b"\r\n")
        for n in list(range(0, 103)) + [1000, 4294967295]:
            expected = whole[:head] + b"".join(line + b"\r\n" for line in body[:-1][:n])
            self.assertEqual(c.multi(f"TOP 1 {n}"), expected + b".\r\n", n)
        for n in (0, 1, 100):
            self.assertEqual(c.multi(f"TOP 2 {n}"), b"no: body\r\nat: all\r\n.\r\n")
        c.quit()

    def test_a_gigabyte_in_constant_memory(self):
        """1 GiB in one line and a bit; sparse on disk, whole on the wire."""
        path = self.p.put("1.x", b"Subject: large\n\n")
        size = 1 << 30
        with open(path, "r+b") as f:
            f.truncate(size)
        before = {role: self.p.memory(role) for role in ("poplar-front", "poplar-drop")}
        c = self.p.login()
        self.assertEqual(c.ask("LIST 1"), f"+OK 1 {size + 4}")
        c.ok("RETR 1")
        tail = c.take(len(c.buffer))
        left = size + 4 + 3 - len(tail)
        room = bytearray(1 << 20)
        while left > 0:
            n = c.sock.recv_into(room)
            self.assertGreater(n, 0)
            left -= n
            tail = (tail + bytes(room[max(0, n - 5):n]))[-5:]
        self.assertEqual((left, tail), (0, b"\r\n.\r\n"))
        self.assertEqual(c.ask("STAT"), f"+OK 1 {size + 4}")
        for role, kib in before.items():
            self.assertLess(self.p.memory(role) - kib, 2048, role)
        c.quit()

    def test_many_messages(self):
        """20,000 messages: order, numbers, unique-ids, marks; memory of the front constant."""
        names = [f"{i}.M{i % 7}.x,S=2,W=3" for i in range(1, 20001)]
        folder = os.fsencode(self.p.maildir() / "new")
        for name in names:
            os.close(os.open(folder + b"/" + name.encode(), os.O_CREAT | os.O_WRONLY, 0o644))
            with open(folder + b"/" + name.encode(), "wb") as f:
                f.write(b"x\n")
        before = self.p.memory("poplar-front")
        c = self.p.login()
        self.assertEqual(c.ask("STAT"), "+OK 20000 60000")
        self.assertEqual(c.listing("UIDL"), [f"{i} {n}" for i, n in enumerate(names, 1)])
        c.send(b"".join(b"DELE %d\r\n" % i for i in range(1, 20001, 2)))
        for i in range(1, 20001, 2):
            self.assertEqual(c.line(), b"+OK message %d deleted" % i)
        self.assertEqual(c.ask("STAT"), "+OK 10000 30000")
        self.assertLess(self.p.memory("poplar-front") - before, 2048)
        self.assertEqual(c.quit(), "+OK signing off, 10000 messages left")
        self.assertEqual(self.p.names(), sorted("new/" + n for n in names[1::2]))

    def test_delivery_order(self):
        order = ["5.M2.h", "5.M10.h", "10.P1.h", "10.M1P2.h", "1600000000.M1.h", "1700000000.h"]
        for name in reversed(order):
            self.p.put(name, b"x\n")
        c = self.p.login()
        self.assertEqual(c.listing("UIDL"), [f"{i} {n}" for i, n in enumerate(order, 1)])
        c.quit()

    def test_names_that_are_no_unique_id(self):
        names = ["1.a b", "2.\xff\xfe", "3." + "x" * 80, "4.ok", "5.%n%s"]
        for name in names:
            self.p.put(name, name.encode() + b"\n")
        c = self.p.login()
        first = c.listing("UIDL")
        c.quit()
        uids = [line.split(" ", 1)[1] for line in first]
        self.assertEqual(len(set(uids)), 5)
        self.assertEqual([uids[3], uids[4]], ["4.ok", "5.%n%s"])
        for uid in uids:
            self.assertRegex(uid, r"^[\x21-\x7e]{1,70}$")
        c = self.p.login()
        self.assertEqual(c.listing("UIDL"), first)
        c.quit()


class Neighbours(ServerCase):
    def test_a_message_that_vanishes(self):
        self.p.put("1.x", b"one\n")
        self.p.put("2.x", b"two\n")
        c = self.p.login()
        os.unlink(self.p.maildir() / "new" / "1.x")
        c.err("RETR 1")
        c.err("TOP 1 0")
        self.assertEqual(c.multi("RETR 2"), b"two\r\n.\r\n")
        c.ok("DELE 1")
        self.assertEqual(c.quit(), "+OK signing off, 1 message left")
        self.assertEqual(self.p.names(), ["new/2.x"])

    def test_messages_that_vanish_from_a_run(self):
        """One that was fetched early is still sent; one that was not is refused alone."""
        for i in range(1, 31):
            self.p.put(f"{i:02}.x", b"%d\n" % i)
        c = self.p.login()
        for n in (1, 2):
            self.assertEqual(c.multi(f"RETR {n}"), b"%d\r\n.\r\n" % n)
        for n in (15, 17, 30):
            os.unlink(self.p.maildir() / "new" / f"{n:02}.x")
        for n in range(3, 31):
            if n in (15, 17, 30):
                c.err(f"RETR {n}")
            else:
                self.assertEqual(c.multi(f"RETR {n}"), b"%d\r\n.\r\n" % n)
        c.quit()

    def test_a_message_that_moves_and_changes_flags(self):
        self.p.put("1.x", b"one\n")
        self.p.put("2.x", b"two\n")
        c = self.p.login()
        root = self.p.maildir()
        os.rename(root / "new" / "1.x", root / "cur" / "1.x:2,S")
        self.assertEqual(c.multi("RETR 1"), b"one\r\n.\r\n")
        c.ok("DELE 1")
        os.rename(root / "cur" / "1.x:2,S", root / "cur" / "1.x:2,RS")
        c.quit()
        self.assertEqual(self.p.names(), ["new/2.x"])

    def test_new_mail_waits_for_the_next_session(self):
        self.p.put("5.x", b"one\n")
        c = self.p.login()
        self.p.put("1.x", b"earlier\n")
        self.p.put("9.x", b"later\n")
        self.assertEqual(c.ask("STAT"), "+OK 1 5")
        c.ok("DELE 1")
        c.quit()
        self.assertEqual(self.p.names(), ["new/1.x", "new/9.x"])

    def test_a_changed_message_is_not_passed_off(self):
        path = self.p.put("1.x", b"one\n")
        c = self.p.login()
        with open(path, "ab") as f:
            f.write(b"and more\n")
        self.assertTrue(c.err("RETR 1").startswith("-ERR [SYS/TEMP]"))
        c.quit()

    def test_a_message_that_shrinks_while_it_is_sent(self):
        """No final dot for half a message: the client must not take it for whole."""
        path = self.p.put("1.x", b"z" * 79 + b"\n")
        with open(path, "ab") as f:
            f.write((b"z" * 79 + b"\n") * 400000)
        c = self.p.login()
        c.ok("RETR 1")
        os.truncate(path, 1000)
        said = c.rest()
        if len(said) < 400001 * 81:
            self.assertFalse(said.endswith(b"\r\n.\r\n"))
            self.p.log.wait("event=message-cut .*user=alice")
        c.close()

    def test_an_unreadable_message_is_refused_alone(self):
        path = self.p.put("1.x", b"one\n")
        self.p.put("2.x", b"two\n")
        os.chmod(path, 0)
        c = self.p.login()
        self.assertEqual(c.listing("UIDL"), ["1 1.x", "2 2.x"])
        self.assertTrue(c.err("RETR 1").startswith("-ERR [SYS/PERM]"))
        self.assertEqual(c.multi("RETR 2"), b"two\r\n.\r\n")
        c.quit()

    def test_sessions_among_movers(self):
        """An IMAP server moves and flags while sessions come and go: no message is ever
        missing, doubled, or another's."""
        mail = {f"{i}.x": b"message %d\n" % i * (i % 5 + 1) for i in range(1, 41)}
        for name, octets in mail.items():
            self.p.put(name, octets)
        stop = threading.Event()

        def mover():
            rng = random.Random(7)
            root = self.p.maildir()
            while not stop.is_set():
                name = rng.choice(os.listdir(root / rng.choice(["new", "cur"])) or [None])
                if not name:
                    continue
                base = name.split(":")[0]
                new = base + ":2," + "".join(sorted(rng.sample("FRST", rng.randrange(4))))
                for d in ("new", "cur"):
                    try:
                        os.rename(root / d / name, root / "cur" / new)
                        break
                    except FileNotFoundError:
                        pass

        thread = threading.Thread(target=mover)
        thread.start()
        try:
            for _ in range(40):
                c = self.p.login()
                uids = [line.split()[1] for line in c.listing("UIDL")]
                self.assertEqual(uids, list(mail))
                for i, name in enumerate(mail, 1):
                    c.send(b"RETR %d\r\n" % i)
                for name, octets in mail.items():
                    line = c.line()
                    self.assertTrue(line.startswith(b"+OK"), (name, line))
                    self.assertEqual(unstuff(c.lines()), on_wire(octets))
                c.quit()
        finally:
            stop.set()
            thread.join()


class Commits(ServerCase):
    def test_only_quit_removes(self):
        """RFC 1939 section 6: however else a session ends, nothing changes."""
        for end in ("close", "reset", "errors", "kill"):
            with self.subTest(end=end):
                self.p.put("1.x", b"x\n")
                c = self.p.login()
                c.ok("DELE 1")
                if end == "close":
                    c.close()
                elif end == "reset":
                    c.reset()
                elif end == "errors":
                    c.send(b"XYZZY\r\n" * 20)
                    c.rest()
                    c.close()
                else:
                    self.p.deaths_ok = True
                    for pid in self.p.pids()["poplar-front"]:
                        os.kill(pid, signal.SIGKILL)
                    c.rest()
                self.p.login().quit()
                self.assertEqual(self.p.names(), ["new/1.x"])

    def test_rset_unmarks(self):
        self.p.put("1.x", b"x\n")
        self.p.put("2.x", b"x\n")
        c = self.p.login()
        c.ok("DELE 1")
        c.ok("DELE 2")
        c.ok("RSET")
        c.ok("DELE 2")
        c.quit()
        self.assertEqual(self.p.names(), ["new/1.x"])

    @unittest.skipUnless(IS_ROOT, "needs root to give a folder away")
    def test_a_folder_that_may_not_be_written(self):
        self.p.put("1.x", b"x\n")
        folder = self.p.maildir() / "new"
        os.chown(folder, 0, 0)
        folder.chmod(0o755)
        try:
            c = self.p.login()
            c.ok("DELE 1")
            self.assertTrue(c.ask("QUIT").startswith("-ERR [SYS/PERM] "))
            c.close()
            self.p.log.wait("event=commit-failed .*what=new/1.x .*Permission denied")
            self.assertEqual(self.p.names(), ["new/1.x"])
        finally:
            self.p._give(folder)
        c = self.p.login()
        c.ok("DELE 1")
        c.quit()
        self.assertEqual(self.p.names(), [])

    def test_a_home_that_is_missing_is_not_an_empty_maildrop(self):
        """It may be a disk that is not mounted: clients would forget all they have."""
        home = self.p.maildir().parent
        os.rename(home, self.p.dir / "mail" / "away")
        try:
            with self.p.connect() as c:
                c.ok("USER alice")
                self.assertTrue(c.err("PASS secret").startswith("-ERR [SYS/PERM] "))
            self.assertFalse(home.exists())
        finally:
            os.rename(self.p.dir / "mail" / "away", home)

    def test_the_removal_is_synced_before_the_answer(self):
        """strace sees the order: unlink, fsync of the folder, the answer to the front."""
        if not IS_ROOT:
            self.skipTest("needs root to trace another user's process")
        self.p.put("1.x", b"x\n")
        c = self.p.login()
        c.ok("DELE 1")
        pid = self.p.pids()["poplar-drop"][0]
        trace = subprocess.Popen(
            ["strace", "-f", "-p", str(pid), "-e", "trace=unlinkat,fsync,sendmsg"],
            stderr=subprocess.PIPE, text=True)
        try:
            self.assertIn("attached", trace.stderr.readline())
            # Every thread is attached when strace has said so for each of them.
            c.quit()
            seen = []
            for line in trace.stderr:
                for call in ("unlinkat(", "fsync(", "sendmsg("):
                    if call in line and "resumed" not in line:
                        seen.append(call)
                if "sendmsg(" in line:
                    break
        finally:
            trace.terminate()
            trace.stderr.close()
            trace.wait()
        self.assertEqual(seen, ["unlinkat(", "fsync(", "sendmsg("])


class SystemUsers(unittest.TestCase):
    """A maildrop process for each uid that owns mail."""

    @unittest.skipUnless(IS_ROOT, "needs root to be several users")
    def test_each_uid_has_its_own_process(self):
        users = {"alice": "alice:{PLAIN}secret:2001:2001::/nowhere", "bob": "hunter2",
                 "root": "root:{PLAIN}secret:0:0", "low": "low:{PLAIN}secret:33:33"}
        with Poplar(users=users) as p:
            p.users = {"alice": "alice:{PLAIN}secret:2001:2001::%s/mail/alice" % p.dir,
                       "bob": "hunter2", "root": users["root"], "low": users["low"]}
            p.write_users()
            for path in [p.maildir().parent, p.maildir(),
                         *(p.maildir() / d for d in ("new", "cur", "tmp"))]:
                os.chown(path, 2001, 2001)
            path = p.put("1.x", b"hers\n")
            os.chown(path, 2001, 2001)
            c = p.login("alice", "secret")
            self.assertEqual(c.multi("RETR 1"), b"hers\r\n.\r\n")
            p.login("bob").quit()
            owners = sorted(int(Path(f"/proc/{pid}/status").read_text().split("Uid:")[1].split()[0])
                            for pid in p.pids()["poplar-drop"])
            self.assertEqual(owners, [p.mail_uid, 2001])
            for user in ("root", "low"):
                with p.connect() as d:
                    d.ok(f"USER {user}")
                    self.assertTrue(d.err("PASS secret").startswith("-ERR [SYS/PERM]"))
            p.log.wait("event=drop-refused uid=0")
            p.log.wait("event=drop-refused uid=33")
            c.ok("DELE 1")
            c.quit()
            self.assertEqual(p.names(), [])
            self.assertEqual(p.run("audit").returncode, 0)


class CreateHome(ServerCase):
    """create-home: whom a database knows need not have got mail to log in."""

    kwargs = {"users": {"alice": "secret"}, "settings": {"create-home": "yes"}}

    def add(self, name, line=""):
        self.p.users[name] = f"{name}:{{PLAIN}}secret:{line}"
        self.addCleanup(self.p.users.pop, name)
        self.p.write_users()

    def log_in(self, name):
        c = self.p.connect()
        c.login(name, "secret")
        self.assertEqual(c.ask("STAT"), "+OK 0 0")
        c.quit()

    def refused(self, name):
        c = self.p.connect()
        c.ok(f"USER {name}")
        self.assertTrue(c.err("PASS secret").startswith("-ERR [SYS/PERM] "))
        c.close()

    def check_folder(self, path, mode, uid):
        at = os.lstat(path)
        self.assertTrue(stat.S_ISDIR(at.st_mode))
        self.assertEqual((stat.S_IMODE(at.st_mode), at.st_uid), (mode, uid))

    def test_the_first_login_makes_a_home(self):
        root = self.p.dir / "mail"
        self.add("bob")
        self.add("carol", f":::{root}/example.org/deep/carol:")
        for name, home in (("bob", "bob"), ("carol", "example.org/deep/carol")):
            self.log_in(name)
            self.check_folder(root / home, 0o700, self.p.mail_uid)
            for folder in ("", "new", "cur", "tmp"):
                self.check_folder(root / home / "Maildir" / folder, 0o700, self.p.mail_uid)
            self.p.log.wait(f"event=home-made user={name} maildrop={home}/Maildir")
            (root / home / "Maildir" / "new" / "1.x").write_bytes(b"x\n")
            self.p._give(root / home / "Maildir" / "new" / "1.x")
            c = self.p.connect()
            c.login(name, "secret")
            self.assertEqual(c.ask("STAT"), "+OK 1 3")
            c.quit()
            self.assertEqual(len(self.p.log.find(f"event=home-made user={name} ")), 1)
        for folder in ("example.org", "example.org/deep"):
            self.check_folder(root / folder, 0o711, self.p.mail_uid)

    def test_nothing_is_made_through_a_link(self):
        outside = self.p.dir / "outside"
        outside.mkdir()
        self.p._give(outside)
        os.symlink(outside, self.p.dir / "mail" / "link")
        os.symlink("nowhere", self.p.dir / "mail" / "dangling")
        self.add("eve", f":::{self.p.dir}/mail/link/eve:")
        self.add("mallory", f":::{self.p.dir}/mail/dangling:")
        self.refused("eve")
        self.refused("mallory")
        self.assertEqual(list(outside.iterdir()), [])
        self.assertFalse((self.p.dir / "mail" / "nowhere").exists())

    @unittest.skipUnless(IS_ROOT, "needs root for another owner")
    def test_a_uid_of_its_own_makes_it_where_it_may(self):
        uid, gid = 61234, 61234
        own = self.p.dir / "mail" / "own"
        own.mkdir()
        os.chown(own, uid, gid)
        self.add("dora", f"{uid}:{gid}::{own}/dora:")
        self.log_in("dora")
        self.check_folder(own / "dora", 0o700, uid)
        self.add("fred", f"{uid}:{gid}::{self.p.dir}/mail/fred:")
        self.refused("fred")
        self.assertFalse((self.p.dir / "mail" / "fred").exists())

    def test_nobody_gets_one_where_it_is_off(self):
        with Poplar(users={"alice": "secret"}) as p:
            p.users["bob"] = "secret"
            p.write_users()
            c = p.connect()
            c.ok("USER bob")
            self.assertTrue(c.err("PASS secret").startswith("-ERR [SYS/PERM] "))
            c.close()
            self.assertFalse((p.dir / "mail" / "bob").exists())


if __name__ == "__main__":
    main()
