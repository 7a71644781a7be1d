"""The language of replies (RFC 6856 section 3), and the catalogues that it comes from."""

import gettext
import pathlib
import poplib
import subprocess
import unicodedata
import unittest

from harness import BUILD, Poplar, ServerCase, main

TOP = pathlib.Path(__file__).resolve().parents[2]
CATALOGUES = BUILD.parent / "po"
LANGUAGES = (TOP / "po" / "LINGUAS").read_text().split()


def texts(language):
    """What Poplar shall say in that language, as gettext itself reads the catalogue."""
    if language == "en":
        return gettext.NullTranslations()
    with open(CATALOGUES / f"{language}.mo", "rb") as f:
        return gettext.GNUTranslations(f)


class Catalogues(unittest.TestCase):
    def test_they_have_what_the_tables_have_and_nothing_else(self):
        for language in LANGUAGES:
            with self.subTest(language=language):
                # Says what is missing, fuzzy, or of no use any more.
                done = subprocess.run(["msgcmp", TOP / "po" / f"{language}.po", CATALOGUES / "poplar.pot"],
                                      capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                obsolete = subprocess.run(["msgattrib", "--only-obsolete", TOP / "po" / f"{language}.po"],
                                          capture_output=True, text=True, check=True)
                self.assertEqual(obsolete.stdout, "")

    def test_they_are_in_normal_form(self):
        for language in LANGUAGES:
            text = (TOP / "po" / f"{language}.po").read_text(encoding="utf-8")
            self.assertTrue(unicodedata.is_normalized("NFC", text), language)
            # Nothing that is not seen: no joiners, marks of direction, soft hyphens.
            for c in text:
                self.assertNotIn(unicodedata.category(c), ("Cf", "Co", "Cn"), f"{language}: {c!r}")


class Dialogue:
    """A session of every reply that is not an accident, against what gettext says."""

    def __init__(self, test, p, language):
        self.test, self.language = test, language
        self.t = texts(language)
        self.c = p.connect()

    def said(self, reply, text, number=None):
        text = self.t.gettext(text)
        self.test.assertEqual(reply, text if number is None else text.replace("%u", str(number)))

    def octets(self, n):
        return self.t.ngettext("%u octet", "%u octets", n) % n

    def counted(self, one, many, n, octets):
        return self.t.ngettext(one, many, n) % (n, self.octets(octets))

    def ok(self, command, text, number=None):
        reply = self.c.ok(command)
        self.said(reply.removeprefix("+OK "), text, number)

    def err(self, command, text, code=""):
        reply = self.c.err(command)
        self.test.assertTrue(reply.startswith("-ERR " + code), reply)
        self.said(reply.removeprefix("-ERR " + code), text)

    def choose(self):
        self.test.assertEqual(self.c.ok(f"LANG {self.language}"),
                              f"+OK {self.language} {self.t.gettext('language changed')}")

    def before_login(self):
        self.test.assertEqual(self.c.greeting, b"+OK Poplar ready")
        self.err("XYZZY", "unknown command")
        self.err("STAT", "command not valid in this state")
        self.err("USER", "malformed command")
        self.err("X" * 300, "line too long")
        self.err("LANG mul", "no such language")
        self.err("AUTH NONE", "no such mechanism here")
        self.c.ask("AUTH PLAIN")
        self.err("*", "authentication cancelled")
        self.c.ask("AUTH PLAIN")
        self.err("!", "malformed response")
        self.ok("AUTH", "mechanisms follow")
        self.c.lines()
        self.ok("CAPA", "capability list follows")
        self.test.assertIn(b"\r\nLANG\r\n", self.c.lines())
        self.ok("LANG", "language list follows")
        listed = dict(line.split(" ", 1) for line in self.c.lines().decode().splitlines()[:-1])
        self.test.assertEqual(listed, {tag: texts(tag).gettext("English") for tag in ["en", *LANGUAGES]})

    def log_in(self):
        self.ok("USER alice", "send PASS")
        self.err("PASS wrong", "invalid user name or password", "[AUTH] ")
        self.ok("USER alice", "send PASS")
        self.test.assertEqual(self.c.ok("PASS secret"), "+OK " + self.counted(
            "maildrop has %u message (%s)", "maildrop has %u messages (%s)", 2, 30))
        self.err("STLS", "command not valid in this state")

    def transaction(self):
        self.test.assertEqual(self.c.ok("STAT"), "+OK 2 30")
        self.test.assertEqual(self.c.ok("LIST"), "+OK " + self.counted(
            "%u message (%s)", "%u messages (%s)", 2, 30))
        self.test.assertEqual(self.c.lines(), b"1 16\r\n2 14\r\n.\r\n")
        self.test.assertEqual(self.c.ok("LIST 2"), "+OK 2 14")
        self.test.assertEqual(self.c.ok("RETR 1"), "+OK " + self.octets(16))
        self.test.assertEqual(self.c.lines(), b"Subject: one\r\n\r\n.\r\n")
        self.ok("TOP 2 0", "top of message follows")
        self.c.lines()
        self.ok("NOOP", "nothing done")
        self.err("RETR 3", "no such message")
        self.ok("DELE 2", "message %u deleted", 2)
        self.err("DELE 2", "message is marked as deleted")
        self.test.assertEqual(self.c.ok("LIST"), "+OK " + self.counted(
            "%u message (%s)", "%u messages (%s)", 1, 16))
        self.c.lines()
        self.test.assertEqual(self.c.ok("RSET"), "+OK " + self.counted(
            "maildrop has %u message (%s)", "maildrop has %u messages (%s)", 2, 30))

    def in_use(self, p):
        other = Dialogue(self.test, p, self.language)
        other.choose()
        other.ok("USER alice", "send PASS")
        other.err("PASS secret", "maildrop is in use by another session", "[IN-USE] ")
        other.ok("QUIT", "signing off")
        other.c.close()

    def end(self):
        self.test.assertEqual(self.c.quit(), "+OK " + self.t.ngettext(
            "signing off, %u message left", "signing off, %u messages left", 2) % 2)


class Languages(ServerCase):
    kwargs = {"settings": {"language": "ja", "lock-wait": "0", "plaintext-auth": "yes"}}

    def setUp(self):
        super().setUp()
        if not self.p.names():
            self.p.put("1.a", b"Subject: one\n\n")
            self.p.put("2.b", b"Subject: two\n")

    def test_a_whole_session_in_each(self):
        for language in ["en", *LANGUAGES]:
            with self.subTest(language=language):
                d = Dialogue(self, self.p, language)
                d.choose()
                d.before_login()
                d.log_in()
                d.transaction()
                d.in_use(self.p)
                d.end()

    def test_it_may_change_at_any_time(self):
        d = Dialogue(self, self.p, "en")
        for language in LANGUAGES:
            for spelt in (language, language.upper(), f"{language}-x-test"):
                self.assertEqual(d.c.ok(f"LANG {spelt}").split()[1], language)
        for asked, tag in (("pt", "pt-BR"), ("pt-PT", "pt-BR"), ("zh", "zh-Hans"), ("zh-Hant-TW", "zh-Hans")):
            self.assertEqual(d.c.ok(f"LANG {asked}"), f"+OK {tag} {texts(tag).gettext('language changed')}")
        d.c.login("alice", "secret")
        for language in LANGUAGES:
            d.t = texts(language)
            d.language = language
            d.choose()
            d.ok("NOOP", "nothing done")
        d.end()

    def test_each_session_has_its_own(self):
        sessions = [Dialogue(self, self.p, language) for language in ["en", *LANGUAGES]]
        for d in sessions[1:]:
            d.choose()
        for _ in range(2):
            for d in sessions:
                d.err("XYZZY", "unknown command")
        for d in sessions:
            d.c.close()

    def test_the_administrators(self):
        c = self.p.connect()
        self.assertEqual(c.err("XYZZY"), "-ERR unknown command")
        self.assertEqual(c.ok("LANG *"), "+OK ja " + texts("ja").gettext("language changed"))
        c.close()

    def test_poplib_reads_its_mail(self):
        c = poplib.POP3("127.0.0.1", self.p.port)
        for language in LANGUAGES:
            self.assertTrue(c._shortcmd(f"LANG {language}").startswith(f"+OK {language} ".encode()))
        c.user("alice")
        c.pass_("secret")
        self.assertEqual(c.stat(), (2, 30))
        self.assertEqual(c.retr(1)[1:], ([b"Subject: one", b""], 16))
        self.assertEqual(c.uidl(1)[:4], b"+OK ")
        self.assertIn("LANG", c.capa())
        c._shortcmd("LANG ar")
        with self.assertRaises(poplib.error_proto) as told:
            c.retr(9)
        self.assertEqual(told.exception.args[0].decode(), "-ERR " + texts("ar").gettext("no such message"))
        c.quit()


if __name__ == "__main__":
    main()
