"""Behind a proxy: the PROXY protocol from listed networks only, raw and by Debian's proxies."""

import contextlib
import http.server
import os
import shutil
import socket
import ssl
import subprocess
import threading
import unittest

from harness import Client, Poplar, ServerCase, free_port, main, tls_context, wait_until
from proxyheader import LOCAL, OVER_TLS, UNSPECIFIED, run, v1, v2

ELSEWHERE = "127.0.0.2"  # an address of this machine that is not listed
USERS = {
    "alice": "secret",
    "near": "near:{PLAIN}x::::::allow_nets=192.0.2.0/24",
    "local": "local:{PLAIN}x::::::allow_nets=127.0.0.0/8,::1",
    "strict": "strict:{PLAIN}x::::::tls-required=yes",
}


class Raw(ServerCase):
    kwargs = {"users": USERS, "settings": {"proxy-from": '{"127.0.0.1", "::1/128"}'}}

    def proxied(self, header, tls=False):
        return Client(self.p.tls_port if tls else self.p.port, tls=tls, first=header)

    def check_peer(self, header, peer, tls):
        start = self.p.log.mark()
        with self.proxied(header, tls=True) as c:
            c.login("alice", "secret")
            c.quit()
        self.p.log.wait(rf"event=login .*peer={peer} tls={tls}", start=start)
        self.p.log.wait(rf"event=session .*peer={peer} ", start=start)

    def test_whom_the_header_names_is_the_peer(self):
        tls = r"TLSv1\.3"
        self.check_peer(v1(), r"192\.0\.2\.7:50123", tls)
        self.check_peer(v1("2001:db8::7", family="TCP6", to="::1"), r"\[2001:db8::7\]:50123", tls)
        self.check_peer(v1("::ffff:192.0.2.9", family="TCP6", to="::1"), r"192\.0\.2\.9:50123", tls)
        self.check_peer(v2(), r"192\.0\.2\.7:50123", tls)
        self.check_peer(v2("2001:db8::7"), r"\[2001:db8::7\]:50123", tls)
        self.check_peer(v2(runs=OVER_TLS), r"192\.0\.2\.7:50123", tls)
        self.check_peer(LOCAL, r"127\.0\.0\.1:\d+", tls)
        self.check_peer(UNSPECIFIED, "unknown", tls)
        self.check_peer(b"PROXY UNKNOWN\r\n", "unknown", tls)

    def test_a_refusal_names_the_client(self):
        start = self.p.log.mark()
        with self.proxied(v2(runs=OVER_TLS)) as c:
            c.ok("USER alice")
            c.err("PASS wrong")
        self.p.log.wait(r"event=login-failed user=alice peer=192\.0\.2\.7:50123 tls=proxy",
                        start=start)

    def test_a_header_in_pieces(self):
        for header in (v1(), v2(runs=OVER_TLS)):
            for cut in range(1, len(header)):
                c = Client(self.p.port, greet=False)
                c.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                c.send(header[:cut])
                c.send(header[cut:] + b"QUIT\r\n")
                self.assertEqual(c.rest(), b"+OK Poplar ready\r\n+OK signing off\r\n")
                c.close()

    def test_header_and_tls_in_one_piece(self):
        """What stands behind the header is TLS's, untouched."""
        out = ssl.MemoryBIO()
        tls = tls_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost")
        with self.assertRaises(ssl.SSLWantReadError):
            tls.do_handshake()
        c = Client(self.p.tls_port, greet=False, first=v1() + out.read())
        self.assertEqual(c.sock.recv(1), b"\x16")
        c.close()

    # -- who is on loopback, and who has TLS

    def test_a_client_is_not_local_because_its_proxy_is(self):
        for header in (v1(), v2(), UNSPECIFIED, b"PROXY UNKNOWN\r\n"):
            with self.proxied(header) as c:
                self.assertNotIn("USER", c.capa())
                self.assertIn("STLS", c.capa())
                self.assertIn("TLS", c.err("USER alice"))

    def test_who_is_local_all_the_same(self):
        """The proxy itself, and its neighbours where it is ours."""
        for header in (LOCAL, v1("127.0.0.9"), v2("::1")):
            with self.proxied(header) as c:
                c.login("alice", "secret")
                c.quit()

    def test_tls_that_ends_at_the_proxy(self):
        start = self.p.log.mark()
        with self.proxied(v2(runs=OVER_TLS)) as c:
            self.assertIn("USER", c.capa())
            self.assertNotIn("STLS", c.capa())
            c.err("STLS")
            c.login("alice", "secret")
            c.quit()
        self.p.log.wait(r"event=login .*peer=192\.0\.2\.7:50123 tls=proxy ", start=start)

    def test_a_flag_that_is_not_set_is_no_tls(self):
        with self.proxied(v2(runs=run(0x20, b"\0\0\0\0\0"))) as c:
            c.err("USER alice")

    def test_a_user_who_must_have_tls(self):
        """... has it, where it ends at the proxy, and has it not on loopback."""
        for header, good in ((v2(runs=OVER_TLS), True), (LOCAL, False)):
            with self.proxied(header) as c:
                c.ok("USER strict")
                (c.ok if good else c.err)("PASS x")

    def test_allow_nets_is_about_the_client(self):
        for user, header, good in (
                ("near", v1(), True), ("near", v1("198.51.100.9"), False),
                ("near", LOCAL, False), ("near", UNSPECIFIED, False),
                ("local", v1(), False), ("local", LOCAL, True),
                ("local", UNSPECIFIED, False), ("local", b"PROXY UNKNOWN\r\n", False)):
            with self.subTest(user=user, header=header), self.proxied(header, tls=True) as c:
                c.ok(f"USER {user}")
                (c.ok if good else c.err)("PASS x")


def own_address():
    """An address of this machine that is not on loopback; None: it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s, contextlib.suppress(OSError):
        s.connect(("192.0.2.1", 9))  # sends nothing: only a route is chosen
        address = s.getsockname()[0]
        return None if address.startswith("127.") else address
    return None


class Remote(unittest.TestCase):
    @unittest.skipUnless(own_address(), "this machine has no address but loopback")
    def test_what_a_proxy_elsewhere_calls_loopback_is_its_own(self):
        """It is not ours, whatever the header names."""
        source = own_address()
        with Poplar(settings={"proxy-from": f'{{"{source}"}}'}) as p:
            for header in (v1("127.0.0.1"), v1("::1", family="TCP6", to="::1"), v2("127.0.0.9"),
                           LOCAL):
                with Client(p.port, source=source, first=header) as c:
                    self.assertNotIn("USER", c.capa())
                    c.err("USER alice")
            with Client(p.port, source=source, first=v2("127.0.0.1", runs=OVER_TLS)) as c:
                c.login("alice", "secret")


class Late(unittest.TestCase):

    def test_a_reload_changes_the_list(self):
        with Poplar(settings={"proxy-from": '{"127.0.0.0/8"}'}) as p:
            Client(p.port, first=v1()).close()
            p.extra = {}
            p.write_config()
            p.reload()
            with p.connect() as c:
                c.login("alice", "secret")

    def test_a_network_that_is_none_is_refused_with_its_line(self):
        with Poplar() as p:
            p.config.write_text(p.config.read_text() + 'proxy-from = {"10.0.0.0/8", "10.0.0/8"}\n')
            line = len(p.config.read_text().splitlines())
            out = p.run("check")
            self.assertIn(f'poplar.conf:{line}: proxy-from: expected an address or network',
                          out.stderr + out.stdout)
            self.assertIn('"10.0.0/8"', out.stderr + out.stdout)


# ---- Debian's proxies


class Behind(ServerCase):
    """A server with a proxy in front of it, as `start_proxy` of a subclass makes it."""

    kwargs = {"settings": {"proxy-from": '{"127.0.0.1"}'}}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack = contextlib.ExitStack()
        try:
            cls.start_proxy()
        except BaseException:
            cls.tearDownClass()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()
        super().tearDownClass()

    @classmethod
    def start(cls, *command):
        cls.process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)

        def end():
            cls.process.terminate()
            cls.process.communicate()
        cls.stack.callback(end)

    @classmethod
    def wait_for(cls, port):
        def listens():
            if cls.process.poll() is not None:
                raise AssertionError(cls.process.stderr.read())
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port)).close()
                return True
        wait_until(listens)

    def fetch(self, port, tls, log_tls, source="127.0.0.9"):
        """A whole session through the proxy; the log names the client."""
        self.p.put("1.x", b"Subject: x\n\nthrough a proxy\n")
        start = self.p.log.mark()
        with Client(port, tls=tls, source=source) as c:
            peer = f"{source}:{c.sock.getsockname()[1]}".replace(".", r"\.")
            c.login("alice", "secret")
            self.assertEqual(c.multi("RETR 1"), b"Subject: x\r\n\r\nthrough a proxy\r\n.\r\n")
            c.quit()
        self.p.log.wait(rf"event=login .*peer={peer} tls={log_tls} ", start=start)
        self.p.log.wait(rf"event=session .*peer={peer} ", start=start)


HAPROXY = """
defaults
    mode tcp
    timeout connect 20s
    timeout client 20s
    timeout server 20s
    timeout check 20s
"""


@unittest.skipUnless(shutil.which("haproxy"), "haproxy is not installed")
class Haproxy(Behind):
    @classmethod
    def start_proxy(cls):
        pem = cls.p.dir / "tls" / "haproxy.pem"
        pem.write_bytes(b"".join((cls.p.dir / "tls" / f"cert.{end}").read_bytes()
                                 for end in ("pem", "key")))
        bind = f"ssl crt {pem}"
        options = "proxy-v2-options ssl,cert-cn,ssl-cipher,cert-sig,cert-key,authority,crc32c"
        ways = {
            "plain1": ("", cls.p.port, "send-proxy"),
            "plain2": ("", cls.p.port, "send-proxy-v2 check check-send-proxy inter 100ms"),
            "ended": (bind, cls.p.port, "send-proxy-v2-ssl"),
            "ended_all": (bind, cls.p.port, f"send-proxy-v2 {options}"),
            "through1": ("", cls.p.tls_port, "send-proxy"),
            "through2": ("", cls.p.tls_port, "send-proxy-v2"),
        }
        cls.ports = {}
        text = HAPROXY
        for name, (front, port, back) in ways.items():
            cls.ports[name] = free_port()
            text += (f"listen {name}\n    bind 127.0.0.1:{cls.ports[name]} {front}\n"
                     f"    server poplar 127.0.0.1:{port} {back}\n")
        config = cls.p.dir / "haproxy.cfg"
        config.write_text(text)
        cls.start("haproxy", "-db", "-q", "-f", config)
        for port in cls.ports.values():
            cls.wait_for(port)

    def test_version_1(self):
        self.fetch(self.ports["plain1"], False, "no")

    def test_version_2(self):
        self.fetch(self.ports["plain2"], False, "no")

    def test_tls_that_ends_at_the_proxy(self):
        self.fetch(self.ports["ended"], True, "proxy")

    def test_everything_it_can_tell(self):
        start = self.p.log.mark()
        self.fetch(self.ports["ended_all"], True, "proxy")
        self.p.log.wait(r"event=proxied .*tls=yes version=TLSv1\.3 .*authority=localhost",
                        start=start)

    def test_no_stls_behind_tls_that_ends_at_the_proxy(self):
        with Client(self.ports["ended"], tls=True) as c:
            self.assertIn("USER", c.capa())
            self.assertNotIn("STLS", c.capa())

    def test_tls_that_passes_through(self):
        for name in ("through1", "through2"):
            self.fetch(self.ports[name], True, r"TLSv1\.3")

    def test_its_health_checks(self):
        self.p.log.wait(r"event=proxied peer=127\.0\.0\.1:\d+ .*source=own")

    def test_a_header_of_the_clients_own(self):
        """Behind the proxy's it is a bad line."""
        start = self.p.log.mark()
        with Client(self.ports["plain2"], source="127.0.0.9", first=v1()) as c:
            self.assertTrue(c.line().startswith(b"-ERR"))
        self.p.log.wait(r"event=disconnect peer=127\.0\.0\.9:", start=start)


NGINX_MODULE = "/usr/lib/nginx/modules/ngx_mail_module.so"
NGINX = """
load_module {module};
daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log stderr;
events {{ }}
mail {{
    auth_http 127.0.0.1:{auth}/;
    proxy_protocol on;
    proxy_pass_error_message on;
    ssl_certificate {dir}/tls/cert.pem;
    ssl_certificate_key {dir}/tls/cert.key;
    server {{ listen 127.0.0.1:{clear}; protocol pop3; starttls on; }}
    server {{ listen 127.0.0.1:{tls} ssl; protocol pop3; }}
}}
"""


class Asked(http.server.BaseHTTPRequestHandler):
    """Whom nginx asks where a user's server is."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Auth-Status", "OK")
        self.send_header("Auth-Server", "127.0.0.1")
        self.send_header("Auth-Port", str(self.server.pop3_port))
        self.end_headers()

    def log_message(self, *args):
        pass


def has_nginx():
    return shutil.which("nginx") and os.path.exists(NGINX_MODULE)


@unittest.skipUnless(has_nginx(), "nginx with its mail module is not installed")
class Nginx(Behind):
    """It logs in by USER and PASS for its clients, and speaks version 1 only."""

    @classmethod
    def start_proxy(cls):
        asked = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Asked)
        asked.pop3_port = cls.p.port
        thread = threading.Thread(target=asked.serve_forever)
        thread.start()
        cls.stack.callback(asked.server_close)
        cls.stack.callback(thread.join)
        cls.stack.callback(asked.shutdown)
        cls.clear, cls.tls = free_port(), free_port()
        config = cls.p.dir / "nginx.conf"
        config.write_text(NGINX.format(dir=cls.p.dir, module=NGINX_MODULE, auth=asked.server_port, clear=cls.clear,
                                       tls=cls.tls))
        cls.start("nginx", "-p", cls.p.dir, "-e", "stderr", "-c", config)
        cls.wait_for(cls.clear)
        cls.wait_for(cls.tls)

    def test_in_the_clear(self):
        self.fetch(self.clear, False, "no")

    def test_tls_from_the_first_octet(self):
        """Version 1 cannot tell that the client has TLS: that both are on loopback lets it in."""
        self.fetch(self.tls, True, "no")

    def test_a_refusal_reaches_the_client(self):
        with Client(self.tls, tls=True) as c:
            c.ok("USER alice")
            self.assertIn("[AUTH]", c.err("PASS wrong"))


if __name__ == "__main__":
    main()
