"""Every text field of every message, filled from outside: its maximum is served, and one octet more costs its own
client the answer, and nobody else anything."""

import base64
import functools
import hashlib
import hmac
import itertools
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

from authority import Authority
from databases import Checkpassword, Ldap, Server, Sqlite
from harness import BUILD, IS_ROOT, Client, Poplar, main, tls_context
from proxyheader import run, v1, v2
from test_lmtp import WithLmtp
from tokens import ISSUER, Key, Service, claims

TABLE = pathlib.Path(__file__).parents[2] / "src" / "ipc" / "message.h"
BUILT = subprocess.run([BUILD / "poplar", "--version"], capture_output=True, text=True,
                       check=True).stdout.split("databases:")[1].split()

# Fields of ipc/message.h, and the tests of this file that fill them from outside.
FILLED = {}

# Fields whose octets no client, user, database or setting can make longer: why not.
BOUNDED = {
    "TICKET_KEYS.now": "a key of fixed length, which poplard makes",
    "TICKET_KEYS.before": "the same",
    "SANDBOXED.rules": "a text from the table of sandboxes",
    "TEST_ASK.peer": "an address, which the tool has parsed",
    "RCPT_ASK.peer": "an address, which the kernel or a proxy's header gives as octets",
    "GRANT_DELIVERY.peer": "the same",
    "AUTH_ASK.exporter": "32 octets, which TLS derives",
    "AUTH_ASK.unique": "a Finished message of TLS 1.2: 12 octets",
}

LINE = 255 - len("\r\n")  # of a command
LONG = 12288 - len("\r\n")  # of a SASL response
NAME = 255
DENIED = r"-ERR \[AUTH\] "
OVERLONG = "-ERR line too long"
SERVED = r"\+OK"
TROUBLE = "link-broken|child-died|child-killed|answer-lost|front-stuck|message-unsendable|not-started"


def name(letter, octets):
    return letter * octets


def b64(octets):
    return base64.b64encode(octets if isinstance(octets, bytes) else octets.encode()).decode()


def scram(c, user, password, nonce):
    """A whole SCRAM-SHA-256 (RFC 5802 section 3): the last reply."""
    first = f"n={user},r={nonce}"
    reply = c.ask("AUTH SCRAM-SHA-256 " + b64("n,," + first))
    if not reply.startswith("+ "):
        return reply
    challenge = base64.b64decode(reply[2:]).decode()
    both, salt, rounds = re.fullmatch("r=(.*),s=(.*),i=(.*)", challenge).groups()
    last = f"c=biws,r={both}"
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    key = hmac.digest(salted, b"Client Key", "sha256")
    said = f"{first},{challenge},{last}".encode()
    signature = hmac.digest(hashlib.sha256(key).digest(), said, "sha256")
    proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
    reply = c.ask(b64(f"{last},p={b64(proof)}"))
    return c.ask("") if reply.startswith("+ ") else reply


def named(*fields):
    """Mark a test that fills these fields from outside, at their maxima and beyond."""
    def wrap(test):
        for field in fields:
            FILLED.setdefault(field, []).append(test.__qualname__)
        return test
    return wrap


def fills(*fields, most, served=SERVED, over):
    """Mark a test that puts a number of octets into these fields and returns what its client, user or operator is
    told. It runs at the maximum and one octet over; behind each, other users log in over the same links."""
    def wrap(fill):
        @named(*fields)
        @functools.wraps(fill)
        def test(self):
            for octets, expected in ((most, served), (most + 1, over)):
                with self.subTest(octets=octets):
                    self.assertRegex(fill(self, octets), expected)
                    self.others_log_in()
        return test
    return wrap


class Table(unittest.TestCase):
    def test_each_text_of_a_message_is_filled_from_outside_or_bounded_by_its_sender(self):
        fields = {f"{message}.{field}"
                  for message, rest in re.findall(r"define MESSAGE_(\w+)_FIELDS\(N, T\)((?:.*\\\n)*.*)",
                                                  TABLE.read_text())
                  for field in re.findall(r"\bT\((\w+),", rest)}
        self.assertIn("AUTH_ASK.certificate", fields)  # in the second line of its message
        self.assertEqual(set(FILLED) & set(BOUNDED), set())
        self.assertEqual(set(FILLED) | set(BOUNDED), fields)


class Case(unittest.TestCase):
    """A server whose processes and links all tests of a class must leave alone."""

    @classmethod
    def serve(cls, server):
        cls.p = server
        cls.p.__enter__()
        cls.addClassCleanup(cls.p.__exit__)
        cls.before = cls.p.pids()

    def others_log_in(self):
        self.p.login("alice", "secret").quit()

    def setUp(self):
        self.mark = self.p.log.mark()

    def tearDown(self):
        self.assertEqual(self.p.pids(), self.before)
        self.assertEqual(self.p.log.find(TROUBLE, self.mark), [])

    def said(self, *commands, **kwargs):
        """The reply to the last of the commands."""
        with Client(self.p.port, **kwargs) as c:
            for command in commands:
                reply = c.ask(command)
            return reply


# ---- clients ----

class FromClients(Case):
    """Commands and SASL responses. Names of letter and length say what the user is for."""

    NAMES = ([name("u", n) for n in (LINE - len("USER "), NAME)]
             + [name("a", LINE - len("APOP  ") - 32), name("d", LINE - len("XTND BBOARDS "))])
    PASSWORDS = {"line": LINE - len("PASS "), "most": NAME}

    @classmethod
    def setUpClass(cls):
        users = {"alice": "secret"} | {n: "secret" for n in cls.NAMES}
        users |= {n: name("p", octets) for n, octets in cls.PASSWORDS.items()}
        cls.serve(Poplar(users=users, tls=False, settings={
            "failure-delay": "0", "xtnd": "yes", "mechanisms": '{"USER", "PLAIN", "LOGIN", "CRAM-MD5", "APOP", '
            '"SCRAM-SHA-256", "ANONYMOUS"}', "anonymous-user": '"alice"'}))

    @fills("AUTH_ASK.user", "AUTH_OK.user", "AUTH_FAILED.user", "GRANT.user", most=LINE - len("USER "), over=OVERLONG)
    def test_user(self, octets):
        with self.p.connect() as c:
            reply = c.ask("USER " + name("u", octets))
            return c.ask("PASS secret") if reply.startswith("+OK") else reply

    @fills("AUTH_ASK.user", "AUTH_FAILED.user", most=LINE - len("USER "), served=DENIED, over=OVERLONG)
    def test_user_that_nobody_knows(self, octets):
        with self.p.connect() as c:
            reply = c.ask("USER " + name("x", octets))
            return c.ask("PASS secret") if reply.startswith("+OK") else reply

    @fills("AUTH_ASK.response", most=LINE - len("PASS "), over=OVERLONG)
    def test_pass(self, octets):
        return self.said("USER line", "PASS " + name("p", octets))

    @fills("AUTH_ASK.user", most=LINE - len("APOP  ") - 32, over=OVERLONG)
    def test_apop(self, octets):
        with self.p.connect() as c:
            stamp = re.search(rb"<.*>", c.greeting)[0]
            return c.ask(f"APOP {name('a', octets)} {hashlib.md5(stamp + b'secret').hexdigest()}")

    @fills("AUTH_ASK.response", "AUTH_OK.user", "GRANT.user", most=NAME, over=DENIED)
    def test_name_in_plain(self, octets):
        return self.said("AUTH PLAIN " + b64(f"\0{name('u', octets)}\0secret"))

    @fills("AUTH_ASK.response", "AUTH_FAILED.user", most=NAME, served=DENIED, over=DENIED)
    def test_name_in_plain_that_nobody_knows(self, octets):
        return self.said("AUTH PLAIN " + b64(f"\0{name('x', octets)}\0secret"))

    @fills("AUTH_ASK.response", most=NAME, over=DENIED)
    def test_identity_in_plain(self, octets):
        return self.said("AUTH PLAIN " + b64(f"{name('u', octets)}\0{name('u', min(octets, NAME))}\0secret"))

    @fills("AUTH_ASK.response", most=NAME, over=DENIED)
    def test_password_in_plain(self, octets):
        return self.said("AUTH PLAIN " + b64(f"\0most\0{name('p', octets)}"))

    @fills("AUTH_NEXT.response", "AUTH_FAILED.user", most=NAME, over="-ERR malformed response")
    def test_name_in_login(self, octets):
        reply = self.said("AUTH LOGIN", b64(name("u", octets)))
        return self.said("AUTH LOGIN", b64(name("u", octets)), b64("secret")) if reply.startswith("+ ") else reply

    @fills("AUTH_NEXT.response", most=NAME, over=DENIED)
    def test_password_in_login(self, octets):
        return self.said("AUTH LOGIN", b64("most"), b64(name("p", octets)))

    @fills("AUTH_NEXT.response", most=NAME, over="-ERR")
    def test_name_in_cram(self, octets):
        with self.p.connect() as c:
            challenge = base64.b64decode(c.ask("AUTH CRAM-MD5")[2:])
            return c.ask(b64(f"{name('u', octets)} {hmac.digest(b'secret', challenge, 'md5').hex()}"))

    @fills("AUTH_ASK.response", "AUTH_NEXT.response", most=NAME, over=DENIED)
    def test_name_in_scram(self, octets):
        with self.p.connect() as c:
            return scram(c, name("u", octets), "secret", "nonce")

    # The challenge has the client's nonce, and 60 octets beside it.
    @fills("AUTH_MORE.challenge", most=3072 - 60, over=r"-ERR \[SYS/TEMP\]")
    def test_nonce_in_scram(self, octets):
        with self.p.connect() as c:
            return scram(c, "alice", "secret", name("n", octets))

    @fills("AUTH_ASK.response", most=NAME, over="-ERR malformed response")
    def test_trace_of_anonymous(self, octets):
        return self.said("AUTH ANONYMOUS " + b64(name("t", octets)))

    @fills("AUTH_ASK.response", most=LONG, served="-ERR malformed", over=OVERLONG)
    def test_initial_response(self, octets):
        command = "AUTH PLAIN "
        return self.said(command + self.long_response(octets - len(command)))

    @fills("AUTH_NEXT.response", most=LONG, served="-ERR malformed", over=OVERLONG)
    def test_response(self, octets):
        return self.said("AUTH PLAIN", self.long_response(octets))

    @staticmethod
    def long_response(octets):
        """Base64 of a password. No base64 has a length that is not divisible by 4."""
        return b64(b"\0alice\0" + b"p" * (octets // 4 * 3 - len("\0alice\0"))) + "A" * (octets % 4)

    @fills("BOARD_ASK.name", "BOARD_ASK.ticket", "BOARD_OK.name", "AUTH_OK.ticket", "GRANT.user",
           most=LINE - len("XTND BBOARDS "), over=OVERLONG)
    def test_own_name_as_a_board(self, octets):
        user = name("d", min(octets, LINE - len("XTND BBOARDS ")))
        return self.said("USER " + user, "PASS secret", "XTND BBOARDS " + name("d", octets))


# ---- users ----

def long_path(root, octets):
    """A path of so many octets to alice's maildrop."""
    end = "/alice/Maildir"
    rest = octets - len(f"{root}{end}")
    return f"{root}{'/.' * (rest // 2)}{'/' * (rest % 2)}{end}"


class Rows(Sqlite):
    """What the row of a user has beside the password is in its name: a column, and a number of octets."""

    COLUMNS = ("user", "home", "maildrop", "trouble", "format")
    settings = ('path = "{dir}/database/users.db"\n'
                'query-find = "SELECT password, user, home, maildrop, format AS [uidl-format], '
                "json_extract('{}', trouble) AS comment "
                'FROM users WHERE name = %u"')
    users = {}
    PATH, FIELDS, FORMAT = 4095, 8192, 127
    # Names of fields, their values, and a NUL behind each.
    BESIDE = len("password\0{PLAIN}secret\0home\0\0maildrop\0\0")

    def rows(self, root):
        for octets in (LINE - len("USER "), NAME):
            yield name("u", octets), {}
        yield "password", {"password": "{PLAIN}" + name("p", NAME)}
        for octets in (NAME, NAME + 1):
            yield f"user-{octets}", {"user": name("u", octets)}
        for octets in (self.PATH, self.PATH + 1):
            yield f"maildrop-{octets}", {"maildrop": long_path(root, octets)}
        for octets in (self.FIELDS, self.FIELDS + 1):
            yield f"fields-{octets}", {"maildrop": long_path(root, 4090),
                                       "home": name("/", octets - self.BESIDE - 4090)}
        for octets in (self.FORMAT, self.FORMAT + 1):
            yield f"format-{octets}", {"format": name("f", octets - len("%u")) + "%u"}
        for octets in range(100, 193):
            yield f"trouble-{octets}", {"trouble": name("t", octets)}

    def make(self, path):
        db = sqlite3.connect(path)
        db.execute(f"CREATE TABLE users (name, password, {', '.join(self.COLUMNS)})")
        for user, fields in self.rows(path.parents[1] / "mail"):
            values = {"password": "{PLAIN}secret"} | fields
            db.execute(f"INSERT INTO users VALUES (?, ?{', ?' * len(self.COLUMNS)})",
                       [user, *(values.get(column) for column in ("password", *self.COLUMNS))])
        db.commit()
        db.close()


@unittest.skipUnless("sqlite" in BUILT, "sqlite is not in this build")
class FromRows(Case):
    """A database of users, asked by clients and by the operator's tool."""

    @classmethod
    def setUpClass(cls):
        cls.serve(Server(Rows()))
        for octets in (LINE - len("USER "), NAME):
            cls.p.make_maildir(name("u", octets))
        cls.p.make_maildir("password")
        cls.p.make_maildir(f"format-{Rows.FORMAT}")

    def others_log_in(self):
        super().others_log_in()
        self.p.login(name("u", LINE - len("USER ")), "secret").quit()

    def told(self, *args, password="secret"):
        """What the tool says."""
        out = self.p.run(*args, input=password + "\n")
        return out.stdout + out.stderr

    @fills("LOOKUP_ASK.user", "LOOKUP_IS.fields", most=NAME, over=DENIED)
    def test_name(self, octets):
        return self.said("AUTH PLAIN " + b64(f"\0{name('u', octets)}\0secret"))

    @fills("LOOKUP_ASK.password", most=NAME, over=DENIED)
    def test_password(self, octets):
        return self.said("AUTH PLAIN " + b64(f"\0password\0{name('p', octets)}"))

    @fills("LOOKUP_IS.fields", "AUTH_OK.user", "GRANT.user", most=NAME, over=r"-ERR \[SYS/PERM\]")
    def test_name_in_a_row(self, octets):
        return self.said(f"USER user-{octets}", "PASS secret")

    @fills("LOOKUP_IS.fields", "GRANT.path", most=Rows.PATH, over=r"-ERR \[SYS/PERM\]")
    def test_path_in_a_row(self, octets):
        return self.said(f"USER maildrop-{octets}", "PASS secret")

    @fills("LOOKUP_IS.fields", "GRANT.uidl_format", most=Rows.FORMAT, over=r"-ERR \[AUTH\]")
    def test_format_in_a_row(self, octets):
        return self.said(f"USER format-{octets}", "PASS secret")

    @fills("LOOKUP_IS.fields", most=Rows.FIELDS, over=r"-ERR \[SYS/PERM\]")
    def test_row(self, octets):
        return self.said(f"USER fields-{octets}", "PASS secret")

    # The error of the database has the row's text.
    @fills("LOOKUP_IS.trouble", most=191, served=r"-ERR \[SYS/TEMP\]", over=r"-ERR \[SYS/TEMP\]")
    def test_trouble(self, octets):
        for fewer in range(64):
            reply = self.said(f"USER trouble-{octets - fewer}", "PASS secret")
            self.assertRegex(reply, r"-ERR \[SYS/TEMP\]")
        return reply

    @fills("TEST_SAYS.trouble", "TEST_IS.trouble", most=191, served="login refused: ", over="login refused: ")
    def test_trouble_of_the_tool(self, octets):
        for fewer in range(0, 64, 4):
            told = self.told("user", "test", f"trouble-{octets - fewer}")
            self.assertRegex(told, "login refused: .* JSON path")
        return told

    @fills("FIND_IS.trouble", most=191, served="JSON path", over="JSON path")
    def test_trouble_of_the_tool_that_finds(self, octets):
        return self.told("index", "show", f"trouble-{octets}")

    @fills("TEST_ASK.user", "TEST_LOOKS.user", "TEST_IS.user", most=NAME, served="login as u+, ",
           over="longer than any user's: user")
    def test_name_for_the_tool(self, octets):
        return self.told("user", "test", name("u", octets))

    @fills("TEST_ASK.password", most=NAME, served="login as password, ", over="a password has 1 to 255 octets")
    def test_password_for_the_tool(self, octets):
        return self.told("user", "test", "password", password=name("p", octets))

    @fills("FIND_ASK.user", most=NAME, served="^magic ", over="longer than any user's: user")
    def test_name_for_the_tool_that_finds(self, octets):
        return self.told("index", "show", name("u", octets))

    @fills("TEST_RECIPIENT.address", most=512, served="no such user", over="longer than any")
    def test_address_for_the_tool(self, octets):
        return self.told("user", "test", "--recipient", name("a", octets))

    @fills("TEST_IS.path", most=Rows.PATH, served="login as maildrop-4095, ", over="login refused: .*maildrop")
    def test_path_for_the_tool(self, octets):
        return self.told("user", "test", f"maildrop-{octets}")

    @fills("FIND_IS.path", most=Rows.PATH, served="^magic ", over="maildrop needs repair .*maildrop")
    def test_path_for_the_tool_that_finds(self, octets):
        return self.told("index", "show", f"maildrop-{octets}")

    @fills("FIND_IS.uidl_format", most=Rows.FORMAT, served="^magic |no index yet", over="no database knows this user")
    def test_format_for_the_tool_that_finds(self, octets):
        return self.told("index", "show", f"format-{octets}")


class FromReplies(Case):
    """A program with the interface of checkpassword, whose fields are its environment."""

    @classmethod
    def setUpClass(cls):
        cls.serve(Server(Replies()))

    @fills("LOOKUP_IS.fields", most=Rows.PATH, over=r"-ERR \[SYS/PERM\]")
    def test_path(self, octets):
        return self.said(f"USER mail-{octets}", "PASS secret")


class Replies(Checkpassword):
    users = {b"mail-%d" % octets: (b"secret", {}) for octets in (Rows.PATH, Rows.PATH + 1)}

    def prepare(self, folder):
        root = folder.parent / "mail"
        self.users = {user: (password, {"mail": b"maildir:" + long_path(root, int(user[5:])).encode()})
                      for user, (password, _) in self.users.items()}
        super().prepare(folder)


@unittest.skipIf("ldap" not in BUILT or Ldap.missing(), "no ldap in this build, or no slapd")
class FromEntries(Case):
    """A directory."""

    @classmethod
    def setUpClass(cls):
        cls.serve(Server(Entries()))

    @fills("LOOKUP_IS.fields", most=Rows.PATH, served=r"-ERR \[SYS/PERM\]", over=r"-ERR \[SYS/PERM\]")
    def test_home(self, octets):
        mark = self.p.log.mark()
        reply = self.said(f"USER home-{octets}", "PASS secret")
        # No file system has a folder behind the longest home.
        self.p.log.wait("find maildrop" if octets == Rows.PATH else "tested: home", start=mark)
        return reply


class Entries(Ldap):
    users = {b"home-%d" % octets: (b"secret", {"home": b"/" + b"h" * (octets - 1)})
             for octets in (Rows.PATH, Rows.PATH + 1)}


class UsersFile(Case):
    """A line of the users file."""

    @classmethod
    def setUpClass(cls):
        cls.serve(Lines(tls=False, settings={"failure-delay": "0", "mechanisms": '{"USER", "PLAIN"}'}))

    @fills("AUTH_OK.user", "GRANT.user", most=NAME, over=DENIED)
    def test_name(self, octets):
        return self.said("AUTH PLAIN " + b64(f"\0{name('u', octets)}\0secret"))

    @fills("AUTH_OK.ticket", "GRANT.path", most=Rows.PATH, over=r"-ERR \[SYS/PERM\]")
    def test_path(self, octets):
        return self.said(f"USER maildrop-{octets}", "PASS secret")


class Lines(Poplar):
    def prepare(self):
        self.users = {"alice": "secret", name("u", NAME): "secret", name("u", NAME + 1): "secret"}
        self.users |= {f"maildrop-{n}": f"maildrop-{n}:{{PLAIN}}secret::::::maildrop={long_path(self.dir / 'mail', n)}"
                       for n in (Rows.PATH, Rows.PATH + 1)}

    def make_maildir(self, user):
        if len(user) <= NAME:
            super().make_maildir(user)


class FromMail(Case):
    """Recipients of mail that comes in. Mail for alice is taken behind each."""

    @classmethod
    def setUpClass(cls):
        cls.serve(LmtpLines(tls=False))

    def recipient(self, address):
        """The reply to RCPT, and, if it is accepted, to the message."""
        with self.p.lmtp() as c:
            code = c.envelope(address)[0]
            return c.content(b"Subject: x\r\n\r\nx\r\n")[0] if code.startswith("250") else code

    def others_log_in(self):
        super().others_log_in()
        self.assertEqual(self.recipient("alice"), "250 2.1.5")

    @fills("RCPT_ASK.address", "RCPT_OK.user", "GRANT_DELIVERY.user", most=NAME, served="250 2.1.5", over="501 5.1.3")
    def test_name(self, octets):
        return self.recipient(name("u", octets))

    @fills("RCPT_ASK.address", most=255, served="550 5.1.1", over="501 5.1.3")
    def test_address(self, octets):
        return self.recipient(name("x", NAME) + "@" + name("d", octets))

    @fills("GRANT_DELIVERY.path", most=Rows.PATH, served="250 2.1.5", over="451 4.3.0")
    def test_path(self, octets):
        return self.recipient(f"maildrop-{octets}")


class LmtpLines(WithLmtp, Lines):
    def prepare(self):
        Lines.prepare(self)
        WithLmtp.prepare(self)


# ---- tokens ----

class FromTokens(Case):
    """Bearer tokens, which poplar-auth checks by keys or by asking about them."""

    TOKEN, USERS = 8192, ("alice", name("u", NAME), "bob")

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="poplar-maxima-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.key, cls.service = Key(cls.folder, "EdDSA"), Service()
        cls.addClassCleanup(cls.service.close)
        for octets in (cls.TOKEN, cls.TOKEN + 1):
            cls.service.answers[name("t", octets)] = {"active": True, "sub": "alice"}
        for octets in (NAME, NAME + 1):
            cls.service.answers[f"user-{octets}"] = {"active": True, "sub": name("u", octets)}
        keys = json.dumps({"keys": [cls.key.jwk]})

        class Keys(Poplar):
            def prepare(self):
                (self.dir / "auth" / "keys").write_text(keys)

        cls.serve(Keys(users=dict.fromkeys(cls.USERS, "secret"), tls=False, settings={"failure-delay": "0"}, sections=(
            f'database "keys" {{ driver = jwt path = "{{dir}}/auth/keys" issuer = "{ISSUER}" audience = {{"pop"}}\n'
            f'openid-configuration = "https://idp/{name("o", 511 - len("https://idp/"))}"\n'
            f'scope = "{name("s", 255)}" }}\n'
            'database "idp" { driver = introspection timeout = 60s '
            f'uri = "http://127.0.0.1:{cls.service.port}/" }}\n')))

    def oauthbearer(self, token, user="", more=""):
        return b64(f"n,{user and 'a=' + user},\x01{more}auth=Bearer {token}\x01\x01")

    def end(self, *commands):
        """The last reply, behind the error that a client has to confirm (RFC 7628 section 3.2.3)."""
        with self.p.connect() as c:
            for command in commands:
                reply = c.ask(command)
            return c.ask("AQ==") if reply.startswith("+ ") else reply

    @fills("AUTH_ASK.response", "LOOKUP_ASK.password", most=TOKEN, over="-ERR malformed response")
    def test_token(self, octets):
        return self.end("AUTH OAUTHBEARER " + self.oauthbearer(name("t", octets)))

    @fills("AUTH_ASK.response", "AUTH_MORE.challenge", most=TOKEN, over="-ERR malformed response")
    def test_signed_token(self, octets):
        """Beside the scope and the address that an error has."""
        made = self.key.token(payload=claims(scope=name("s", 255), pad=""))
        padding = (octets - len(made)) * 3 // 4
        token = self.key.token(payload=claims(scope=name("s", 255), pad=name("p", padding)))
        self.assertEqual(len(token), octets)
        return self.end("AUTH OAUTHBEARER " + self.oauthbearer(token))

    @fills("AUTH_NEXT.response", most=9213, over=OVERLONG)
    def test_response(self, octets):
        """The longest line of base64."""
        rest = octets - len("n,,\1x=\1auth=Bearer \1\1") - self.TOKEN
        return self.end("AUTH OAUTHBEARER", self.oauthbearer(name("t", self.TOKEN), more=f"x={name('y', rest)}\x01"))

    @fills("LOOKUP_IS.fields", "AUTH_OK.user", most=NAME, over=DENIED)
    def test_name_in_an_answer(self, octets):
        return self.end("AUTH OAUTHBEARER " + self.oauthbearer(f"user-{octets}"))

    @fills("AUTH_OK.user", most=NAME, over=DENIED)
    def test_name_in_a_token(self, octets):
        token = self.key.token(payload=claims(sub=name("u", octets), scope=name("s", 255)))
        return self.end("AUTH OAUTHBEARER " + self.oauthbearer(token))

    @fills("AUTH_FAILED.user", most=NAME, over="-ERR")
    def test_name_beside_a_token(self, octets):
        return self.end("AUTH OAUTHBEARER " + self.oauthbearer(f"user-{NAME}", name("u", octets)))


# ---- certificates and proxies ----

class FromTls(Case):
    """Names in certificates of clients, and headers of proxies."""

    @classmethod
    def setUpClass(cls):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="poplar-maxima-"))
        cls.addClassCleanup(shutil.rmtree, folder)
        ca, cls.pairs = Authority(folder / "ca"), {}
        for octets in (NAME, NAME + 1):
            cls.pairs[octets] = ca.issue(str(octets), ext=f"subjectAltName=email:{cls.address(octets)}")
        cls.serve(Poplar(users={"alice": "secret", cls.address(NAME): "secret"}, settings={
            "mechanisms": '{"USER", "EXTERNAL"}', "tls-client-verify": '"optional"', "tls-client-name": '"email"',
            "tls-client-ca": f'"{ca.cert}"', "plaintext-auth": "yes", "failure-delay": "0",
            "proxy-from": '{"127.0.0.2"}'}))

    @staticmethod
    def address(octets):
        return name("e", octets - len("@example.org")) + "@example.org"

    @fills("AUTH_ASK.certificate", "AUTH_OK.user", most=NAME, over="-ERR no such mechanism here")
    def test_name_in_a_certificate(self, octets):
        context = tls_context()
        context.load_cert_chain(*self.pairs[octets])
        with Client(self.p.tls_port, tls=True, context=context) as c:
            return c.ask("AUTH EXTERNAL =")

    @fills("AUTH_ASK.response", most=NAME, over=DENIED)
    def test_identity_beside_a_certificate(self, octets):
        context = tls_context()
        context.load_cert_chain(*self.pairs[NAME])
        with Client(self.p.tls_port, tls=True, context=context) as c:
            return c.ask("AUTH EXTERNAL " + b64(self.address(octets)))

    def proxied(self, header):
        """What alice is told behind the header; a refused header ends the connection."""
        commands = b"USER alice\r\nPASS secret\r\nQUIT\r\n"
        with Client(self.p.port, greet=False, source="127.0.0.2", first=header + commands) as c:
            return c.rest().decode().replace("\r\n", " ") or "closed"

    ALL = r"\+OK Poplar ready \+OK .* \+OK .* \+OK "

    @fills("AUTH_ASK.peer", most=107, served=ALL, over="closed")
    def test_header_of_text(self, octets):
        return self.proxied(b"PROXY UNKNOWN ".ljust(octets - 2, b"x") + b"\r\n")

    @fills("AUTH_ASK.peer", most=4096, served=ALL, over="closed")
    def test_header(self, octets):
        return self.proxied(v2(runs=run(0x4, bytes(octets - len(v2(runs=run(0x4, b"")))))))

    @fills("AUTH_ASK.certificate", most=NAME, served=ALL, over="closed")
    def test_name_in_a_header(self, octets):
        return self.proxied(v2(runs=run(0x20, b"\7\0\0\0\0" + run(0x22, name("c", octets).encode()))))

    @fills("AUTH_ASK.peer", "LOOKUP_ASK.peer", "GRANT.peer", most=65535, served=ALL, over="closed")
    def test_longest_address(self, port):
        longest = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
        mark = self.p.log.mark()
        reply = self.proxied(v1(longest, port, "TCP6", longest))
        if reply != "closed":
            self.p.log.wait(rf"event=session .*peer=\[{longest}\]:65535 ", start=mark)
        return reply


# ---- settings and the machine ----

class FromSettings(Case):
    """Sections of poplar.conf; settings that are too long change nothing when the server reloads."""

    @classmethod
    def setUpClass(cls):
        cls.serve(Poplar(tls=False, settings={"failure-delay": "0", "xtnd": "yes"}))
        cls.p.make_maildir("board")

    def tearDown(self):
        self.before = self.p.pids()  # a reload starts others
        super().tearDown()

    def reload(self, sections="", **settings):
        self.p.sections = sections
        self.p.extra |= settings
        self.p.write_config()
        out = self.p.run("reload")
        return out.stdout + out.stderr

    RELOADED = "^reloaded: "

    @fills("SETTINGS.values", most=360, served=RELOADED, over="greeting: expected a text of from 1 to 360 octets")
    def test_greeting(self, octets):
        self.addCleanup(self.p.extra.pop, "greeting", None)
        return self.reload(greeting=f'"{name("g", octets)}"')

    @fills("DATABASE.name", "TEST_SAYS.database", most=64, served="the password is right",
           over="names of at most 64 octets")
    def test_name_of_a_database(self, octets):
        said = self.reload(f'database "{name("n", octets)}" {{ driver = passwd-file }}\n')
        if not re.match(self.RELOADED, said):
            return said
        return self.p.run("user", "test", "alice", input="secret\n").stdout

    @fills("BOARD.name", "BOARD_OK.name", most=64, served=r"\+OK maildrop has 0 messages",
           over="names of at most 64 octets")
    def test_name_of_a_board(self, octets):
        said = self.reload(f'board "{name("n", octets)}" {{ maildir = "{self.p.dir}/mail/board/Maildir" '
                           'readers = {"*"} }\n')
        if not re.match(self.RELOADED, said):
            return said
        self.p.await_newest_fronts()
        return self.said("USER alice", "PASS secret", "XTND BBOARDS " + name("n", octets))

    @named("BOARD.values")
    def test_readers_of_a_board(self):
        self.check_list('board news {{ maildir = "{{dir}}/mail/m" readers = {} }}\n')

    @named("DATABASE.values")
    def test_program_of_a_database(self):
        self.check_list('database "the file" {{ driver = passwd-file }}\n'
                        'database other {{ driver = checkpassword program = {} }}\n')

    def check_list(self, section):
        """What is packed with the texts of a list depends on the section: the most is searched."""
        def fits(octets):
            self.p.sections = section.format(self.texts(octets, 32))
            self.p.write_config()
            return "longer than a process can be told" not in self.p.run("check").stderr

        most, over = 14000, 17000
        self.assertTrue(fits(most) and not fits(over))
        while over - most > 1:
            middle = (most + over) // 2
            most, over = (middle, over) if fits(middle) else (most, middle)
        for octets, expected in (most, self.RELOADED), (over, "longer than a process can be told, which is 16000 oct"):
            self.assertRegex(self.reload(section.format(self.texts(octets, 32))), expected)
            self.others_log_in()

    @staticmethod
    def texts(octets, count):
        """A list of texts that have so many octets together."""
        texts = [name("x", octets // count)] * (count - 1)
        return "{" + ", ".join(f'"{t}"' for t in ["/" + name("x", octets - len("".join(texts)) - 1), *texts]) + "}"


@unittest.skipUnless(IS_ROOT and subprocess.run(["unshare", "-u", "true"]).returncode == 0,
                     "needs root and host names of its own")
class FromHost(unittest.TestCase):
    @named("AUTH_ASK.timestamp")
    def test_name_of_the_host(self):
        """The timestamp has a host name of at most 56 octets, and otherwise "localhost"."""
        class Named(Poplar):
            def wrapper(self):
                return ["unshare", "-u", "sh", "-c", 'echo "$0" > /proc/sys/kernel/hostname; exec "$@"', self.host]

        for octets, expected in ((56, name("h", 56)), (57, "localhost"), (64, "localhost")):
            with self.subTest(octets=octets):
                p = Named(tls=False, settings={"mechanisms": '{"USER", "APOP"}', "failure-delay": "0"})
                p.host = name("h", octets)
                with p, p.connect() as c:
                    stamp = re.search(rb"<.*>", c.greeting)[0]
                    self.assertEqual(stamp.decode().partition("@")[2], expected + ">")
                    c.ok(f"APOP alice {hashlib.md5(stamp + b'secret').hexdigest()}")


# ---- maildrops ----

class FromMaildrops(Case):
    """Names and numbers of files in a maildrop. A message that takes no more is followed by another one."""

    @classmethod
    def setUpClass(cls):
        cls.serve(Poplar(tls=False))
        cls.numbers = itertools.count(1000000)

    def fill(self, messages):
        """Bob's maildrop has so many messages, whose names nobody has had before."""
        for name in self.p.names("bob"):
            os.unlink(self.p.maildir("bob") / name)
        names = [f"{next(self.numbers)}.number" for _ in range(messages)]
        one = self.p.put(names[0], b"Subject: x\n\nx\n", "bob")
        for name in names[1:]:
            os.link(one, os.path.join(os.path.dirname(one), name.encode()))

    def left(self):
        with self.p.login("bob") as c:
            return c.ask("STAT")

    @fills("MARKS.bits", most=4096 * 8, served=r"\+OK 32766 ", over=r"\+OK 32767 ")
    def test_marks(self, messages):
        self.fill(messages)
        c = self.p.login("bob")
        c.ok("DELE 1")
        c.ok(f"DELE {messages}")
        c.quit()
        return self.left()

    @fills("READY.gaps", most=480, served=r"\+OK 481 ", over=r"\+OK 482 ")
    def test_gaps(self, gaps):
        self.fill(2 * gaps + 1)
        self.left()  # the index has all
        for name in sorted(self.p.names("bob"))[1::2]:
            os.unlink(self.p.maildir("bob") / name)
        with self.p.login("bob") as c:
            self.assertEqual(len(c.listing("UIDL")), gaps + 1)
        return self.left()

    @fills("BODIES_ARE.list", most=16, over=r"\+OK")
    def test_bodies(self, messages):
        self.fill(3 * messages)
        with self.p.login("bob") as c:
            for number in range(1, 3 * messages + 1):
                self.assertEqual(c.multi(f"RETR {number}"), b"Subject: x\r\n\r\nx\r\n.\r\n")
            return c.ask("NOOP")

    def test_name_of_a_file(self):
        """255 octets, of which a unique-id has 70; a file system has none that are longer."""
        for octets in (70, 71, 255):
            with self.subTest(octets=octets):
                self.fill(1)
                self.p.put("cur/" + name("f", octets), b"Subject: y\n\ny\n", "bob")
                with self.p.login("bob") as c:
                    ids = [line.split()[1] for line in c.listing("UIDL")]
                    self.assertEqual(len(set(ids)), 2)
                    self.assertTrue(all(1 <= len(i) <= 70 for i in ids), ids)
                    self.assertEqual(name("f", octets) in ids, octets == 70)
                    sent = {c.multi(f"RETR {number}") for number in (1, 2)}
                    self.assertEqual(len(sent), 2)
                self.others_log_in()


if __name__ == "__main__":
    main()
