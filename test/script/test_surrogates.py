"""What surrogates say (RFC 6856 section 2.1, RFC 6857): messages made at random, fetched by a client that
does not say UTF8, and read by Python's parser."""

import email
import email.policy
import random
import re
import urllib.parse
from email.header import Header, decode_header, make_header

from harness import ServerCase, main, unstuff

LETTERS = "abcdefgxyzABC0189öäüßéñłøЖдяλωあ漢字한😀"
ASCII = "abcXYZ019"
DOMAINS = ["example.com", "müller.example", "ö.example", "漢字.example", "a.b-c.example", "почта.example"]
LINE_MAX, ENCODED_LINE_MAX = 998, 76  # RFC 5322 section 2.1.1, RFC 2047 section 2


def head_lines(message):
    return (b"\r\n" + message).partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]


def decoded(text):
    return re.sub(r"=\?utf-8\?[^ ]*\?=", lambda found: str(make_header(decode_header(found[0]))), text)


class Writer:
    """Well-formed internationalized messages, and what each of their fields means."""

    def __init__(self, seed):
        self.r = random.Random(seed)

    def word(self, letters=LETTERS, most=12):
        return "".join(self.r.choice(letters) for _ in range(self.r.randint(1, most)))

    def text(self, most):
        return " ".join(self.word(self.r.choice((LETTERS, ASCII))) for _ in range(self.r.randint(1, most)))

    @staticmethod
    def quoted(text):
        return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'

    def name(self):
        how = self.r.randrange(5)
        a, b = self.text(2), self.text(2)
        if how == 0:
            return "", ""
        if how == 1:
            return a, a
        if how == 2:
            shown = a + self.r.choice([", Jr.", ' "x"', " \\ y", " (z)", "; :", " a@b"]) + b
            return self.quoted(shown), shown
        if how == 3:  # the sender has encoded some of it
            return f"{Header(a[:10], 'utf-8').encode()} {b}", f"{a[:10]} {b}"
        return f"{self.quoted(a)} {b}", f"{a} {b}"

    def mailbox(self):
        """As it stands there, and what it means: a name and an address, or a group that shows both."""
        name, shown = self.name()
        local, domain = self.word(self.r.choice((ASCII, ASCII, LETTERS))), self.r.choice(DOMAINS)
        address = f"{local}@{domain}"
        comment = self.r.choice(["", "", "", " (c)", " (ö (ä) x)", " (\\) ö)"])
        source = (f"{name} <{address}>" if name or self.r.random() < 0.5 else address) + comment
        if local.isascii():
            return source, (None, [(shown, f"{local}@{domain.encode('idna').decode()}")])
        return source, (f"{shown} {address}", [])

    def group(self):
        name, members = self.text(2), [self.mailbox() for _ in range(self.r.randint(0, 5))]
        listed = ", ".join(source for source, _ in members)
        if any(shown is not None for _, (shown, _) in members):
            return f"{name}: {listed};", (f"{name} {decoded(listed)}", [])
        return f"{name}: {listed};", (name, [one for _, (_, meant) in members for one in meant])

    def addresses(self):
        items = [self.group() if self.r.random() < 0.15 else self.mailbox() for _ in range(self.r.randint(1, 12))]
        return self.r.choice([", ", ",", ",\n ", ",\r\n\t"]).join(source for source, _ in items), \
            [meant for _, meant in items]

    def filename(self):
        name = self.text(6) + self.r.choice(["", '"q"', "%41", " ;=", "'x'", ".txt"])
        cut = self.r.randint(1, len(name))
        first, second = name[:cut], self.quoted(name[cut:])
        how = self.r.randrange(4)
        if how == 0:
            return f"filename={self.quoted(name)}", name
        if how == 1:
            name = self.word() + ".txt"
            return f"filename={name}", name
        if how == 2:  # RFC 2231 section 3, without a charset
            return f"filename*0={self.quoted(first)}; filename*1={second}", name
        return f"filename*0*=UTF-8''{urllib.parse.quote(first, safe='')}; filename*1={second}", name


def squeezed(text):
    """Without white space: Python shows some between two encoded-words of a name."""
    return re.sub(r"\s+", "", text or "")


class Meaning(ServerCase):
    kwargs = {"users": {"alice": "secret"}}

    def check(self, message, subject, meant, filename):
        plain = email.message_from_bytes(message)
        self.assertEqual(str(make_header(decode_header(plain["Subject"]))), subject)
        self.assertEqual(plain.get_filename(), filename)
        self.assertEqual(plain.get_param("size", header="Content-Disposition"), "3")
        to = email.message_from_bytes(message, policy=email.policy.default)["To"]
        self.assertEqual(to.defects, ())
        found = [(g.display_name and squeezed(g.display_name),
                  [(squeezed(a.display_name), a.addr_spec) for a in g.addresses]) for g in to.groups]
        self.assertEqual(found, [(shown and squeezed(shown), [(squeezed(n), a) for n, a in each])
                                 for shown, each in meant])

    def test_a_surrogate_says_what_the_message_says(self):
        expected = []
        for i in range(200):
            w = Writer(i)
            (to, meant), subject, (filename, name) = w.addresses(), "ö " + w.text(20), w.filename()
            self.p.put(f"{i:04}.x", (f"Subject: {subject}\nTo: {to}\nContent-Type: text/plain; charset=utf-8\n"
                                     f"Content-Disposition: attachment; {filename}; size=3\n\nbody\n").encode())
            expected.append((subject, meant, name))
        c = self.p.login()
        for n, each in enumerate(expected, 1):
            with self.subTest(message=n):
                self.check(unstuff(c.multi(f"RETR {n}")), *each)
        c.quit()


class Junk(ServerCase):
    """Whatever a message is: no octet beyond ASCII in a header, and no line that is too long."""

    NAMES = ["From", "To", "Cc", "Sender", "Return-Path", "Date", "Message-ID", "References", "Received", "Content-Type",
             "Content-Disposition", "Subject", "Keywords", "Original-Recipient", "X-A", "Content-ID", "Größe", "",
             "X" * 100]
    BITS = ["a", "ö", "漢字", "😀", " ", "  ", '"', "(", ")", "<", ">", "@", ",", ":", ";", "\\", "=", "*", "*0", "''",
            "=?UTF-8?Q?a?=", "=?u?b?", "a@b", "ö@ü", "x.y", "[", "\t", "%41", "from", "by", "for", "utf-8;", "rfc822;",
            "name=", "b" * 80, "c" * 950, "\r", "\x01", "(ä)", '"ö"', "<ö@x>", "<a@ü.de>", "ÿ", "text/plain", "{",
            "\\x{F6}", "-", "ü.example", "ö" * 40, "d" * 40 + " "]
    kwargs = {"users": {"alice": "secret"}}

    def field(self, r):
        value = "".join(r.choice(self.BITS) for _ in range(r.randint(0, 40 if r.random() < 0.9 else 900)))
        if r.random() < 0.3:
            value = re.sub(" ", lambda _: r.choice([" ", "\n ", "\r\n\t"]), value)
        return r.choice(self.NAMES) + r.choice([":", ": ", "", " :"]) + value

    def message(self, seed):
        r = random.Random(seed)
        fields = [self.field(r) for _ in range(r.randint(1, 5))]
        return "\n".join(["X-First: ö", "X-Second: x", *fields, "", "bödy", ""]).encode().replace("ÿ".encode(), b"\xff")

    def check(self, got, stored):
        as_stored = set(stored.replace(b"\r\n", b"\n").split(b"\n"))
        for line in head_lines(got):
            self.assertTrue(line.isascii(), line)
            if line in as_stored:
                continue
            self.assertLessEqual(len(line), LINE_MAX)
            if re.search(rb"(^|[ \t(])=\?[^? ]+\?[qQbB]\?[^? ]+\?=($|[ \t)])", line):
                self.assertLessEqual(len(line), ENCODED_LINE_MAX, line)
            self.assertTrue(line.strip(b" \t"), "a line of white space alone")

    def test_any_message_goes_out_in_ascii_and_short_lines(self):
        messages = [self.message(seed) for seed in range(400)]
        for i, octets in enumerate(messages):
            self.p.put(f"{i:04}.x", octets)
        c = self.p.login()
        sizes = dict(tuple(map(int, line.split())) for line in c.listing())
        for n, stored in enumerate(messages, 1):
            with self.subTest(message=n):
                got = unstuff(c.multi(f"RETR {n}"))
                self.assertEqual(len(got), sizes[n])
                self.check(got, stored)
        c.quit()


if __name__ == "__main__":
    main()
