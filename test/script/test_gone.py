"""Clients that vanish without a word: on another host, whose packets no longer arrive."""

import os
import shutil
import subprocess
import sys
import unittest

from harness import IS_ROOT, Poplar, main

# A network of each script's own: several may run at a time.
NET = f"10.{200 + os.getpid() // 256 % 50}.{os.getpid() % 256}"
HERE = NET + ".1"
# Waits for its network, logs in, says what it is told to, reads a little of the answer, tells
# so, and stays.
CLIENT = """
import socket, sys
print("begun", flush=True)
sys.stdin.readline()
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
f = s.makefile("rb")
for text in (None, "USER alice", "PASS secret", *sys.argv[3:]):
    if text:
        s.sendall(text.encode() + b"\\r\\n")
    f.readline()
print("ready", flush=True)
sys.stdin.read()
"""


def ip(*args):
    return subprocess.run(["ip", *args], capture_output=True).returncode == 0


class Vanished:
    """A client in a network name space of its own that says commands, and then is cut off."""

    def __init__(self, test, p, number, *commands):
        self.address, self.ends = f"{NET}.{number}", (f"pa{os.getpid()}-{number}", "there")
        self.client = subprocess.Popen(["unshare", "--net", sys.executable, "-c", CLIENT, HERE,
                                        str(p.port), *commands], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        test.addCleanup(self.end)
        if self.client.stdout.readline() != b"begun\n" or not self.connect(test):
            test.skipTest("no name spaces of networks can be made here")
        self.client.stdin.write(b"\n")
        self.client.stdin.flush()
        test.assertEqual(self.client.stdout.readline(), b"ready\n")
        test.assertTrue(self.there("link", "set", self.ends[1], "down"))

    def there(self, *args):
        return subprocess.run(["nsenter", "--net", "-t", str(self.client.pid), "ip", *args],
                              capture_output=True).returncode == 0

    def connect(self, test):
        here, there = self.ends
        test.addCleanup(ip, "link", "del", here)
        return (ip("link", "add", here, "type", "veth", "peer", "name", there, "netns",
                   str(self.client.pid))
                and ip("addr", "add", HERE, "peer", self.address, "dev", here)
                and ip("link", "set", here, "up")
                and self.there("addr", "add", self.address, "peer", HERE, "dev", there)
                and self.there("link", "set", there, "up"))

    def end(self):
        self.client.stdin.close()
        self.client.stdout.close()
        self.client.wait()


@unittest.skipUnless(IS_ROOT and shutil.which("ip") and shutil.which("nsenter"), "needs root and ip")
class Gone(unittest.TestCase):
    """The kernel tells of each only after half a minute: they vanish at the same time."""

    CASES = {
        # by keepalive, or the last answer was not acknowledged
        "while nothing is said": ("(hangup|client-gone)",),
        "while a message is on its way": ("client-gone", "RETR 1"),
    }

    def start(self):
        p = Poplar(settings={"plaintext-auth": "yes", "fronts": "1"})
        p.extra["listen"] = f'{{"*:{p.port}"}}'
        p.__enter__()
        self.addCleanup(p.__exit__)
        p.put("1.x", b"x" * 70 + b"\n" + b"y\n" * 4_000_000)
        return p

    def test_the_session_ends_and_the_maildrop_is_free(self):
        gone = []
        for number, (when, (end, *commands)) in enumerate(self.CASES.items(), 2):
            p = self.start()
            gone.append((when, end, p, Vanished(self, p, number, *commands)))
        for when, end, p, vanished in gone:
            with self.subTest(when):
                p.log.wait(f"event=session user=alice peer={vanished.address}:.* end={end}")
                p.login().quit()


if __name__ == "__main__":
    main()
