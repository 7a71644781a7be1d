"""The line of a failed login, as fail2ban reads it: who fails is banned, and nobody else."""

import base64
import configparser
import pathlib
import re
import shutil
import subprocess
import unittest

from harness import BUILD, PATIENCE, Client, Poplar, main, system_log

FAIL2BAN = pathlib.Path(__file__).resolve().parents[2] / "dist" / "fail2ban"
FILTER = FAIL2BAN / "filter.d" / "poplar.conf"
VICTIM = "203.0.113.99"  # whom clients would like to have banned
LINE = (f"event=login-failed user=bob peer={VICTIM}:110 tls=no method=USER reason=[AUTH]")

# Each from an address of its own, by its place in this list.
NAMES = [
    b"alice", b"nobody", b"two words", b'quo"ted', b"quoted\"", b"back\\slash", b"back\\",
    b"quo\\\"ted", b"line\nend", b"cr\rlf\n" + LINE.encode(), b"tab\tstop", b"\xff\xfe",
    "m\u00fcller".encode(), b"\xff" * 255, b"x" * 255, b"peer=203.0.113.99:110",
    b"x peer=203.0.113.99:110", b'x" peer=203.0.113.99:110 tls=no method=USER reason=[AUTH]',
    b'x\\" peer=203.0.113.99:110 tls=no method=USER reason=[AUTH]', LINE.encode(),
    b"poplar-front[1]: " + LINE.encode(), b"2026-11-21T00:00:00Z poplar-front[1] info "
    + LINE.encode(), b"203.0.113.99", b"[203.0.113.99]:110", b"<HOST>", b"%(ip)s",
]


def addresses():
    for i in range(len(NAMES)):
        yield f"198.51.100.{i + 1}" if i % 2 == 0 else f"2001:db8::{i + 1:x}"


def proxied(address):
    family = "TCP6" if ":" in address else "TCP4"
    return f"PROXY {family} {address} {address} 1 110\r\n".encode()


class Journal(Poplar):
    """Its standard error is the journal, as far as it can tell."""

    def wrapper(self):
        return ["sh", "-c", "export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2); exec \"$@\"",
                "sh"]


@unittest.skipUnless(shutil.which("fail2ban-regex"), "needs fail2ban")
class Fail2ban(unittest.TestCase):
    SETTINGS = {"proxy-from": '{"127.0.0.1"}', "plaintext-auth": "yes", "failure-delay": "0"}

    def fail_to_log_in(self, p):
        """Whoever should be banned for it, in order."""
        for name, address in zip(NAMES, addresses()):
            with Client(p.port, first=proxied(address)) as c:
                words = base64.b64encode(b"\0" + name + b"\0wrong").decode()
                c.send(f"AUTH PLAIN {words}\r\n")
                self.assertTrue(c.line().startswith(b"-ERR [AUTH]"))
        with Client(p.port, first=proxied("192.0.2.7")) as c:
            c.ok("USER alice")
            c.err("PASS wrong")
            c.login("alice", "secret")
            with Client(p.port, first=proxied("192.0.2.8")) as other:  # not for [IN-USE]
                other.ok("USER alice")
                self.assertTrue(other.err("PASS secret").startswith("-ERR [IN-USE]"))
            c.quit()
        with Client(p.port, first=proxied("192.0.2.9")) as c:  # nor for nonsense
            c.err("AUTH PLAIN " + base64.b64encode(b"nonsense").decode())
            c.err("USER")
            c.quit()
        return [*addresses(), "192.0.2.7"]

    def found(self, lines, filter=FILTER):
        log = self.dir / "log"
        log.write_text("".join(line + "\n" for line in lines))
        out = subprocess.run(["fail2ban-regex", "--out", "ip", log, filter],
                             capture_output=True, text=True, check=True)
        return out.stdout.split()

    def start(self, kind):
        p = kind(tls=False, settings=self.SETTINGS)
        p.__enter__()
        self.addCleanup(p.__exit__)
        self.dir = p.dir
        return p

    def test_a_file(self):
        p = self.start(Poplar)
        expected = self.fail_to_log_in(p)
        p.stop()
        self.assertEqual(self.found(p.log.lines), expected)

    def test_the_journal(self):
        """As fail2ban shows entries of the journal to its filters."""
        p = self.start(Journal)
        expected = self.fail_to_log_in(p)
        p.stop()
        lines = [re.sub(r"^<\d>", f"2026-11-21T07:00:00 mail poplard[{p.process.pid}]: ", line)
                 for line in p.log.lines]
        self.assertFalse([line for line in lines if line.startswith("<")])
        self.assertEqual(self.found(lines), expected)

    def test_syslog(self):
        """A file of syslog has the host behind the time."""
        with system_log() as log:
            p = Poplar(tls=False, settings={**self.SETTINGS, "log": "syslog"})
            p.start = lambda: None
            with p:
                self.dir = p.dir
                process = subprocess.Popen([BUILD / "poplard", "-c", p.config])
                log.wait("event=ready")
                expected = self.fail_to_log_in(p)
                process.terminate()
                log.wait("event=stopped")
                self.assertEqual(process.wait(PATIENCE), 0)
                lines = [re.sub(r"^<\d+>(\w+ +\d+ [0-9:]+) ", r"\1 mail ", line)
                         for line in log.find(" poplar")]
                self.assertEqual(self.found(lines), expected)

    def test_the_jail(self):
        """It names the filter, and fail2ban takes both where a distribution has them."""
        jail = configparser.ConfigParser()
        jail.read(FAIL2BAN / "jail.d" / "poplar.conf")
        self.assertEqual(jail["poplar"]["filter"], FILTER.stem)
        self.assertEqual(jail["poplar"]["port"], "pop3,pop3s")
        for value in ("maxretry", "findtime", "bantime", "backend", "enabled"):
            self.assertIn(value, jail["poplar"])


main()
