"""UTF8: internationalized messages, names and passwords (RFC 6856), and what clients get that do
not say it: surrogates (RFC 6857, RFC 6858)."""

import email
import email.header
import email.policy
import hashlib
import re
import select
import unicodedata
import unittest

from harness import Poplar, ServerCase, main, on_wire, unstuff

PLAIN = b"From: a@b\nSubject: plain\n\n.dot\nbody \xc3\xb6\n"
LATIN = b"From: a@b\nSubject: gr\xfc\xdfe\n\nbody\n"
MIXED = b"From: J\xc3\xb6rg <a@b>\nno field\nS\xc3\xbcbject: x\nSubject: gr\xfc\xdfe\nX-Note: \xc3\xb6\n\nbody\n"
FULL = """\
Return-Path: <jörg@example.com>
Received: from mx.exämple.com by mx.example.net with UTF8SMTP id é
 for <gäste@example.net>; Mon, 30 Jul 2012 01:23:45 -0000
From: Jörg Ärger <jörg@example.com>
To: "Müller, Jürgen" <juergen@müller.example>, Plain <plain@example.com>
Cc: Freunde: a@example.com, ö@example.com;
Subject: Über die Dörfer, 大きな村々を越えて、遠くまで 😀
Message-ID: <ä@example.com>
Date: Mon, 30 Jul 2012 01:23:45 -0000
MIME-Version: 1.0
X-Note: für alle
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

.für alle
--x
Content-Type: application/octet-stream
Content-Disposition: attachment; filename="Größe und Gewicht der ganzen Lieferung im Überblick – 大きな村々.txt"

data
--x--
""".encode()
PART = """\
From: a@b
Subject: ASCII only
Content-Type: multipart/mixed; boundary=x

--x
Content-Disposition: attachment; filename="ö.txt"

data
--x--
""".encode()
LONG = b"Subject: " + "ö".encode() * 40000 + b"\n\nbody\n"
MANY = b"To: " + b",\n ".join('"Grüße" <a%d@ü%d.example>'.encode() % (i, i) for i in range(5000)) + b"\n\nbody\n"
TOO_LONG = b'To: a@b,\n "' + "ö".encode() * 40000 + b'" <c@d>\nSubject: x\n\nbody\n'

MESSAGES = {"1.plain": PLAIN, "2.latin": LATIN, "3.full": FULL, "4.part": PART}


def decoded(value):
    return str(email.header.make_header(email.header.decode_header(value)))


def head(message):
    return message.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def sizes(c):
    return {int(n): int(size) for n, size in (line.split() for line in c.listing())}


class Session(ServerCase):
    kwargs = {"users": {"alice": "secret"}}

    def setUp(self):
        super().setUp()
        for name, octets in MESSAGES.items():
            self.p.put(name, octets)

    def enter(self, utf8=False, p=None):
        c = (p or self.p).connect()
        if utf8:
            c.ok("UTF8")
        c.login("alice", "secret")
        return c

    def fetch_all(self, c):
        """Every message, whose size all agree on, in all the ways that there are to ask for it."""
        got = {}
        listed = sizes(c)
        self.assertEqual(c.ask("STAT"), f"+OK {len(listed)} {sum(listed.values())}")
        for n, size in listed.items():
            self.assertEqual(c.ask(f"LIST {n}"), f"+OK {n} {size}")
            got[n] = unstuff(c.multi(f"RETR {n}"))
            self.assertEqual(len(got[n]), size)
            lines = got[n].partition(b"\r\n\r\n")[2].splitlines(keepends=True)
            for k in (0, 1, 2, 1000):
                self.assertEqual(unstuff(c.multi(f"TOP {n} {k}")), head(got[n]) + b"".join(lines[:k]))
        return got

    def test_with_utf8_messages_come_as_they_are_stored(self):
        c = self.enter(utf8=True)
        got = self.fetch_all(c)
        self.assertEqual(list(got.values()), [on_wire(m) for m in MESSAGES.values()])
        self.assertEqual(c.ask("UTF8"), "-ERR command not valid in this state")
        c.quit()
        self.assertFalse(self.p.log.find("size-was-wrong"))

    def test_without_it_they_come_in_ascii(self):
        c = self.enter()
        got = self.fetch_all(c)
        self.assertEqual([got[1], got[2]], [on_wire(PLAIN), on_wire(LATIN)])
        self.assertTrue(head(got[3]).isascii())
        self.assertTrue(got[4].isascii())
        c.quit()
        self.assertFalse(self.p.log.find("size-was-wrong"))

    def test_what_a_mail_program_makes_of_a_surrogate(self):
        c = self.enter()
        m = email.message_from_bytes(self.fetch_all(c)[3])
        c.quit()
        self.assertEqual(m.defects, [])
        self.assertEqual(decoded(m["Subject"]), "Über die Dörfer, 大きな村々を越えて、遠くまで 😀")
        self.assertEqual(decoded(m["X-Note"]), "für alle")
        self.assertEqual(decoded(m["From"]), "Jörg Ärger jörg@example.com :;")
        self.assertEqual(decoded(m["Return-Path"]), "jörg@example.com :;")
        self.assertEqual(decoded(m["Cc"]), "Freunde a@example.com, ö@example.com :;")
        self.assertEqual(email.utils.getaddresses([m["To"]])[0][1], "juergen@xn--mller-kva.example")
        self.assertEqual(decoded(email.utils.getaddresses([m["To"]])[0][0]), "Müller, Jürgen")
        self.assertEqual(email.utils.getaddresses([m["To"]])[1], ("Plain", "plain@example.com"))
        self.assertIsNone(m["Message-ID"])
        self.assertEqual(decoded(m["Downgraded-Message-ID"]), "<ä@example.com>")
        self.assertEqual(re.sub(r"\s+", " ", m["Received"]), "from mx.xn--exmple-cua.com by mx.example.net with UTF8SMTP;"
                         " Mon, 30 Jul 2012 01:23:45 -0000")
        self.assertEqual(m["Date"], "Mon, 30 Jul 2012 01:23:45 -0000")
        text, attached = m.get_payload()
        self.assertEqual(text.get_payload(decode=True).decode(), ".für alle")
        self.assertEqual(attached.get_filename(),
                         "Größe und Gewicht der ganzen Lieferung im Überblick – 大きな村々.txt")

    def test_lines_of_a_surrogate_are_short(self):
        c = self.enter()
        for n in (3, 4):
            for line in head(unstuff(c.multi(f"RETR {n}"))).splitlines():
                self.assertLessEqual(len(line), 76)
        c.quit()

    def test_both_sizes_are_kept_and_made_anew(self):
        def both():
            found = []
            for utf8 in (False, True):
                c = self.enter(utf8)
                found.append((c.ask("STAT"), sizes(c)))
                c.quit()
            return found

        first = both()
        self.assertNotEqual(first[0], first[1])
        self.assertEqual(both(), first)  # from the index
        self.p.put("5.more", FULL)
        self.p.put("6.more", PLAIN)
        self.assertEqual(both()[0][1], {**first[0][1], 5: first[0][1][3], 6: first[0][1][1]})
        out = self.p.run("index", "verify", "alice")
        self.assertIn("all as they are without the index", out.stdout)
        (self.p.maildir() / "poplar-index").unlink()
        self.assertEqual(both()[1][1], {**first[1][1], 5: first[1][1][3], 6: first[1][1][1]})

    def test_a_name_that_tells_its_size_spares_no_look_at_the_header(self):
        self.p.put(f"7.x,S={len(FULL)},W={len(on_wire(FULL))}", FULL)
        self.p.put(f"8.x,S={len(PLAIN)},W={len(on_wire(PLAIN))}", PLAIN)
        c = self.enter()
        got = self.fetch_all(c)
        self.assertEqual((got[5], got[6]), (got[3], got[1]))
        c.quit()

    def test_removal_counts_what_the_client_saw(self):
        for utf8, left in ((True, len(on_wire(PLAIN))), (False, len(on_wire(PLAIN)))):
            c = self.enter(utf8)
            total = sum(sizes(c).values())
            n = max(sizes(c))
            size = sizes(c)[n]
            c.ok(f"DELE {n}")
            self.assertEqual(c.ask("STAT"), f"+OK {n - 1} {total - size}")
            c.quit()
            self.p.log.wait(f"event=session user=alice .*deleted-octets={size} .*left-octets={total - size} ")

    def test_each_field_is_judged_for_itself(self):
        self.p.put("5.mixed", MIXED)
        c = self.enter()
        got = self.fetch_all(c)[5]
        c.quit()
        self.assertTrue(got.isascii())
        self.assertIn(b"\r\nno field\r\nComments: =?UTF-8?Q?S=C3=BCbject=3A?= x\r\n", got)
        self.assertIn(b"\r\nSubject: =?UNKNOWN-8BIT?Q?gr=FC=DFe?=\r\nX-Note: =?UTF-8?Q?=C3=B6?=\r\n\r\nbody\r\n", got)

    def test_a_field_of_any_length_is_sent_to_all(self):
        """No message can keep a client that stops at the first -ERR from those behind it."""
        for name, octets in (("5.long", LONG), ("6.many", MANY), ("7.too-long", TOO_LONG), ("8.plain", PLAIN)):
            self.p.put(name, octets)
        c = self.enter()
        got = self.fetch_all(c)
        c.quit()
        self.assertEqual(got[8], on_wire(PLAIN))
        for n in (5, 6, 7):
            self.assertTrue(got[n].isascii())
        self.assertEqual(decoded(email.message_from_bytes(got[5])["Subject"]), "ö" * 40000)
        to = email.utils.getaddresses([email.message_from_bytes(got[6])["To"]])
        self.assertEqual([address for _, address in to],
                         [f"a{i}@" + f"ü{i}.example".encode("idna").decode() for i in range(5000)])
        self.assertEqual({decoded(name) for name, _ in to}, {"Grüße"})
        shortened = email.message_from_bytes(got[7])
        self.assertEqual((shortened["To"], shortened["Subject"]), ("a@b", "x"))
        self.p.log.wait("event=surrogate-shortened user=alice message=7 fields=1")
        self.assertFalse(self.p.log.find("event=surrogate-shortened .* message=[56]"))
        self.assertFalse(self.p.log.find("size-was-wrong"))
        c = self.enter(utf8=True)
        self.assertEqual(unstuff(c.multi("RETR 7")), on_wire(TOO_LONG))
        c.quit()

    def test_stls_and_utf8(self):
        c = self.p.connect()
        self.assertTrue({"UTF8 USER", "STLS"} <= c.capa())
        c.ok("UTF8")
        self.assertNotIn("STLS", c.capa())
        self.assertEqual(c.ask("STLS"), "-ERR command not valid in this state")
        c.close()
        c = self.p.connect()
        c.ok("STLS")
        c.start_tls()
        self.assertIn("UTF8 USER", c.capa())
        c.ok("UTF8")
        c.login("alice", "secret")
        self.assertIn("UTF8 USER", c.capa())
        self.assertEqual(unstuff(c.multi("RETR 3")), on_wire(FULL))
        c.quit()

    def test_many_at_once(self):
        """Fetched ahead, and in one go: each in its own form."""
        for i in range(5, 25):
            self.p.put(f"{i:02}.x", (FULL, PLAIN, PART)[i % 3])
        c = self.enter()
        listed = sizes(c)
        c.send(b"".join(b"RETR %d\r\n" % n for n in listed))
        for size in listed.values():
            self.assertEqual(c.line(), b"+OK %d octets" % size)
            self.assertEqual(len(unstuff(c.lines())), size)
        c.quit()


class Ways(unittest.TestCase):
    """utf8-downgrade, also when it is changed."""

    def test_each(self):
        with Poplar(users={"alice": "secret"}, settings={"utf8-downgrade": "simple"}) as p:
            for name, octets in MESSAGES.items():
                p.put(name, octets)

            def enter():
                c = p.connect()
                c.login("alice", "secret")
                return c

            c = enter()
            listed = sizes(c)
            got = {n: unstuff(c.multi(f"RETR {n}")) for n in listed}
            self.assertEqual({n: len(m) for n, m in got.items()}, listed)
            c.quit()
            m = email.message_from_bytes(got[3])
            self.assertTrue(head(got[3]).isascii())
            self.assertEqual(decoded(m["Subject"]), "Über die Dörfer, 大きな村々を越えて、遠くまで 😀")
            self.assertEqual(decoded(m["From"]),
                             "Jörg Ärger jörg@example.com <invalid@internationalized-address.invalid>")
            for gone in ("X-Note", "Message-ID", "Received", "Downgraded-Message-ID"):
                self.assertIsNone(m[gone])
            self.assertEqual(m.get_payload()[1]["Content-Disposition"], "attachment")
            self.assertEqual(sorted(got)[0:2], [1, 2])
            for way in ("refuse", "full", "simple"):
                p.stop()
                p.extra = {"utf8-downgrade": way}
                p.write_config()
                p.start()
                c = enter()
                if way == "refuse":
                    for n in (3, 4):
                        self.assertEqual(c.ask(f"RETR {n}"), "-ERR [UTF8] message needs UTF8, say UTF8 before logging in")
                    self.assertEqual(unstuff(c.multi("RETR 2")), on_wire(LATIN))
                else:
                    now = sizes(c)
                    self.assertEqual({n: len(unstuff(c.multi(f"RETR {n}"))) for n in now}, now)
                    self.assertEqual(now == listed, way == "simple")
                c.quit()
            self.assertFalse(p.log.find("size-was-wrong"))


class Credentials(ServerCase):
    """RFC 6856 section 2.2, RFC 4013."""

    NAME, PASSWORD = "josé", "pässwörd ½"
    kwargs = {"users": {NAME: PASSWORD, "ascii": "secret", "young": "😀é"},
              "settings": {"mechanisms": "{USER, APOP, PLAIN}"}}

    def setUp(self):
        super().setUp()
        self.p.make_maildir("jos%c3%a9")  # a path keeps nothing beyond ASCII

    def enter(self, name, password, utf8=False):
        c = self.p.connect()
        if utf8:
            c.ok("UTF8")
        c.ok(f"USER {name}")
        said = c.ask(f"PASS {password}")
        c.close()
        return said[:3] == "+OK"

    def test_in_every_form(self):
        self.assertTrue(self.enter("young", "😀é"))  # Unicode 3.2 did not know it yet
        for utf8 in (False, True):
            for form in ("NFC", "NFD"):
                name, password = (unicodedata.normalize(form, s) for s in (self.NAME, self.PASSWORD))
                self.assertTrue(self.enter(name, password, utf8))
                self.assertFalse(self.enter(name, password + "x", utf8))
            self.assertTrue(self.enter("jos\u00ade\u0301", "pa\u0308ssw\u00f6rd\u00a01\u20442", utf8))
            for bad in ("\u0007\u00e9", "\ue000", "\ufffd", "\u06281"):  # RFC 4013 sections 2.3 and 2.4
                self.assertFalse(self.enter(self.NAME, bad, utf8))
                self.assertFalse(self.enter(self.NAME + bad, self.PASSWORD, utf8))

    def test_what_is_not_utf8_is_refused(self):
        refusal = "-ERR [AUTH] user names and passwords are UTF-8"
        c = self.p.connect()
        self.assertEqual(c.ask(b"USER jos\xe9"), refusal)
        c.ok("USER ascii")
        self.assertEqual(c.ask(b"PASS secret\xe9"), refusal)
        c.err("PASS secret")
        self.assertEqual(c.ask(b"APOP jos\xe9 " + b"0" * 32), refusal)
        c.login("ascii", "secret")
        c.quit()

    def test_apop(self):
        for form in ("NFC", "NFD"):
            c = self.p.connect(greet=False)
            stamp = re.search(rb"<.*>", c.line())[0]
            prepared = unicodedata.normalize("NFKC", self.PASSWORD).encode()
            digest = hashlib.md5(stamp + prepared).hexdigest()
            c.ok(f"APOP {unicodedata.normalize(form, self.NAME)} {digest}")
            c.quit()


class Stored(ServerCase):
    kwargs = {"users": {"alice": "secret"}}

    def test_a_password_is_stored_as_it_will_be_shown(self):
        for scheme in ("PLAIN", "SHA256-CRYPT"):
            out = self.p.run("user", "passwd", "--scheme", scheme, "alice",
                             input=unicodedata.normalize("NFD", "señor\n"))
            self.assertEqual(out.returncode, 0, out.stderr)
            c = self.p.connect()
            c.login("alice", "señor")
            c.quit()
        for bad in ("\ue000é\n", "\u06281\n"):
            out = self.p.run("user", "passwd", "alice", input=bad)
            self.assertEqual(out.returncode, 1)
            self.assertIn("of characters that SASLprep allows", out.stderr)


class Neighbours(unittest.TestCase):
    def test_a_message_that_is_dear_to_rewrite_stops_nobody(self):
        """A header that costs half a second of work goes out in many turns; others have theirs between."""
        to = b",\n ".join(f"a@\u00e9{i}.example".encode() for i in range(1000))
        text = b"".join(b"To: " + to + b"\n" for _ in range(40)) + b"\nx\n"
        with Poplar(tls=False, settings={"fronts": "1"}) as p:
            p.put("1.x", text)
            alice, bob = p.login("alice"), p.login("bob")
            whole = len(alice.multi("RETR 1"))
            alice.send("RETR 1\r\n")
            alice.need(1)
            bob.send("NOOP\r\n")
            got = 0
            while not select.select([bob.sock], [], [], 0)[0]:  # alice takes all that comes, so that it never waits for her
                if alice.sock in select.select([alice.sock, bob.sock], [], [])[0]:
                    got += len(alice.sock.recv(65536))
            self.assertEqual(bob.line()[:3], b"+OK")
            self.assertLess(got, whole // 4)
            alice.close()
            bob.quit()


if __name__ == "__main__":
    main()
