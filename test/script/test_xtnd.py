"""XTND: the list of extensions, and boards (draft-rauschenbach-pop3-framework-00, RFC 1082).

The forms of the command in every state are in test/unit/test_xtnd.c, what the list says in
test/unit/test_capa.c, who may read and what a ticket is worth in test/unit/test_boards.c.
"""

import os
import pwd
import signal
import unittest

import channel
from harness import IS_ROOT, Poplar, ServerCase, hold, main, wait_until

NEWS = [b"Subject: one\n\nfirst\n", b"Subject: two\n\nsecond, longer\n", b"Subject: three\n\n.third\n"]
NO_BOARD = "-ERR no such bboard"

SECTIONS = """
board "news" {
	maildir = "{dir}/mail/boards/news"
	archive = "{dir}/mail/boards/old-news"
	readers = {"*"}
}
board "staff" {
	maildir = "{dir}/mail/boards/staff"
	readers = {"alice", "@example.org"}
}
board "gone" {
	maildir = "{dir}/mail/boards/gone"
	archive = "{dir}/mail/nowhere/gone"
	readers = {"alice"}
}
board "bob" {
	maildir = "{dir}/mail/boards/news"
	readers = {"*"}
}
"""

USERS = {"alice": "secret", "bob": "hunter2", "eve@example.org": "x"}


class Boards(Poplar):
    """A server with boards: news with three messages, of which one is archived; staff, empty."""

    owner = None  # of the boards, if not mail-user

    def __init__(self, sections=SECTIONS, settings=None, **kwargs):
        super().__init__(settings={"xtnd": "yes"} | (settings or {}), sections=sections,
                         **{"users": dict(USERS)} | kwargs)

    def board(self, name):
        return self.dir / "mail" / "boards" / name

    def give_board(self, path):
        if self.owner:
            os.chown(path, *self.owner)
        else:
            self._give(path)

    def make_board(self, name, messages):
        self.board("").mkdir(exist_ok=True)
        self._give(self.board(""))
        for path in (self.board(name), *(self.board(name) / d for d in ("new", "cur", "tmp"))):
            path.mkdir()
            self.give_board(path)
        for i, octets in enumerate(messages):
            path = self.board(name) / "cur" / f"{i + 1}.M1.host:2,S"
            path.write_bytes(octets)
            self.give_board(path)

    def prepare(self):
        self.make_board("news", NEWS)
        self.make_board("old-news", NEWS[:1])
        self.make_board("staff", [])

    def snapshot(self):
        """All that is in the boards, with when it was changed."""
        return sorted((str(p), p.lstat().st_mtime_ns) for p in self.board("").rglob("*")
                      if p.name != "poplar-maxima" and not (p / "new").exists())


class TestBoards(ServerCase):
    @classmethod
    def setUpClass(cls):
        cls.p = Boards()
        cls.p.__enter__()

    def setUp(self):
        super().setUp()
        self.p.put("1.own", b"Subject: own\n\nmine\n")
        self.p.put("2.own", b"Subject: own\n\nmine too\n")
        self.boards = self.p.snapshot()

    def tearDown(self):
        self.assertEqual(self.p.snapshot(), self.boards)  # whatever was done, they are as they were

    def test_everyone_sees_the_own_boards(self):
        for user, boards in (("alice", ["news 3", "staff 0", "bob 3"]), ("bob", ["news 3"]),
                             ("eve@example.org", ["news 3", "staff 0", "bob 3"])):
            c = self.p.login(user)
            self.assertEqual(c.listing("XTND BBOARDS"), boards, user)
            self.assertTrue(c.quit().startswith("+OK"))

    def test_a_board_is_no_board_for_others(self):
        c = self.p.login("bob")
        for command in ("BBOARDS staff", "ARCHIVE staff", "BBOARDS gone", "BBOARDS alice", "ARCHIVE bob",
                        "X-BBOARDS staff",
                        "BBOARDS ../news", "BBOARDS boards/news", "BBOARDS *", "BBOARDS @example.org"):
            self.assertEqual(c.ask(f"XTND {command}"), NO_BOARD, command)
        self.assertEqual(c.ask("STAT"), "+OK 0 0")

    def test_a_board_is_read(self):
        c = self.p.login()
        self.assertEqual(c.ask("XTND BBOARDS news"), "+OK maildrop has 3 messages (81 octets)")
        self.assertEqual(c.lines(), b"news 3\r\n.\r\n")
        self.assertEqual(c.ask("STAT"), "+OK 3 81")
        self.assertEqual(c.listing(), ["1 23 1", "2 32 2", "3 26 3"])
        self.assertEqual(c.multi("RETR 2"), b"Subject: two\r\n\r\nsecond, longer\r\n.\r\n")
        self.assertEqual(c.multi("RETR 3"), b"Subject: three\r\n\r\n..third\r\n.\r\n")
        self.assertEqual(c.multi("TOP 1 0"), b"Subject: one\r\n\r\n.\r\n")
        self.assertEqual(c.ask("UIDL 1"), "+OK 1 1.M1.host")
        self.assertEqual(c.ask("DELE 1"), "-ERR maildrop is read-only")
        self.assertEqual(c.ask("RETR 4"), "-ERR no such message")
        self.assertEqual(c.quit(), "+OK signing off, 3 messages left")
        self.p.log.wait("event=board user=alice .* board=news archive=no messages=3 octets=81")

    def test_case_is_no_matter_in_names(self):
        """RFC 1082, definition of terms."""
        c = self.p.login()
        self.assertEqual(c.multi("XTND BBOARDS NEWS"), b"news 3\r\n.\r\n")
        self.assertEqual(c.multi("XTND ARCHIVE News"), b"news 1\r\n.\r\n")
        self.assertEqual(c.listing("XTND X-BBOARDS nEWS")[0], "news")
        self.assertEqual(c.multi("XTND BBOARDS Alice"), b"alice 2\r\n.\r\n")
        c.close()

    def test_a_board_is_told_about(self):
        """... without being opened."""
        c = self.p.login()
        self.assertEqual(c.listing("XTND X-BBOARDS news"), ["news"] + 11 * [""] + ["0 3", ""])
        self.assertEqual(c.ask("STAT"), "+OK 2 48")
        self.assertEqual(c.ask("XTND X-BBOARDS alice"), NO_BOARD)
        self.assertTrue(c.err("XTND X-BBOARDS gone").startswith("-ERR [SYS/PERM] "))
        self.assertEqual(c.ask("STAT"), "+OK 2 48")
        c.quit()

    def test_an_archive_is_read(self):
        c = self.p.login()
        self.assertEqual(c.listing("XTND ARCHIVE news"), ["news 1"])
        self.assertEqual(c.listing(), ["1 23 1"])
        self.assertEqual(c.ask("XTND ARCHIVE staff"), NO_BOARD)  # it has none
        self.assertEqual(c.listing(), ["1 23 1"])
        self.assertEqual(c.listing("XTND BBOARDS news"), ["news 3"])
        c.close()

    def test_marks_before_the_switch_come_to_nothing(self):
        for leave in ("XTND BBOARDS news", "XTND BBOARDS alice", "XTND ARCHIVE news"):
            c = self.p.login()
            c.ok("DELE 1")
            c.multi(leave)
            self.assertTrue(c.quit().startswith("+OK"))
            self.assertEqual(len(self.p.names()), 2, leave)

    def test_coming_back(self):
        c = self.p.login()
        c.ok("DELE 1")
        c.multi("XTND BBOARDS news")
        self.p.put("3.own", b"new\n")
        self.assertEqual(c.listing("XTND BBOARDS alice"), ["alice 3"])  # as at a login
        self.assertEqual(c.listing(), ["1 22", "2 26", "3 5"])
        self.assertEqual(c.multi("RETR 3"), b"new\r\n.\r\n")
        c.ok("DELE 2")
        self.assertEqual(c.quit(), "+OK signing off, 2 messages left")
        self.assertEqual(self.p.names(), ["new/1.own", "new/3.own"])

    def test_the_own_maildrop_is_free_meanwhile(self):
        c = self.p.login()
        with self.p.connect() as d:
            d.ok("USER alice")
            self.assertTrue(d.err("PASS secret").startswith("-ERR [IN-USE] "))
        c.multi("XTND BBOARDS news")
        d = self.p.login()
        self.assertEqual(c.ask("XTND BBOARDS alice"), "-ERR [SYS/TEMP] maildrop is in use by another session")
        self.assertEqual(c.ask("STAT"), "+OK 3 81")  # what was open stays
        d.quit()
        self.assertEqual(c.listing("XTND BBOARDS alice"), ["alice 2"])
        c.close()

    def test_many_read_a_board_at_a_time(self):
        readers = [self.p.login(user) for user in USERS]
        for c in readers:
            c.multi("XTND BBOARDS news")
        for c in readers:
            self.assertEqual(c.listing(), ["1 23 1", "2 32 2", "3 26 3"])
            c.close()

    def test_a_board_that_is_missing(self):
        c = self.p.login()
        c.ok("DELE 1")
        for command in ("BBOARDS gone", "ARCHIVE gone"):
            self.assertEqual(c.ask(f"XTND {command}"),
                             "-ERR [SYS/PERM] maildrop needs repair by its administrator")
            self.assertEqual(c.ask("STAT"), "+OK 1 26")  # marks and all
        self.assertFalse(self.p.board("gone").exists())  # nor is it made
        self.p.log.wait('event=open-failed user=alice .* what=boards/gone')
        self.assertEqual(c.quit(), "+OK signing off, 1 message left")
        self.assertEqual(self.p.names(), ["new/2.own"])

    def test_a_maildir_without_its_folders(self):
        self.p.board("staff").rename(self.p.dir / "mail" / "kept")
        self.p.board("staff").mkdir()
        self.p.give_board(self.p.board("staff"))
        try:
            c = self.p.login()
            self.assertTrue(c.err("XTND BBOARDS staff").startswith("-ERR [SYS/PERM]"))
            self.assertEqual(list(self.p.board("staff").iterdir()), [])
            self.assertEqual(c.listing("XTND BBOARDS"), ["news 3", "bob 3"])  # passed over
            c.close()
        finally:
            self.p.board("staff").rmdir()
            (self.p.dir / "mail" / "kept").rename(self.p.board("staff"))
            self.boards = self.p.snapshot()

    def test_pipelined(self):
        """What stands behind a switch is about the maildrop that it opens."""
        c = self.p.login()
        c.send("DELE 1\r\nXTND BBOARDS news\r\nSTAT\r\nRETR 1\r\nXTND BBOARDS\r\nXTND BBOARDS alice\r\nSTAT\r\n"
               "XTND BBOARDS none\r\nXTND ARCHIVE news\r\nLIST 1\r\nQUIT\r\n")
        self.assertEqual(c.rest().decode().split("\r\n"), [
            "+OK message 1 deleted",
            "+OK maildrop has 3 messages (81 octets)", "news 3", ".",
            "+OK 3 81",
            "+OK 23 octets", "Subject: one", "", "first", ".",
            "+OK boards follow", "news 3", "staff 0", "bob 3", ".",
            "+OK maildrop has 2 messages (48 octets)", "alice 2", ".",
            "+OK 2 48",
            NO_BOARD,
            "+OK maildrop has 1 message (23 octets)", "news 1", ".",
            "+OK 1 23 1",
            "+OK signing off, 1 message left", ""])
        self.assertEqual(len(self.p.names()), 2)

    def test_bodies_fetched_early_are_of_one_maildrop(self):
        """A run of RETR has more bodies fetched than asked for; a switch in its midst forgets them."""
        for i in range(20):
            self.p.put(f"{i + 10}.own", b"own %d\n" % i)
        c = self.p.login()
        for i in range(3, 10):
            c.multi(f"RETR {i}")
        c.multi("XTND BBOARDS news")
        self.assertEqual(c.multi("RETR 3"), b"Subject: three\r\n\r\n..third\r\n.\r\n")
        c.multi("XTND BBOARDS alice")
        self.assertEqual(c.multi("RETR 10"), b"own 7\r\n.\r\n")
        c.close()

    def test_hanging_up_at_a_board_frees_everything(self):
        before = {role: self.p.descriptors(role) for role in ("poplar-front", "poplar-auth", "poplar-drop")}
        for _ in range(20):
            c = self.p.login()
            c.multi("XTND BBOARDS news")
            c.send("XTND BBOARDS\r\nXTND BBOARDS alice\r\n")
            c.close()
        self.p.login().quit()
        # Fewer are no leak: before, a session of an earlier test may have been ending.
        wait_until(lambda: all(self.p.descriptors(role) <= n for role, n in before.items()))


class TestSettings(unittest.TestCase):
    def test_without_the_setting(self):
        with Poplar() as p:
            c = p.login()
            for command in ("XTND", "XTND BBOARDS", "XTND ARCHIVE news"):
                self.assertEqual(c.ask(command), "-ERR unknown command")
            self.assertFalse([line for line in c.capa() if line.startswith("XTND")])
            c.close()

    def test_without_boards(self):
        with Boards(sections="") as p:
            c = p.login()
            self.assertEqual(c.listing("XTND BBOARDS"), [])
            self.assertEqual(c.ask("XTND BBOARDS news"), NO_BOARD)
            self.assertEqual(c.listing("XTND BBOARDS alice"), ["alice 0"])
            c.close()

    def test_a_reload_brings_other_boards(self):
        with Boards() as p:
            old = p.login()
            p.sections = p.sections.replace('board "news"', 'board "other"')
            p.write_config()
            p.reload()
            c = p.login("bob")
            self.assertEqual(c.listing("XTND BBOARDS"), ["other 3"])
            self.assertEqual(old.listing("XTND BBOARDS news"), ["news 3"])  # who is in goes on as before
            c.close()
            old.close()

    def test_what_is_wrong_is_told_with_its_line(self):
        with Boards() as p:
            lines = p.config.read_text().splitlines()
            at = next(i for i, line in enumerate(lines) if "boards/staff" in line) + 1
            p.config.write_text("\n".join(lines).replace(f'"{p.dir}/mail/boards/staff"', '"/elsewhere/staff"'))
            out = p.run("check")
            self.assertEqual(out.returncode, 78)
            self.assertRegex(out.stderr, rf"poplar.conf:{at + 2}: maildir: expected a path below mail-root, found "
                                         r'"/elsewhere/staff"')
            p.write_config()
            out = p.run("check")  # it is read as it should be, but there are boards that are not there
            self.assertEqual(out.returncode, 1)
            self.assertIn(f"trouble: board gone: cannot find {p.board('gone')}: No such file or directory", out.stderr)
            self.assertIn(f"board gone: cannot find {p.dir}/mail/nowhere/gone: No such file or directory", out.stderr)
            self.assertEqual(out.stderr.count("board gone"), 2)
            shown = p.run("config").stdout
            self.assertIn("xtnd = yes", shown)
            p.config.write_text(shown)
            self.assertEqual(p.run("config").stdout, shown)  # it reads back as it is

    def test_coming_back_is_no_login(self):
        """RFC 2449 section 6.5 is about logins: a switch is never too soon."""
        with Boards(settings={"login-delay": "1h", "quick-logins": "1"}) as p:
            c = p.login()
            told = {line for line in c.capa() if line.startswith(("LOGIN-DELAY", "EXPIRE"))}
            self.assertEqual(told, {"LOGIN-DELAY 3600", "EXPIRE NEVER"})
            for _ in range(3):
                for name in ("news", "alice"):
                    c.multi(f"XTND BBOARDS {name}")
                    self.assertEqual(told & c.capa(), told)
            c.quit()
            with p.connect() as d:
                d.ok("USER alice")
                self.assertTrue(d.err("PASS secret").startswith("-ERR [LOGIN-DELAY] "))

    def test_what_retr_removes_elsewhere_stays_on_a_board(self):
        with Boards(settings={"expire": "0"}) as p:
            p.put("1.own", b"own\n")
            before = p.snapshot()
            c = p.login()
            self.assertIn("EXPIRE 0", c.capa())
            c.multi("RETR 1")
            c.multi("XTND BBOARDS news")
            self.assertIn("EXPIRE NEVER", c.capa())
            c.multi("RETR 1")
            self.assertEqual(c.quit(), "+OK signing off, 3 messages left")
            self.assertEqual(p.snapshot(), before)
            self.assertEqual(p.names(), ["new/1.own"])  # nor is what was retrieved before the switch

    @unittest.skipUnless(IS_ROOT, "takes root")
    def test_a_board_of_another_owner(self):
        owner = pwd.getpwnam("games")
        sections = SECTIONS.replace("readers = {\"*\"}", f"readers = {{\"*\"}}\n\tuid = {owner.pw_uid}\n"
                                                         f"\tgid = {owner.pw_gid}", 1)

        class Owned(Boards):
            def prepare(self):
                self.owner = (owner.pw_uid, owner.pw_gid)
                self.make_board("news", NEWS)
                for path in self.board("news").rglob("*"):
                    path.chmod(0o700)  # no other process could read it
                self.owner = None
                self.make_board("staff", [])
        with Owned(sections=sections, settings={"first-uid": "1"}) as p:
            c = p.login()
            self.assertEqual(c.listing("XTND BBOARDS"), ["news 3", "staff 0"])
            c.multi("XTND BBOARDS news")
            self.assertEqual(c.multi("RETR 1"), b"Subject: one\r\n\r\nfirst\r\n.\r\n")
            self.assertEqual(c.listing("XTND BBOARDS alice"), ["alice 0"])
            c.close()


class TestMaxima(unittest.TestCase):
    """RFC 1082: the maxima of a board never decreases, and grows with each message that comes."""

    def put(self, p, number):
        path = p.board("news") / "new" / f"{number}.M1.host"
        path.write_bytes(b"Subject: more\n\nmail\n")
        p.give_board(path)

    def scan(self, p, name="news"):
        c = p.login()
        opened = c.listing(f"XTND BBOARDS {name}")
        listed = [line.split()[2] for line in c.listing()]
        one = c.ask(f"LIST {len(listed)}").split()[3:] if listed else []
        self.assertEqual(one, listed[-1:])
        told = [line for line in c.listing("XTND BBOARDS") if line.startswith(name)]
        about = c.listing(f"XTND X-BBOARDS {name}")[12]
        c.multi("XTND BBOARDS alice")
        self.assertEqual(c.listing(), [])
        c.quit()
        self.assertEqual((told, about), (opened, "0 " + opened[0].split()[1]))
        return opened[0].split()[1], listed

    def test_it_grows_and_never_decreases(self):
        """... by what is removed, by a restart, nor when all have gone."""
        with Boards() as p:
            self.assertEqual(self.scan(p), ("3", ["1", "2", "3"]))
            (p.board("news") / "cur" / "3.M1.host:2,S").unlink()
            (p.board("news") / "cur" / "1.M1.host:2,S").unlink()
            self.assertEqual(self.scan(p), ("3", ["3"]))
            self.put(p, 4)
            self.put(p, 5)
            self.assertEqual(self.scan(p), ("5", ["3", "4", "5"]))
            p.stop()
            p.start()
            self.assertEqual(self.scan(p), ("5", ["3", "4", "5"]))
            for path in [*p.board("news").glob("cur/*"), *p.board("news").glob("new/*")]:
                path.unlink()
            self.assertEqual(self.scan(p), ("5", []))
            self.put(p, 6)
            self.assertEqual(self.scan(p), ("6", ["6"]))

    def test_an_archive_has_its_own(self):
        with Boards() as p:
            c = p.login()
            self.assertEqual(c.listing("XTND ARCHIVE news"), ["news 1"])
            self.assertEqual(c.listing(), ["1 23 1"])
            self.assertEqual(c.listing("XTND BBOARDS news"), ["news 3"])
            c.close()

    def test_a_file_that_is_none_is_made_anew(self):
        with Boards() as p:
            for octets in (b"", b"x" * 31, b"\xff" * 4096, b"Pbmaxima" + b"\xff" * 64):
                (p.board("news") / "poplar-maxima").write_bytes(octets)
                p.give_board(p.board("news") / "poplar-maxima")
                self.assertEqual(self.scan(p), ("3", ["1", "2", "3"]), octets)

    def test_where_it_cannot_be_kept(self):
        """A folder in its place: the number is what there is, and the board is read."""
        with Boards() as p:
            (p.board("news") / "poplar-maxima").mkdir()
            self.assertEqual(self.scan(p), ("3", ["1", "2", "3"]))
            p.log.wait("event=maxima-not-kept board=boards/news")


class TestTrouble(unittest.TestCase):
    def test_poplar_auth_dies(self):
        """Its successor believes no ticket of before; what is open stays open."""
        with Boards() as p:
            p.deaths_ok = True
            c = p.login()
            c.multi("XTND BBOARDS news")
            mark = p.log.mark()
            os.kill(p.pids()["poplar-auth"][0], signal.SIGKILL)
            p.log.wait("event=child-died role=poplar-auth", start=mark)
            for command in ("BBOARDS", "BBOARDS staff", "BBOARDS alice", "ARCHIVE news"):
                self.assertTrue(c.err(f"XTND {command}").startswith("-ERR [SYS/TEMP] "), command)
            self.assertEqual(c.listing(), ["1 23 1", "2 32 2", "3 26 3"])
            c.quit()
            c = p.login()
            self.assertEqual(c.listing("XTND BBOARDS"), ["news 3", "staff 0", "bob 3"])
            c.close()

    def test_poplar_auth_dies_while_it_is_asked(self):
        with Boards(settings={"fronts": "1"}) as p:
            p.deaths_ok = True
            c = p.login()
            auth = p.pids()["poplar-auth"][0]
            hold(auth)
            c.send("XTND BBOARDS news\r\n")
            other = p.connect()  # for the front has sent it then
            other.ask("CAPA")
            other.close()
            os.kill(auth, signal.SIGKILL)
            self.assertTrue(c.line().startswith(b"-ERR [SYS/TEMP] "))
            self.assertEqual(c.ask("STAT"), "+OK 0 0")
            c.close()

    def test_poplar_drop_dies(self):
        with Boards() as p:
            p.deaths_ok = True
            c = p.login()
            c.multi("XTND BBOARDS news")
            os.kill(p.pids()["poplar-drop"][0], signal.SIGKILL)
            self.assertEqual(c.rest(), b"")
            p.log.wait("event=child-died role=poplar-drop")
            p.log.wait("event=session user=alice .*end=maildrop-lost")
            c = p.login()
            self.assertEqual(c.listing("XTND BBOARDS"), ["news 3", "staff 0", "bob 3"])
            c.close()


@unittest.skipUnless(IS_ROOT, "takes root")
class TestCapturedFront(unittest.TestCase):
    """Whoever has a front has the sessions that it holds, and nothing else."""

    def setUp(self):
        self.p = Boards(settings={"fronts": "2"})
        self.p.__enter__()
        self.addCleanup(self.p.__exit__)
        self.p.deaths_ok = True
        self.fronts = self.p.pids()["poplar-front"]
        self.link = channel.capture(self.fronts[0])
        self.addCleanup(self.release)

    def release(self):
        self.link.close()
        os.kill(self.fronts[0], signal.SIGKILL)

    @staticmethod
    def log_in(link, number, user):
        """As a front does; the session socket and the ticket."""
        kind, fields, fd = link.ask("AUTH_ASK", id=number, tls=1, mechanism=0, has_response=1, peer=b"127.0.0.1:1",
                                    user=user.encode(), response=USERS[user].encode())
        while kind == "AUTH_OFFERS":
            kind, fields, fd = link.hear()
        assert kind == "AUTH_OK", (kind, fields)
        session = channel.Channel(fd)
        assert session.hear()[0] == "READY"
        return session, fields["ticket"]

    def ask(self, link=None, **fields):
        kind, fields, fd = (link or self.link).ask("BOARD_ASK", **fields)
        while kind == "AUTH_OFFERS":
            kind, fields, fd = (link or self.link).hear()
        return kind, fields, fd

    def refused(self, fault, link=None, **fields):
        kind, said, fd = self.ask(link, **fields)
        self.assertEqual((kind, said.get("fault"), fd), ("BOARD_FAILED", channel.FAULTS.index(fault), None), fields)

    def test_without_a_ticket_there_is_nothing(self):
        session, ticket = self.log_in(self.link, 7, "bob")
        made = [b"", b"alice", b"\0" * len(ticket), ticket[:-1], ticket + b"\0", ticket[:40]]
        made += [ticket[:i] + bytes([ticket[i] ^ 1]) + ticket[i + 1:] for i in range(0, len(ticket), 7)]
        for lie in made:
            for board in (0, 1, 2):
                self.refused("PEER", id=7, board=board, name=b"news", ticket=lie)
        self.p.log.wait("crit event=board-trouble .*open the front's board ticket")
        session.close()

    def test_a_ticket_is_of_one_user(self):
        session, ticket = self.log_in(self.link, 7, "bob")
        for name in (b"staff", b"gone", b"alice", b"eve@example.org", b"", b"alice\0", b"../alice"):
            for board in (1, 2, 3, 1 << 40):
                self.refused("NO_BOARD", id=7, board=board, name=name, ticket=ticket)
        for number in (1, 2, 1 << 32, (1 << 64) - 1):
            self.refused("NO_BOARD", id=7, board=0, number=number, ticket=ticket)
        session.close()

    def test_a_ticket_is_of_one_connection(self):
        session, ticket = self.log_in(self.link, 7, "alice")
        self.refused("PEER", id=8, board=1, name=b"staff", ticket=ticket)
        kind, fields, fd = self.ask(id=7, board=1, name=b"staff", ticket=ticket)
        self.assertEqual((kind, fields["name"]), ("BOARD_OK", b"staff"))
        os.close(fd)
        other = channel.capture(self.fronts[1])  # another front, to which it was shown
        self.refused("PEER", other, id=7, board=1, name=b"staff", ticket=ticket)
        other.close()
        os.kill(self.fronts[1], signal.SIGKILL)
        session.close()

    def test_a_board_cannot_be_changed(self):
        before = self.p.snapshot()
        session, ticket = self.log_in(self.link, 7, "alice")
        _, _, fd = self.ask(id=7, board=1, name=b"news", ticket=ticket)
        board = channel.Channel(fd)
        kind, fields, listing = board.hear()
        os.close(listing)
        self.assertEqual((kind, fields["count"], fields["read_only"], fields["retrieval"]), ("READY", 3, 1, 0))
        board.say("MARKS", first=0, bits=b"\7" + b"\0" * 7)
        kind, fields, _ = board.ask("COMMIT", marked=3)
        self.assertEqual((kind, fields["fault"]), ("FAILED", channel.FAULTS.index("READ_ONLY")))
        board.close()
        session.close()
        self.assertEqual(self.p.snapshot(), before)

    def test_the_own_maildrop_is_locked_as_at_a_login(self):
        session, ticket = self.log_in(self.link, 7, "alice")
        kind, _, fd = self.ask(id=7, board=1, name=b"alice", ticket=ticket)
        self.assertEqual(kind, "BOARD_OK")
        again = channel.Channel(fd)
        kind, fields, _ = again.hear()
        self.assertEqual((kind, fields["fault"]), ("FAILED", channel.FAULTS.index("BUSY")))
        again.close()
        session.close()


if __name__ == "__main__":
    main()
