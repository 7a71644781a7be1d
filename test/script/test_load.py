"""More of everything at once than there is room for."""

import socket
import threading
import unittest

from harness import Client, Poplar, main


class Load(unittest.TestCase):
    def test_many_logins_at_once(self):
        """Those that find a queue full wait; none is refused."""
        names = [f"u{i}" for i in range(400)]
        with Poplar(users=dict.fromkeys(names, "secret"),
                    settings={"max-connections-per-address": "0"}) as p:
            clients = [Client(p.port) for _ in names]
            for c, name in zip(clients, names):
                c.ok(f"USER {name}")
            for c in clients:
                c.send("PASS secret\r\n")
            for c in clients:
                self.assertEqual(c.line(), b"+OK maildrop has 0 messages (0 octets)")
            for c in clients:
                c.quit()

    def test_one_that_floods_does_not_hold_up_the_others(self):
        """Octets without a line end, as fast as they can be sent, in the only front."""
        with Poplar(users={"alice": "secret"}, settings={"fronts": "1"}) as p:
            flood = socket.create_connection(("127.0.0.1", p.port))
            over = threading.Event()

            def send():
                octets = b"x" * 65536
                try:
                    while not over.is_set():
                        flood.sendall(octets)
                except OSError:
                    pass

            sender = threading.Thread(target=send)
            sender.start()
            try:
                for _ in range(20):
                    p.login().quit()
            finally:
                over.set()
                flood.close()
                sender.join()


if __name__ == "__main__":
    main()
