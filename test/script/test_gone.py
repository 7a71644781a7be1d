"""Clients that vanish without a word: on another host, whose packets no longer arrive."""

import os
import shutil
import subprocess
import sys
import unittest

from harness import IS_ROOT, Poplar, main

HERE, THERE = "10.213.77.1", "10.213.77.2"
# Logs in, says what it is told to, reads a little of the answer, tells so, and stays.
CLIENT = """
import socket, sys
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


@unittest.skipUnless(IS_ROOT and shutil.which("ip"), "needs root and ip")
class Gone(unittest.TestCase):
    def setUp(self):
        self.space, self.ends = f"poplar{os.getpid()}", (f"pa{os.getpid()}", f"pb{os.getpid()}")
        self.addCleanup(ip, "netns", "del", self.space)
        self.addCleanup(ip, "link", "del", self.ends[0])
        if not (ip("netns", "add", self.space)
                and ip("link", "add", self.ends[0], "type", "veth", "peer", "name", self.ends[1],
                       "netns", self.space)
                and ip("addr", "add", HERE + "/24", "dev", self.ends[0])
                and ip("link", "set", self.ends[0], "up")
                and self.there("addr", "add", THERE + "/24", "dev", self.ends[1])
                and self.there("link", "set", self.ends[1], "up")):
            self.skipTest("no name spaces of networks can be made here")

    def there(self, *args):
        return ip("-n", self.space, *args)

    def vanish(self, p, *commands):
        """A client that says these commands, and can be heard no longer then."""
        client = subprocess.Popen(["ip", "netns", "exec", self.space, sys.executable, "-c", CLIENT, HERE,
                                   str(p.port), *commands], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(client.wait)
        self.addCleanup(client.stdout.close)
        self.addCleanup(client.stdin.close)
        self.assertEqual(client.stdout.readline(), b"ready\n")
        self.assertTrue(self.there("link", "set", self.ends[1], "down"))

    def check(self, end, *commands):
        with Poplar(settings={"plaintext-auth": "yes", "fronts": "1"}) as p:
            p.extra["listen"] = f'{{"127.0.0.1:{p.port}", "{HERE}:{p.port}"}}'
            p.write_config()
            p.process.send_signal(1)
            p.log.wait("event=reloaded")
            p.put("1.x", b"x" * 70 + b"\n" + b"y\n" * 4_000_000)
            self.vanish(p, *commands)
            p.log.wait(f"event=session user=alice peer={THERE}:.* end={end}", patience=60)
            p.login().quit()  # the maildrop is free

    def test_while_nothing_is_said(self):
        self.check("(hangup|client-gone)")  # by keepalive, or the last answer was not acknowledged

    def test_while_a_message_is_on_its_way(self):
        self.check("client-gone", "RETR 1")


if __name__ == "__main__":
    main()
