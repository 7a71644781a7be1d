"""RFC 1939 and RFC 2449 against the real processes, by raw sockets."""

import socket
import unittest

from harness import Poplar, ServerCase, main, on_wire, unstuff

MAIL = b"Subject: hello\n\nbody\n.\n..dots\nend\n"


class Commands(ServerCase):
    def test_greeting(self):
        with self.p.connect() as c:
            self.assertEqual(c.greeting, b"+OK Poplar ready")

    def test_whole_session(self):
        self.p.put("100.M1.h", MAIL)
        self.p.put("200.M1.h", b"two\n")
        c = self.p.login()
        self.assertEqual(c.ask("STAT"), f"+OK 2 {len(on_wire(MAIL)) + 5}")
        self.assertEqual(c.listing(), [f"1 {len(on_wire(MAIL))}", "2 5"])
        self.assertEqual(c.ask("LIST 2"), "+OK 2 5")
        self.assertEqual(c.listing("UIDL"), ["1 100.M1.h", "2 200.M1.h"])
        self.assertEqual(c.ask("UIDL 1"), "+OK 1 100.M1.h")
        wire = c.multi("RETR 1")
        self.assertEqual(wire, b"Subject: hello\r\n\r\nbody\r\n..\r\n...dots\r\nend\r\n.\r\n")
        self.assertEqual(unstuff(wire), on_wire(MAIL))
        self.assertEqual(c.multi("TOP 1 0"), b"Subject: hello\r\n\r\n.\r\n")
        self.assertEqual(c.multi("TOP 1 2"), b"Subject: hello\r\n\r\nbody\r\n..\r\n.\r\n")
        for lines in (4294967295, 4294967296, 2**64 - 1, 2**64, 10**200):
            self.assertEqual(c.multi(f"TOP 1 {lines}"), wire)
        c.ok("NOOP")
        c.ok("DELE 1")
        self.assertEqual(c.ask("STAT"), "+OK 1 5")
        c.ok("RSET")
        self.assertTrue(c.ask("STAT").startswith("+OK 2 "))
        c.ok("DELE 2")
        self.assertEqual(self.p.names(), ["new/100.M1.h", "new/200.M1.h"])
        self.assertTrue(c.quit().startswith("+OK"))
        self.assertEqual(self.p.names(), ["new/100.M1.h"])

    def test_numbers_stay_after_dele(self):
        for i in range(1, 5):
            self.p.put(f"{i}.x", b"x" * i + b"\n")
        c = self.p.login()
        c.ok("DELE 2")
        for command in ("LIST 2", "UIDL 2", "RETR 2", "TOP 2 1", "DELE 2"):
            c.err(command)
        self.assertEqual(c.listing(), ["1 3", "3 5", "4 6"])
        self.assertEqual(c.listing("UIDL"), ["1 1.x", "3 3.x", "4 4.x"])
        self.assertEqual(c.multi("RETR 3"), b"xxx\r\n.\r\n")
        c.close()

    def test_refused_commands_change_nothing(self):
        self.p.put("1.x", b"x\n")
        c = self.p.login()
        for command in ("RETR", "RETR 0", "RETR 2", "RETR -1", "RETR 1 1", "RETR 1x", "RETR  1",
                        "RETR 4294967297", "LIST 0", "LIST 1 ", "TOP 1", "TOP 1 -1", "DELE",
                        "STAT 1", "NOOP x", "USER alice", "STLS", "XYZZY"):
            c.err(command)
            c.ok("STAT")
        self.assertEqual(c.ask("STAT"), "+OK 1 3")
        c.close()

    def test_a_number_that_no_message_has(self):
        """It is a number all the same."""
        self.p.put("1.x", b"x\n")
        c = self.p.login()
        for number in (0, 2, "00", 2**32, 2**32 + 1, 2**64 + 1, 10**200):
            for command in ("LIST {}", "UIDL {}", "RETR {}", "DELE {}", "TOP {} 1"):
                self.assertEqual(c.ask(command.format(number)), "-ERR no such message")
        self.assertEqual(c.ask("STAT"), "+OK 1 3")
        c.close()

    def test_states(self):
        c = self.p.connect()
        for command in ("STAT", "LIST", "UIDL", "UTF8 USER", "RETR 1", "TOP 1 1", "DELE 1", "RSET", "NOOP",
                        "PASS secret"):
            c.err(command)
        c.ok("USER alice")
        c.err("STAT")
        c.err("PASS secret")
        c.ok("USER alice")
        c.capa()
        c.ok("PASS secret")
        for command in ("USER alice", "PASS secret", "STLS"):
            c.err(command)
        c.close()

    def test_quit_before_login(self):
        with self.p.connect() as c:
            c.ok("USER alice")
            self.assertTrue(c.quit().startswith("+OK"))

    def test_quit_with_more_behind_it_still_answers(self):
        with self.p.connect() as c:
            c.send(b"QUIT\r\n" + b"NOOP\r\n" * 500)
            self.assertTrue(c.line().startswith(b"+OK"))
            self.assertEqual(c.rest(), b"")

    def test_capa_in_both_states(self):
        common = {"TOP", "USER", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "EXPIRE NEVER",
                  "UIDL", "UTF8 USER", "LANG", "IMPLEMENTATION Poplar",
                  "SASL PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5"}
        c = self.p.connect()
        self.assertEqual(c.capa(), common | {"STLS"})
        c.login("alice", "secret")
        self.assertEqual(c.capa(), common)
        c.close()

    def test_password_is_the_rest_of_the_line(self):
        c = self.p.connect()
        c.ok("USER spaces")
        c.ok("PASS  two  words ")
        c.close()
        c = self.p.connect()
        c.ok("USER spaces")
        c.err("PASS two  words")
        c.close()

    def test_octets_of_passwords_and_names(self):
        for user in ("spaces", "tab", "umlaut", "format"):
            with self.subTest(user=user), self.p.connect() as c:
                c.login(user, self.p.users[user])

    def test_empty_maildrop(self):
        c = self.p.login()
        self.assertEqual(c.ask("STAT"), "+OK 0 0")
        self.assertEqual(c.listing(), [])
        self.assertEqual(c.listing("UIDL"), [])
        c.err("RETR 1")
        c.quit()

    kwargs = {"users": {"alice": "secret", "spaces": " two  words ", "tab": "a\tb",
                        "umlaut": "pässwörd", "format": "%n%s%x"}}


class Lines(ServerCase):
    def test_every_cut(self):
        """Commands cut at any octet, in two segments."""
        self.p.put("1.x", b"x\n")
        text = b"USER alice\r\nPASS secret\r\nSTAT\r\nQUIT\r\n"
        whole = None
        for cut in range(len(text)):
            with self.p.connect() as c:
                c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                c.send(text[:cut])
                c.send(text[cut:])
                said = c.rest()
                whole = whole or said
                self.assertEqual(said, whole)
        self.assertEqual(whole.count(b"\r\n"), 4)

    def test_octet_by_octet(self):
        self.p.put("1.x", b"x\n")
        with self.p.connect() as c:
            c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for octet in b"USER alice\r\nPASS secret\r\nRETR 1\r\nQUIT\r\n":
                c.send(bytes([octet]))
            self.assertIn(b"+OK 3 octets\r\nx\r\n.\r\n", c.rest())

    def test_a_bare_lf_ends_a_command(self):
        with self.p.connect() as c:
            c.send(b"USER alice\nPASS secret\nSTAT\nQUIT\n")
            self.assertEqual(c.rest().count(b"+OK"), 4)

    def test_a_bare_cr_does_not(self):
        with self.p.connect() as c:
            c.send(b"USER alice\rSTAT\r\n")
            self.assertTrue(c.line().startswith(b"-ERR"))
            c.send(b"CAPA\r\r\n")
            self.assertTrue(c.line().startswith(b"-ERR"))

    def test_overlong_lines(self):
        with self.p.connect() as c:
            for n in (256, 300, 8190, 8192, 8193, 100000, 1 << 20):
                c.send(b"USER " + b"x" * (n - 7) + b"\r\n")
                self.assertTrue(c.line().startswith(b"-ERR"), n)
                c.ok("CAPA")
                c.lines()
            c.send(b"USER " + b"x" * 248 + b"\r\n")
            self.assertTrue(c.line().startswith(b"+OK"))

    def test_errors_in_a_row_close(self):
        with self.p.connect() as c:
            c.send(b"XYZZY\r\n" * 50)
            said = c.rest()
            self.assertEqual(said, said[:said.index(b"\n") + 1] * 20)
        with self.p.connect() as c:
            for _ in range(100):
                c.err("XYZZY")
                c.err("STAT")
                c.ok("CAPA")
                c.lines()

    def test_replies_do_not_echo(self):
        with self.p.connect() as c:
            for command in ("<script>", "XYZZY <b>", "USER", "RETR <i>"):
                self.assertNotIn("<", c.err(command))


class Pipelining(ServerCase):
    def test_ten_thousand_commands_in_one_go(self):
        self.p.put("1.x", b"x\n")
        c = self.p.login()
        c.send(b"NOOP\r\nSTAT\r\n" * 5000)
        for _ in range(5000):
            self.assertEqual(c.line(), b"+OK nothing done")
            self.assertEqual(c.line(), b"+OK 1 3")
        c.quit()

    def test_a_whole_session_in_one_segment(self):
        for i in range(1, 6):
            self.p.put(f"{i}.x", b"message %d\n" % i)
        with self.p.connect() as c:
            c.send(b"CAPA\r\nUSER alice\r\nPASS secret\r\nUIDL\r\n"
                   + b"".join(b"RETR %d\r\nDELE %d\r\n" % (i, i) for i in range(1, 6))
                   + b"RSET\r\nDELE 3\r\nSTAT\r\nQUIT\r\n")
            self.assertTrue(c.line().startswith(b"+OK"))
            c.lines()
            for _ in range(2):
                self.assertTrue(c.line().startswith(b"+OK"))
            self.assertTrue(c.line().startswith(b"+OK"))
            self.assertEqual(c.lines().count(b"\r\n"), 6)
            for i in range(1, 6):
                self.assertEqual(c.line(), b"+OK 11 octets")
                self.assertEqual(c.lines(), b"message %d\r\n.\r\n" % i)
                self.assertEqual(c.line(), b"+OK message %d deleted" % i)
            self.assertTrue(c.line().startswith(b"+OK"))
            self.assertEqual(c.line(), b"+OK message 3 deleted")
            self.assertEqual(c.line(), b"+OK 4 44")
            self.assertEqual(c.rest().count(b"+OK"), 1)
        self.assertEqual(len(self.p.names()), 4)

    def test_half_close_behind_the_last_command(self):
        """A client that has said all may end its side and still read."""
        self.p.put("1.x", b"y" * 300000 + b"\n")
        with self.p.connect() as c:
            c.send(b"USER alice\r\nPASS secret\r\nRETR 1\r\nRETR 1\r\nDELE 1\r\nQUIT\r\n")
            c.sock.shutdown(socket.SHUT_WR)
            said = c.rest()
        self.assertEqual(said.count(b"y" * 300000), 2)
        self.assertEqual(self.p.names(), [])

    def test_half_close_without_quit_is_no_quit(self):
        self.p.put("1.x", b"x\n")
        with self.p.connect() as c:
            c.send(b"USER alice\r\nPASS secret\r\nDELE 1\r\n")
            c.sock.shutdown(socket.SHUT_WR)
            self.assertIn(b"deleted", c.rest())
        self.assertEqual(self.p.names(), ["new/1.x"])

    def test_a_failed_login_in_a_pipeline(self):
        with self.p.connect() as c:
            c.send(b"USER alice\r\nPASS wrong\r\nSTAT\r\nUSER alice\r\nPASS secret\r\nQUIT\r\n")
            said = c.rest().split(b"\r\n")
            self.assertEqual([line[:4] for line in said if line],
                             [b"+OK ", b"-ERR", b"-ERR", b"+OK ", b"+OK ", b"+OK "])

    def test_a_client_that_sends_and_does_not_read(self):
        """Memory stays bounded; the others are served; all is answered in the end."""
        self.p.put("1.x", b"z" * 100000 + b"\n", user="bob")
        before = self.p.memory("poplar-front")
        c = self.p.login("bob")
        c.sock.setblocking(False)
        block, sent = b"RETR 1\r\n" * 1000, 0
        for _ in range(10000):
            try:
                sent += c.sock.send(block)
            except BlockingIOError:
                break
        with self.p.login() as other:
            other.ok("STAT")
        self.assertGreater(sent, 8000)
        self.assertLess(self.p.memory("poplar-front") - before, 4096)
        c.reset()


class Logins(ServerCase):
    kwargs = {"users": {"alice": "secret", "bob": "hunter2", "logan": "secret"}}

    def test_a_refusal_leaves_the_session_usable(self):
        with self.p.connect() as c:
            c.ok("USER alice")
            c.err("PASS wrong")
            c.err("PASS secret")
            c.login("alice", "secret")

    def test_in_use(self):
        first = self.p.login()
        with self.p.connect() as c:
            c.ok("USER alice")
            self.assertTrue(c.err("PASS secret").startswith("-ERR [IN-USE] "))
            c.ok("USER bob")
            c.ok("PASS hunter2")
        first.quit()
        self.p.login().quit()

    def test_the_log_tells_who_is_in(self):
        first = self.p.login()
        port = first.sock.getsockname()[1]
        for again in (False, True):
            at = self.p.log.mark()
            with self.p.connect() as c:
                c.ok("USER alice")
                self.assertIn("[IN-USE]", c.err("PASS secret"))
                mine = c.sock.getsockname()[1]
            line = self.p.log.wait("event=open-failed user=alice", start=at)
            self.assertRegex(line, rf" peer=127\.0\.0\.1:{mine} held-since=20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ "
                                   rf"held-from=127\.0\.0\.1:{port} fault=")
            if not again:  # poplar-drop of another generation has it then
                self.p.reload()
                first.quit()
                first = self.p.login()
                port = first.sock.getsockname()[1]
        at = self.p.log.mark()
        self.p.reload()
        with self.p.connect() as c:
            c.ok("USER alice")
            self.assertIn("[IN-USE]", c.err("PASS secret"))
        self.p.log.wait("event=open-failed user=alice .* held-since=unknown held-from=another-process ",
                        start=at)
        first.quit()

    def test_the_lock_is_free_when_quit_is_answered(self):
        for _ in range(50):
            c = self.p.login()
            c.ok("QUIT")
            again = self.p.login()
            again.ok("QUIT")
            again.close()
            c.close()

    def test_the_lock_is_free_when_the_connection_is_gone(self):
        for i in range(30):
            c = self.p.login()
            c.reset() if i % 2 else c.close()
        self.p.login().quit()

    def test_log_lines(self):
        mark = self.p.log.mark()
        self.p.put("1.x", b"x\n", user="logan")
        c = self.p.login("logan")
        c.multi("RETR 1")
        c.multi("TOP 1 0")
        c.ok("DELE 1")
        c.quit()
        line = self.p.log.wait(r"event=session user=logan", start=mark)
        for word in ("user=logan", "peer=127.0.0.1:", "messages=1", "octets=3", "retr=1",
                     "retr-octets=3", "top=1", "deleted=1", "deleted-octets=3", "left=0",
                     "left-octets=0", "seconds=", "end=quit"):
            self.assertIn(word, line)
        line = self.p.log.wait(r"event=login user=logan", start=mark)
        for word in ("user=logan", "peer=127.0.0.1:", "tls=no", "messages=1"):
            self.assertIn(word, line)
        with self.p.connect() as c:
            c.ok("USER mallory\"x=y")
            c.err("PASS hunter3")
        line = self.p.log.wait(r"event=login-failed user=\"mallory", start=mark)
        self.assertIn(r'user="mallory\"x=y"', line)
        self.assertIn("peer=127.0.0.1:", line)
        self.assertIn("reason=[AUTH]", line)


class Times(unittest.TestCase):
    def test_who_stays_when_all_is_said_is_not_late(self):
        """The log tells why we ended it, not that the client was slow to go."""
        with Poplar() as p, p.connect() as a, p.connect() as b, p.login() as c:
            a.send(b"QUIT\r\nand more")
            for client in (b, c):
                client.send(b"X\r\n" * 20)
            for client in (a, b, c):
                client.rest()
            p.log.wait("event=disconnect .*end=quit")
            p.log.wait("event=disconnect .*end=too-many-errors")
            p.log.wait("event=session .*user=alice .*end=too-many-errors")


if __name__ == "__main__":
    main()
