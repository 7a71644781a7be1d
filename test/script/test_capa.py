"""CAPA, with real servers: what is announced works, and what is not announced does not.

Every combination of what it depends on is in test/unit/test_capa.c; here are servers as they are set
up, and connections as they come. A setting that changes CAPA is a row of SERVERS.
"""

import base64
import hashlib
import pathlib
import re
import sqlite3
import subprocess
import unittest

from harness import BUILD, Client, Poplar, main

SOURCE = pathlib.Path(__file__).resolve().parents[2] / "src"
MECHANISMS = [name for name, needs in re.findall(r'^\tX\(\w+, +"([\w-]+)", +([A-Z |]+),',
                                                 (SOURCE / "base" / "mechanism.h").read_text(), re.M)
              if "SASL" in needs]
TAGS = {"TOP", "USER", "SASL", "RESP-CODES", "AUTH-RESP-CODE", "LOGIN-DELAY", "PIPELINING", "EXPIRE", "UIDL",
        "IMPLEMENTATION", "STLS", "UTF8", "LANG"}
ALWAYS = {"TOP", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING", "UIDL", "LANG", "IMPLEMENTATION Poplar"}

PLAIN = "PLAIN LOGIN"
SCRAM = "SCRAM-SHA-256 SCRAM-SHA-1"
HASHED = subprocess.run(["openssl", "passwd", "-5", "-salt", "salt", "secret"], capture_output=True,
                        text=True).stdout.strip()


class People(Poplar):
    """With a database of SQLite in its folder, whose one user has a plain password, or a hash."""

    def __init__(self, stored, **kwargs):
        self.stored = stored
        super().__init__(users={"alice": "secret"}, sections='database people { driver = sqlite\n'
                         'path = "{dir}/people/people.db"\n'
                         'query-find = "SELECT password FROM users WHERE name = %u" }\n', **kwargs)

    def prepare(self):
        (self.dir / "people").mkdir()
        db = sqlite3.connect(self.dir / "people" / "people.db")
        db.execute("CREATE TABLE users (name TEXT, password TEXT)")
        db.execute("INSERT INTO users VALUES ('alice', ?)", (self.stored,))
        db.commit()
        db.close()
        (self.dir / "people" / "people.db").chmod(0o644)


def hashed_users():
    return {"users": {"alice": f"alice:{{CRYPT}}{HASHED}"}}


def some(*mechanisms, **settings):
    return {"settings": {"mechanisms": "{" + ", ".join(f'"{m}"' for m in mechanisms) + "}"} | settings}


# What a server is like; what it announces, besides ALWAYS, in the clear, over TLS (None: it has none), and
# behind the login of alice.
NEVER = "EXPIRE NEVER"
CLEAR = {"USER", f"SASL {PLAIN} {SCRAM} CRAM-MD5", NEVER}
SECURE = {"USER", f"SASL {PLAIN} {SCRAM} CRAM-MD5", NEVER}
SERVERS = {
    "as it comes": (Poplar, {}, CLEAR | {"STLS"}, SECURE, SECURE),
    "without TLS": (Poplar, {"tls": False}, CLEAR, None, CLEAR),
    "no passwords in the clear":
        (Poplar, {"settings": {"plaintext-auth": "no"}}, {f"SASL {SCRAM} CRAM-MD5", NEVER, "STLS"}, SECURE, SECURE),
    "neither TLS nor passwords in the clear":
        (Poplar, {"tls": False, "settings": {"plaintext-auth": "no"}}, {f"SASL {SCRAM} CRAM-MD5", NEVER}, None, None),
    "users with hashes":
        (Poplar, hashed_users(), {"USER", f"SASL {PLAIN}", NEVER, "STLS"}, {"USER", f"SASL {PLAIN}", NEVER},
         {"USER", f"SASL {PLAIN}", NEVER}),
    "hashes, and no passwords in the clear":
        (Poplar, hashed_users() | {"settings": {"plaintext-auth": "no"}}, {NEVER, "STLS"},
         {"USER", f"SASL {PLAIN}", NEVER}, {"USER", f"SASL {PLAIN}", NEVER}),
    "USER alone": (Poplar, some("USER"), {"USER", NEVER, "STLS"}, {"USER", NEVER}, {"USER", NEVER}),
    "APOP, and CRAM-MD5":
        (Poplar, some("APOP", "CRAM-MD5"), {"SASL CRAM-MD5", NEVER, "STLS"}, {"SASL CRAM-MD5", NEVER}, None),
    "SCRAM alone":
        (Poplar, some("SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"), {"SASL SCRAM-SHA-256", NEVER, "STLS"},
         {"SASL SCRAM-SHA-256-PLUS SCRAM-SHA-256", NEVER}, None),
    "DIGEST-MD5 and ANONYMOUS":
        (Poplar, some("USER", "DIGEST-MD5", "ANONYMOUS", **{"anonymous-user": '"bob"'}),
         {"USER", "SASL DIGEST-MD5 ANONYMOUS", NEVER, "STLS"}, {"USER", "SASL DIGEST-MD5 ANONYMOUS", NEVER},
         {"USER", "SASL DIGEST-MD5 ANONYMOUS", NEVER}),
    "a database with passwords as they are":
        (People, {"stored": "{PLAIN}secret"}, {"USER", f"SASL {PLAIN}", NEVER, "STLS"},
         {"USER", f"SASL {PLAIN}", NEVER}, {"USER", f"SASL {PLAIN}", NEVER}),
    "a database with hashes, and no TLS":
        (People, {"stored": "{CRYPT}" + HASHED, "tls": False}, {"USER", f"SASL {PLAIN}", NEVER}, None,
         {"USER", f"SASL {PLAIN}", NEVER}),
    "a delay of logins":
        (Poplar, some("USER", **{"login-delay": "1h", "login-delay-most": "2h"}),
         {"USER", "LOGIN-DELAY 7200 USER", NEVER, "STLS"}, {"USER", "LOGIN-DELAY 7200 USER", NEVER},
         {"USER", "LOGIN-DELAY 3600", NEVER}),
    "the same delay for all":
        (Poplar, some("USER", **{"login-delay": "60s"}), {"USER", "LOGIN-DELAY 60", NEVER, "STLS"},
         {"USER", "LOGIN-DELAY 60", NEVER}, {"USER", "LOGIN-DELAY 60", NEVER}),
    "mail that expires":
        (Poplar, some("USER", expire='"60,30"', **{"expire-least": '"0"'}), {"USER", "EXPIRE 0 USER", "STLS"},
         {"USER", "EXPIRE 0 USER"}, {"USER", "EXPIRE 30"}),
    "mail that is read once":
        (Poplar, some("USER", expire="0"), {"USER", "EXPIRE 0", "STLS"}, {"USER", "EXPIRE 0"}, {"USER", "EXPIRE 0"}),
    "XTND":
        (Poplar, {"settings": {"xtnd": "yes"}}, CLEAR | {"STLS"},
         SECURE, SECURE),
    "XTND, and next to nothing":
        (Poplar, some("SCRAM-SHA-1", xtnd="yes") | {"tls": False},
         {"SASL SCRAM-SHA-1", NEVER}, None, None),
}


def b64(text):
    return base64.b64encode(text.encode()).decode()


class TestCapa(unittest.TestCase):
    def connect(self, tls):
        c = Client(self.p.tls_port, tls=True) if tls else self.p.connect()
        self.addCleanup(c.close)
        return c

    def enter(self, tls):
        """Log alice in by whatever there is; None if nothing shows her password."""
        c = self.connect(tls)
        tags = {line.split()[0] for line in c.capa()}
        stamp = re.search(rb"<.*>$", c.greeting)
        if "USER" in tags:
            c.login("alice", "secret")
        elif stamp:
            c.ok("APOP alice " + hashlib.md5(stamp[0] + b"secret").hexdigest())
        else:
            return None
        return c

    # -- one reply

    def capa(self, c):
        """RFC 2449 sections 3 and 4: what each line is made of, and how long it is."""
        self.assertTrue(c.ok("CAPA"))
        lines = c.lines().split(b"\r\n")
        self.assertEqual(lines[-2:], [b".", b""])
        for line in lines[:-2]:
            self.assertLessEqual(len(line) + 2, 512)
            self.assertRegex(line, rb"^[\x21-\x2d\x2f-\x7f]+( [\x21-\x7f]+)*$")
        said = [line.decode() for line in lines[:-2]]
        tags = [line.split()[0] for line in said]
        self.assertEqual(len(tags), len(set(tags)))
        self.assertLessEqual(set(tags), TAGS)
        return set(said)

    @staticmethod
    def words(said, tag):
        """What stands behind the tag; None if it is not there."""
        for line in said:
            if line.split()[0] == tag:
                return line.split()[1:]
        return None

    # -- whether it works

    def try_user(self, tls, said):
        c = self.connect(tls)
        self.assertEqual(c.ask("USER alice").startswith("+OK"), "USER" in said)
        if "USER" in said:
            self.assertTrue(c.ask("PASS wrong").startswith("-ERR [AUTH]"))  # AUTH-RESP-CODE

    def try_sasl(self, tls, said):
        offered = self.words(said, "SASL") or []
        c = self.connect(tls)
        self.assertEqual(c.listing("AUTH"), offered)
        for mechanism in MECHANISMS:
            c = self.connect(tls)
            reply = c.ask(f"AUTH {mechanism}")
            self.assertEqual(reply.startswith("+ "), mechanism in offered, (mechanism, reply))
            if mechanism in offered:
                self.assertEqual(c.ask("*"), "-ERR authentication cancelled")
        if "PLAIN" in offered:
            self.assertTrue(c.ask("AUTH PLAIN " + b64("\0alice\0wrong")).startswith("-ERR [AUTH]"))
            c = self.connect(tls)
            c.ok("AUTH PLAIN " + b64("\0alice\0secret"))
            c.quit()

    @staticmethod
    def utf8(c, said):
        """RFC 6856 section 2.2: USER where there is a command that takes a name."""
        named = "USER" in said or re.search(rb"<.*>$", c.greeting)
        return {"UTF8 USER" if named else "UTF8"}

    def try_utf8(self, tls, said):
        c = self.connect(tls)
        c.ok("UTF8")
        if "USER" in said:
            c.ok("USER j\u00e9")

    def try_lang(self, tls, said):
        c = self.connect(tls)
        for command in ("LANG", "LANG en", "LANG *"):
            self.assertEqual(c.ask(command).startswith("+OK"), "LANG" in said)
            if command == "LANG":
                c.lines()

    def try_stls(self, tls, said):
        c = self.connect(tls)
        self.assertEqual(c.ask("STLS").startswith("+OK"), "STLS" in said)
        if "STLS" in said:
            c.start_tls()
            self.assertNotIn("STLS", self.capa(c))
            self.assertTrue(c.err("STLS"))

    def try_xtnd(self, c, said, behind):
        """It is there by its setting, and has no tag in CAPA."""
        self.assertIsNone(self.words(said, "XTND"))
        is_set = re.search("^xtnd = yes$", self.p.config.read_text(), re.M) is not None
        self.assertEqual(c.ask("XTND").startswith("+OK"), is_set)
        if not is_set:
            return
        listed = c.lines().decode().splitlines()[:-1]
        self.assertEqual({line for line in listed if line in ("TOP", "UIDL", "USER", "STLS")},
                         said & {"TOP", "UIDL", "USER", "STLS"})
        self.assertEqual([line.split()[1] for line in listed if line.startswith("AUTH ")],
                         self.words(said, "SASL") or [])
        if behind:
            self.assertEqual(c.multi("XTND BBOARDS"), b".\r\n")
            self.assertEqual(c.ask("XTND ARCHIVE none"), "-ERR no such bboard")

    def try_transaction(self, c):
        """TOP, UIDL, and that commands may come before the answer to the one ahead."""
        c.send("UIDL\r\nTOP 1 0\r\nNOOP\r\nUIDL 1\r\nCAPA\r\nNOOP\r\n")
        self.assertTrue(c.line().startswith(b"+OK"))
        self.assertEqual(c.lines(), b"1 1.x\r\n.\r\n")
        self.assertTrue(c.line().startswith(b"+OK"))
        self.assertEqual(c.lines(), b"Subject: x\r\n\r\n.\r\n")
        for reply in (b"+OK nothing done", b"+OK 1 1.x", b"+OK capability list follows"):
            self.assertEqual(c.line(), reply)
        c.lines()
        self.assertEqual(c.line(), b"+OK nothing done")

    # -- a server

    def check_server(self, clear, secure, behind):
        for tls, expected in ((False, clear), (True, secure)):
            if expected is None:
                continue
            c = self.connect(tls)
            said = self.capa(c)
            self.assertEqual(said, expected | ALWAYS | self.utf8(c, said))
            self.try_xtnd(c, said, False)
            for attempt in (self.try_user, self.try_sasl, self.try_utf8, self.try_lang, self.try_stls):
                attempt(tls, said)
        (self.p.maildir() / "poplar-ledger").unlink(missing_ok=True)  # the logins do not count
        c = self.enter(secure is not None)
        if not c:
            self.assertIsNone(behind)
        elif behind is not None:
            before, said = (secure or clear) | ALWAYS, self.capa(c)
            self.assertEqual(said, behind | ALWAYS | self.utf8(c, said))
            gone = {line.split()[0] for line in before} - {line.split()[0] for line in said}
            self.assertLessEqual(gone, {"STLS"})
            self.try_transaction(c)
            self.try_xtnd(c, said, True)
            self.assertTrue(c.err("STLS"))


def add_test(name, kind, kwargs, clear, secure, behind):
    def test(self):
        if kind is People and "sqlite" not in subprocess.run([BUILD / "poplar", "--version"], capture_output=True,
                                                             text=True).stdout:
            self.skipTest("SQLite is not in this build")
        with kind(**kwargs) as self.p:
            self.p.put("1.x", b"Subject: x\n\nbody\n")
            self.check_server(clear, secure, behind)
            self.doCleanups()
    setattr(TestCapa, "test_" + re.sub(r"\W+", "_", name), test)


for title, row in SERVERS.items():
    add_test(title, *row)


if __name__ == "__main__":
    main()
