"""How many connections an address may have: over all network processes, and their deaths."""

import os
import signal
import time
import unittest

from harness import Client, Poplar, main, wait_until

REFUSED = b"-ERR [SYS/TEMP] too many connections from your address"
LIMIT = 6
FRONTS = 3


def settings(**extra):
    return {"max-connections-per-address": str(LIMIT), "fronts": str(FRONTS),
            **{name.replace("_", "-"): value for name, value in extra.items()}}


def proxied(address):
    family = "TCP6" if ":" in address else "TCP4"
    return f"PROXY {family} {address} {address} 1 110\r\n".encode()


def stopped(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()[0] == "T"


class Limits(unittest.TestCase):
    def start(self, **extra):
        p = Poplar(settings=settings(**extra))
        p.__enter__()
        self.addCleanup(p.__exit__)
        return p

    def open(self, p, count, **kwargs):
        """So many connections, each of which was greeted."""
        clients = [Client(p.port, **kwargs) for _ in range(count)]
        for c in clients:
            self.addCleanup(c.close)
            self.assertEqual(c.greeting, b"+OK Poplar ready")
        return clients

    def check_refused(self, p, **kwargs):
        with Client(p.port, **kwargs) as c:
            self.assertEqual(c.greeting, REFUSED)
            self.assertEqual(c.rest(), b"")

    def fill(self, p):
        """The limit, spread over the fronts: front to connections. While others stand
        still, one must accept them all."""
        fronts, found = p.pids()["poplar-front"], {}
        for pid in fronts:
            others = [other for other in fronts if other != pid]
            for other in others:
                os.kill(other, signal.SIGSTOP)
                wait_until(lambda o=other: stopped(o))
            try:
                found[pid] = self.open(p, LIMIT // FRONTS)
            finally:
                for other in others:
                    os.kill(other, signal.SIGCONT)
        return found

    def test_over_all_fronts(self):
        p = self.start()
        self.fill(p)
        for _ in range(2 * FRONTS):
            self.check_refused(p)
        self.open(p, 1, source="127.0.0.2")
        p.log.wait(r"event=connection-refused peer=127\.0\.0\.1:\d+ what=\"too many connections "
                   r"from your address\" unlogged=0")

    def test_the_whole_server(self):
        """From everywhere together, over all fronts; who comes over TLS hears nothing."""
        p = self.start(max_connections="6", max_connections_per_address="0")
        clients = self.open(p, 6, source="127.0.0.2")
        for source in "127.0.0.3", "127.0.0.2", "127.0.0.3":
            with Client(p.port, source=source) as c:
                self.assertEqual(c.greeting, b"-ERR [SYS/TEMP] too much at once, try again later")
                self.assertEqual(c.rest(), b"")
        p.log.wait('event=connection-refused peer=127.0.0.[0-9:]+ what="too much at once')
        clients.pop().quit()
        self.open(p, 1)
        os.kill(p.pids()["poplar-front"][0], signal.SIGSTOP)  # the others answer alone
        with Client(p.port) as c:
            self.assertTrue(c.greeting.startswith(b"-ERR [SYS/TEMP]"))
        os.kill(p.pids()["poplar-front"][0], signal.SIGCONT)

    def test_a_place_is_free_again_when_its_connection_ends(self):
        p = self.start()
        clients = self.open(p, LIMIT)
        for i, c in enumerate(clients):
            self.check_refused(p)
            c.quit()
            clients[i] = self.open(p, 1)[0]
        self.check_refused(p)

    def test_a_dead_front_takes_its_counts_along(self):
        p = self.start()
        p.deaths_ok = True
        held = self.fill(p)
        pid, lost = next(iter(held.items()))
        os.kill(pid, signal.SIGKILL)
        p.log.wait(rf"event=child-died role=poplar-front pid={pid}")
        for c in lost:
            self.assertEqual(c.rest(), b"")
        self.open(p, len(lost))
        self.check_refused(p)

    def test_all_fronts_die(self):
        p = self.start()
        p.deaths_ok = True
        for pid in self.fill(p):
            os.kill(pid, signal.SIGKILL)
            p.log.wait(rf"event=child-died role=poplar-front pid={pid}")
        self.open(p, LIMIT)
        self.check_refused(p)

    def test_a_reload_forgets_nobody(self):
        p = self.start()
        clients = self.open(p, LIMIT)
        for generation in (2, 3):
            self.assertIn(f"generation={generation}", p.reload())
            self.check_refused(p)
        for c in clients:
            c.quit()
        self.open(p, LIMIT)
        self.check_refused(p)

    def test_over_tls_there_is_no_word(self):
        p = self.start()
        self.open(p, LIMIT)
        with Client(p.tls_port, greet=False) as c:
            self.assertEqual(c.rest(), b"")
        p.log.wait(r"event=connection-refused peer=127\.0\.0\.1:")

    def test_trusted_networks(self):
        p = self.start(trusted_networks='{"127.0.0.2", "127.0.1.0/24"}')
        self.open(p, 3 * LIMIT, source="127.0.0.2")
        self.open(p, 3 * LIMIT, source="127.0.1.77")
        self.open(p, LIMIT, source="127.0.0.3")
        self.check_refused(p, source="127.0.0.3")

    def test_no_limit(self):
        p = self.start(max_connections_per_address="0")
        self.open(p, 100)

    def test_the_standard_limit(self):
        p = self.start(max_connections_per_address=None)
        self.open(p, 50)
        self.check_refused(p)

    def test_behind_a_proxy_clients_are_counted(self):
        """... by the address that is announced; of IPv6 by /64; not by the proxy's."""
        p = self.start(proxy_from='{"127.0.0.1"}', trusted_networks='{"192.0.2.0/24"}')
        for i in range(LIMIT):
            self.open(p, 1, first=proxied("198.51.100.7"))
            self.open(p, 1, first=proxied(f"2001:db8:0:1::{i}"))
            self.open(p, 1, first=proxied("::ffff:203.0.113.7"))
            self.open(p, 3, first=proxied("192.0.2.1"))
        for full in ("198.51.100.7", "2001:db8:0:1:ffff::", "203.0.113.7"):
            self.check_refused(p, first=proxied(full))
        for free in ("198.51.100.8", "2001:db8:0:2::1"):
            self.open(p, 1, first=proxied(free))
        with Client(p.tls_port, greet=False, first=proxied("203.0.113.7")) as c:
            self.assertEqual(c.rest(), b"")
        p.log.wait(r"event=connection-refused peer=198\.51\.100\.7:1 ")

    def test_who_is_not_named_counts_as_the_proxy(self):
        p = self.start(proxy_from='{"127.0.0.1"}')
        self.open(p, LIMIT, first=b"PROXY UNKNOWN\r\n")
        self.check_refused(p, first=b"PROXY UNKNOWN\r\n")

    def test_a_flood_does_not_fill_the_log(self):
        """A front writes a line a second at most; it tells how many there would have been."""
        p = self.start(fronts="1")
        self.open(p, LIMIT)
        begin = time.monotonic()
        for _ in range(500):
            self.check_refused(p)
        # one more, once a line is due again, tells of all
        while not p.log.find(r"event=connection-refused .*unlogged=[1-9]"):
            self.check_refused(p)
        passed = time.monotonic() - begin
        self.assertLessEqual(len(p.log.find("event=connection-refused")), passed + 3)
        self.assertFalse(p.log.find("event=disconnect"))

    def test_the_audit_knows_the_table(self):
        p = self.start()
        out = p.run("audit")
        self.assertEqual(out.returncode, 0, out.stdout)
        self.assertEqual(out.stdout.count(" 1 table of connections;"), 1)


if __name__ == "__main__":
    main()
