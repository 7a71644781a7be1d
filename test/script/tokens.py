"""Bearer tokens for the tests: keys that sign them, and a server that knows them."""

import base64
import contextlib
import http.server
import json
import socket
import ssl
import subprocess
import threading
import time
import urllib.parse

from harness import PATIENCE

ISSUER = "https://idp.example.org"


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def pack(part):
    return base64url(part if isinstance(part, bytes) else json.dumps(part).encode())


def claims(**other):
    """None takes one away."""
    made = {"iss": ISSUER, "aud": "pop", "sub": "alice", "exp": int(time.time()) + 600} | other
    return {name: value for name, value in made.items() if value is not None}


class Key:
    """One of OpenSSL's, with which it signs."""

    kinds = {"RS256": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
             "ES256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
             "EdDSA": ["ED25519"]}

    def __init__(self, folder, alg="RS256", kid=None):
        self.path, self.alg, self.kid = folder / f"{kid or alg}.key", alg, kid
        self.openssl("genpkey", "-out", self.path, "-algorithm", *self.kinds[alg])
        self.pem = self.openssl("pkey", "-in", self.path, "-pubout").decode()
        der = self.openssl("pkey", "-in", self.path, "-pubout", "-outform", "DER")
        if alg == "RS256":
            out = self.openssl("rsa", "-in", self.path, "-noout", "-modulus").decode()
            self.jwk = {"kty": "RSA", "e": "AQAB",
                        "n": base64url(bytes.fromhex(out.strip().partition("=")[2]))}
        elif alg == "ES256":
            self.jwk = {"kty": "EC", "crv": "P-256", "x": base64url(der[-64:-32]),
                        "y": base64url(der[-32:])}
        else:
            self.jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url(der[-32:])}
        if kid:
            self.jwk["kid"] = kid

    @staticmethod
    def openssl(*args, **kwargs):
        return subprocess.run(["openssl", *args], check=True, capture_output=True, **kwargs).stdout

    def sign(self, octets):
        if self.alg == "EdDSA":
            text = self.path.with_suffix(".text")
            text.write_bytes(octets)
            return self.openssl("pkeyutl", "-sign", "-rawin", "-inkey", self.path, "-in", text)
        made = self.openssl("dgst", "-sha256", "-sign", self.path, input=octets)
        if self.alg == "RS256":
            return made
        numbers, at = [], 2
        while at < len(made):  # two integers of DER
            numbers.append(int.from_bytes(made[at + 2:at + 2 + made[at + 1]], "big"))
            at += 2 + made[at + 1]
        return b"".join(n.to_bytes(32, "big") for n in numbers)

    def token(self, header=None, payload=None, **other):
        head = {"alg": self.alg} | ({"kid": self.kid} if self.kid else {}) | (header or {})
        text = pack(head) + "." + pack(payload or claims(**other))
        return text + "." + base64url(self.sign(text.encode()))


GOOD = {"active": True, "sub": "alice", "scope": "mail", "aud": "pop"}


class Service:
    """An authorization server on loopback: what it answers is its `answers`, by token."""

    def __init__(self, certificate=None, port=0, host="127.0.0.1"):
        service = self
        self.answers, self.asked, self.clients = {"good": GOOD}, [], set()
        self.connections = []
        self.hold = threading.Event()  # released at the end: who was kept waiting may go

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                service.connections.append(self.connection)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = urllib.parse.parse_qs(body, strict_parsing=True)
                service.asked.append((form, self.headers))
                service.clients.add(self.client_address)
                service.answer(self, service.answers.get(form["token"][0], {"active": False}))

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args):
                pass  # a client that does not trust us, or waits no longer

        self.server = Server((host, port), Handler)
        self.port = self.server.server_address[1]
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, handler, what):
        """A status, or (status, octets, headers), or octets, or what JSON can hold."""
        status, headers = 200, {}
        if what == "silence":
            self.hold.wait(PATIENCE)
            handler.close_connection = True
            return
        if isinstance(what, int):
            status, what = what, b"no"
        if isinstance(what, tuple):
            status, what, headers = what
        octets = what if isinstance(what, bytes) else json.dumps(what).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(octets)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(octets)

    def close(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
