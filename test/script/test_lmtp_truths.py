"""What MTAs and fetchers were seen to do with LMTP servers: each test is one of them, octet by octet.

A server that is right by the RFCs alone stores mail twice with some of them, and loses it with others. doc/LMTP.md has
the table."""

import re
import socket
import ssl
import unittest

from harness import main, on_wire, unstuff
from test_lmtp import BODY, STORED, Lmtp, WithLmtp

LINE = re.compile(rb"[2345]\d\d([ -])([245]\.\d{1,3}\.\d{1,3} )?[^\r\n]*[^\r\n ]\r\n")
LONG = "alice+" + 200 * "x"


def pipeline(*lines):
    return "".join(line + "\r\n" for line in lines).encode()


class Heard(Lmtp):
    """A client that keeps what it has heard, octet by octet."""

    def __init__(self, at, **kwargs):
        self.heard = []
        super().__init__(at, **kwargs)

    def line(self):
        line = super().line()
        self.heard.append(line + b"\r\n")
        return line


class Truths(unittest.TestCase):
    def start(self, **kwargs):
        p = WithLmtp(**kwargs)
        p.__enter__()
        self.addCleanup(p.__exit__)
        return p

    def everything(self, p):
        """A client that has heard replies of all kinds, with addresses of all lengths."""
        c = Heard(p.socket)
        c.code("NONSENSE")
        for command in ("HELP", "NOOP", "VRFY x", "RSET", "EHLO x", "DATA", "RCPT TO:<a>", "MAIL FROM:<a", "NOOP " + 5000 * "x",
                        "MAIL FROM:<a> X=1", "MAIL FROM:<\u00f6>", f"MAIL FROM:<{250 * 's'}@{50 * 'd.'}d>"):
            c.code(command)
        for length in (1, 63, 200, 216, 217, 218, 219, 220, 221, 222, 223, 224, 225, 255):
            c.code(f"RCPT TO:<{length * 'u'}>")
            c.code(f"RCPT TO:<{length * 'u'}@example.org>")
        self.assertEqual([c.code(f"RCPT TO:<{who}>") for who in ("alice", LONG, "bob")], ["250 2.1.5"] * 3)
        self.assertEqual(c.content(BODY, 3), ["250 2.1.5"] * 3)
        c.code("QUIT")
        self.assertEqual(c.rest(), b"")
        return c.heard

    def test_exim_takes_no_line_of_255_octets(self):
        heard = self.everything(self.start())
        self.assertEqual([line for line in heard if len(line) > 254], [])
        self.assertGreater(max(map(len, heard)), 240)

    def test_opensmtpd_takes_no_line_without_a_text(self):
        for line in self.everything(self.start()):
            found = LINE.fullmatch(line)
            self.assertTrue(found, line)
            self.assertGreater(len(found[0][len(found[2] or b"") + 4:].strip()), 1, line)

    def test_opensmtpd_must_have_an_answer_to_quit(self):
        """Without one it sends a stored message again; an error before does not spare the answer."""
        p = self.start()
        for recipient, code in (("alice", "250 2.1.5"), ("nobody", "550 5.1.1")):
            c = Lmtp(p.socket, hello="localhost")
            self.assertEqual(c.envelope(recipient), [code])
            if code.startswith("250"):
                self.assertEqual(c.content(BODY), ["250 2.1.5"])
            else:
                self.assertEqual(c.code("DATA"), "503 5.5.1")
            self.assertEqual(c.code("QUIT"), "221 2.0.0")
            self.assertEqual(c.rest(), b"")
        self.assertEqual(p.messages(), [STORED])

    def test_postfix_takes_the_221_for_a_reply_that_is_missing(self):
        """One reply for each accepted recipient, then 221: stored, full, too large."""
        p = self.start(settings={"max-message-size": '"64k"', "quota": '"1 messages"'})
        first = p.lmtp()
        self.assertEqual(first.envelope("bob"), ["250 2.1.5"])
        for body, wanted in ((b"x\r\n" * 30000, ["552 5.3.4"] * 4),
                             (BODY, ["250 2.1.5", "452 4.2.2", "250 2.1.5", "452 4.2.2"])):
            c = p.lmtp()
            c.send(pipeline("MAIL FROM:<s@x.org>", "RCPT TO:<alice>", "RCPT TO:<bob>", "RCPT TO:<nobody>",
                            "RCPT TO:<alice+x>", "RCPT TO:<bob>", "DATA"))
            self.assertEqual(c.codes(6), ["250 2.1.0"] + ["250 2.1.5"] * 2 + ["550 5.1.1"] + ["250 2.1.5"] * 2)
            self.assertTrue(c.reply()[0].startswith("354 "))
            if wanted[0].startswith("250"):
                self.assertEqual(first.content(BODY), ["250 2.1.5"])
            c.send(body + b".\r\nQUIT\r\n")
            self.assertEqual(c.codes(5), wanted + ["221 2.0.0"])
            self.assertEqual(c.rest(), b"")
        self.assertEqual((p.messages(), p.messages("bob")), ([STORED], [STORED]))

    def test_exim_bounces_all_mail_after_a_greeting_with_554(self):
        """A client too many is greeted with 421, and its mail waits."""
        p = self.start(settings={"max-connections-per-address": "1"})
        c = Lmtp(p.lmtp_port)
        refused = Lmtp(p.lmtp_port, hello=None)
        self.assertRegex(refused.greeting[0], "^421 ")
        self.assertEqual(refused.rest(), b"")
        self.assertEqual(c.code("QUIT"), "221 2.0.0")

    def test_fetchmail_deletes_a_message_after_552(self):
        """A full maildrop is 452, at RCPT and after the message."""
        p = self.start(settings={"quota": '"1 messages"'})
        late = Lmtp(p.socket, hello="localhost")
        self.assertEqual(late.envelope("alice"), ["250 2.1.5"])
        c = Lmtp(p.socket, hello="localhost")
        self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
        self.assertEqual(c.content(BODY), ["250 2.1.5"])
        self.assertEqual(c.envelope("alice"), ["452 4.2.2"])
        self.assertEqual(late.content(BODY), ["452 4.2.2"])
        self.assertEqual(p.messages(), [STORED])

    def test_postfix_pipelines_data_behind_recipients_that_are_refused(self):
        """After 354 it would send a dot, and wait for no reply to it."""
        p = self.start()
        c = p.lmtp()
        c.send(pipeline("MAIL FROM:<s@x.org>", "RCPT TO:<x>", "RCPT TO:<y>", "RCPT TO:<z>", "DATA"))
        self.assertEqual(c.codes(5), ["250 2.1.0"] + ["550 5.1.1"] * 3 + ["503 5.5.1"])
        c.send(pipeline("RSET", "QUIT"))
        self.assertEqual(c.codes(2), ["250 2.0.0", "221 2.0.0"])
        self.assertEqual(c.rest(), b"")

    def test_exim_sends_bdat_in_the_segment_of_its_recipients(self):
        """Replies: one for a chunk, after LAST one for each recipient, and one if there is none. No octet of a chunk is a
        command."""
        p = self.start()
        text = b"Subject: x\r\n\r\nMAIL FROM:<evil@x.org>\r\nQUIT\r\n"
        first = b"BDAT 14\r\n" + text[:14]
        last = b"BDAT %d LAST\r\n" % (len(text) - 14) + text[14:]
        for recipients, wanted in ((["alice", "nobody", "bob"], ["250 2.0.0", "250 2.1.5", "250 2.1.5"]),
                                   (["nobody", "none"], ["503 5.5.1", "503 5.5.1"])):
            c = p.lmtp()
            c.send(pipeline("MAIL FROM:<s@x.org>", *(f"RCPT TO:<{r}>" for r in recipients)) + first + last)
            self.assertEqual(c.codes(1 + len(recipients)),
                             ["250 2.1.0"] + ["550 5.1.1" if r[0] == "n" else "250 2.1.5" for r in recipients])
            self.assertEqual(c.codes(len(wanted)), wanted)
            self.assertEqual(c.code("RSET"), "250 2.0.0")
            self.assertEqual(c.code("QUIT"), "221 2.0.0")
            self.assertEqual(c.rest(), b"")
        stored = text.replace(b"\r\n", b"\n")
        self.assertEqual((p.messages(), p.messages("bob")), ([stored], [stored]))

    def test_getmail_ends_without_quit(self):
        """All that has 250 stays stored; what had no end is no message."""
        p = self.start()
        c = Lmtp(p.lmtp_port, hello=None)
        self.assertRegex(c.ask_all("lhlo [127.0.0.1]")[0], "^250-")
        self.assertEqual(c.code("mail FROM:<unknown> size=31"), "250 2.1.0")
        self.assertEqual(c.code("rcpt TO:<alice>"), "250 2.1.5")
        self.assertRegex(c.ask_all("data")[0], "^354 ")
        c.send(BODY + b".\r\n")
        self.assertEqual(c.codes(1), ["250 2.1.5"])
        c.close()
        c = p.lmtp()
        c.envelope("alice")
        self.assertRegex(c.ask_all("DATA")[0], "^354 ")
        c.send(BODY + b".\r")
        c.close()
        p.log.wait("event=lmtp-session .* end=hangup", count=2)
        self.assertEqual(p.messages(), [STORED])
        name, = p.names()
        self.assertTrue((p.maildir() / name).read_bytes().startswith(b"Return-Path: <unknown>\n"))

    def test_a_recipient_named_twice_gets_one_copy(self):
        p = self.start()
        c = p.lmtp()
        self.assertEqual(c.envelope("alice", "bob", "alice", "alice+x"), ["250 2.1.5"] * 4)
        self.assertEqual(c.content(BODY, 4), ["250 2.1.5"] * 4)
        self.assertEqual((p.messages(), p.messages("bob")), ([STORED], [STORED]))
        self.assertEqual(c.code("QUIT"), "221 2.0.0")

    def test_postfix_reuses_a_connection_after_rset(self):
        """Others come and go meanwhile; RSET forgets recipients that had no message."""
        p = self.start()
        c = p.lmtp()
        for _ in range(3):
            self.assertEqual(c.envelope("bob"), ["250 2.1.5"])
            self.assertEqual(c.code("RSET"), "250 2.0.0")
            c.send(pipeline("MAIL FROM:<s@x.org>", "RCPT TO:<alice>", "DATA"))
            self.assertEqual(c.codes(2), ["250 2.1.0", "250 2.1.5"])
            self.assertRegex(c.reply()[0], "^354 ")
            c.send(BODY + b".\r\n")
            self.assertEqual(c.codes(1), ["250 2.1.5"])
            self.assertEqual(c.code("RSET"), "250 2.0.0")
            other = p.lmtp()
            self.assertEqual(other.code("QUIT"), "221 2.0.0")
            self.assertEqual(other.rest(), b"")
        self.assertEqual((p.messages(), p.messages("bob")), ([STORED] * 3, []))

    def test_an_idle_client_hears_421_before_the_end(self):
        p = self.start(settings={"lmtp-timeout": "1s"})
        c = p.lmtp(hello=None)
        self.assertEqual(c.codes(1), ["421 4.4.2"])
        self.assertEqual(c.rest(), b"")

    def test_opensmtpd_has_put_return_path_there(self):
        p = self.start()
        c = Lmtp(p.socket, hello="localhost")
        c.envelope("alice", sender="right@x.org")
        own = b"Delivered-To: alice@x.org\r\nReceived: from y\r\n\tby z; now\r\n"
        self.assertEqual(c.content(b"Return-Path: <wrong@x.org>\r\n" + own + BODY), ["250 2.1.5"])
        name, = p.names()
        octets = (p.maildir() / name).read_bytes()
        self.assertEqual(re.findall(rb"(?im)^return-path:.*", octets), [b"Return-Path: <right@x.org>"])
        self.assertEqual(p.messages(), [own.replace(b"\r\n", b"\n") + STORED])

    def test_exim_sends_8_bit_octets_without_body(self):
        p = self.start()
        c = p.lmtp()
        body = b"Subject: \xe4\r\n\r\n" + bytes(range(128, 256)) + b"\r\n"
        self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
        self.assertEqual(c.content(body), ["250 2.1.5"])
        self.assertEqual(p.messages(), [body.replace(b"\r\n", b"\n")])

    def test_postfix_declares_less_than_it_sends(self):
        """It folds lines after it has counted them. Exim declares 1,024 octets more."""
        p = self.start()
        body = b"Subject: x\r\n\r\n" + (b"y" * 998 + b"\r\n ") * 300 + b"\r\n"
        for size in (len(body) // 2, len(body) + 1024):
            c = p.lmtp()
            self.assertEqual(c.code(f"MAIL FROM:<s@x.org> SIZE={size}"), "250 2.1.0")
            self.assertEqual(c.code("RCPT TO:<alice>"), "250 2.1.5")
            self.assertEqual(c.content(body), ["250 2.1.5"])
        self.assertEqual(p.messages(), [body.replace(b"\r\n", b"\n")] * 2)

    def test_postfix_says_lhlo_again_after_starttls(self):
        p = self.start()
        c = Lmtp(p.lmtp_port)
        self.assertIn("250-STARTTLS", c.keywords)
        self.assertEqual(c.envelope("bob"), ["250 2.1.5"])
        self.assertRegex(c.ask_all("LHLO client.example")[0], "^250-")
        self.assertEqual(c.code("STARTTLS"), "220 2.0.0")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        c.sock = context.wrap_socket(c.sock)
        self.assertEqual(c.code("MAIL FROM:<s@x.org>"), "503 5.5.1")
        self.assertNotIn("250-STARTTLS", c.ask_all("LHLO client.example"))
        self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
        self.assertEqual(c.content(BODY), ["250 2.1.5"])
        self.assertEqual((p.messages(), p.messages("bob")), ([STORED], []))
        name, = p.names()
        self.assertIn(b" with LMTPS id ", (p.maildir() / name).read_bytes())

    def test_postfix_sends_quit_in_the_segment_of_the_dot(self):
        p = self.start()
        c = p.lmtp()
        c.send(pipeline("MAIL FROM:<s@x.org>", "RCPT TO:<alice>", "DATA"))
        self.assertEqual(c.codes(2), ["250 2.1.0", "250 2.1.5"])
        self.assertRegex(c.reply()[0], "^354 ")
        c.send(BODY + b".\r\nQUIT\r\n")
        c.sock.shutdown(socket.SHUT_WR)
        self.assertEqual(c.codes(2), ["250 2.1.5", "221 2.0.0"])
        self.assertEqual(c.rest(), b"")
        self.assertEqual(p.messages(), [STORED])

    def test_opensmtpd_names_recipients_without_a_domain(self):
        """fetchmail gives them the host that it is connected to."""
        p = self.start(settings={"recipient-domains": "strip"})
        c = Lmtp(p.socket, hello="localhost")
        for recipient in ("alice", "alice@localhost", "alice@127.0.0.3", "alice@[127.0.0.3]"):
            self.assertEqual(c.envelope(recipient), ["250 2.1.5"])
            self.assertEqual(c.content(BODY), ["250 2.1.5"])
        self.assertEqual(p.messages(), [STORED] * 4)

    def test_postfix_sends_nul_and_exim_lines_of_any_length(self):
        """fetchmail sends bare CR. All of it is stored as it came, and sent so to a client of POP3."""
        p = self.start()
        c = p.lmtp()
        body = b"Subject: x\r\n\r\na\0b\rc\r\r\n" + b"l" * 200000 + b"\r\nd\n.\ne\r.\rf\r\n"
        self.assertEqual(c.envelope("alice"), ["250 2.1.5"])
        self.assertEqual(c.content(body), ["250 2.1.5"])
        self.assertTrue(p.messages() == [body.replace(b"\r\n", b"\n")])
        d = p.login()
        sent = d.multi("RETR 1")
        self.assertTrue(unstuff(sent).endswith(b"\r\n" + on_wire(body.replace(b"\r\n", b"\n"))), sent[-100:])
        d.quit()


if __name__ == "__main__":
    main()
