"""OAUTHBEARER and XOAUTH2: bearer tokens, checked by keys or by asking about them."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from harness import BUILD, IS_ROOT, PATIENCE, Client, Poplar, hold, main, wait_until
from names import NameServer, enter_own_network
from tokens import GOOD, ISSUER, Key, Service, base64url, claims, pack

BUILT = subprocess.run([BUILD / "poplar", "--version"], capture_output=True, text=True,
                       check=True).stdout.split("databases:")[1].split()
HAS_JWT = unittest.skipUnless("jwt" in BUILT, "built without jwt")
HAS_INTROSPECTION = unittest.skipUnless("introspection" in BUILT, "built without introspection")

DENIED = "-ERR [AUTH] invalid user name or password"
JWT = ('database "keys" { driver = jwt path = "{dir}/auth/keys"\n'
       f'issuer = "{ISSUER}" audience = {{"imap", "pop"}}\n')
USERS = {"alice": "secret", "bob": "hunter2", "boss": "boss:{PLAIN}x::::::master=yes",
         "off": "off:{PLAIN}x::::::disabled=yes", "late": "late:{PLAIN}x::::::mechanisms=PLAIN",
         "only": "only:{PLAIN}x::::::mechanisms=XOAUTH2"}


def b64(text):
    return base64.b64encode(text.encode()).decode()


def oauthbearer(token, user=""):
    name = f"a={user}" if user else ""
    return b64(f"n,{name},\x01host=localhost\x01port=110\x01auth=Bearer {token}\x01\x01")


def xoauth2(token, user="alice"):
    return b64(f"user={user}\x01auth=Bearer {token}\x01\x01")


MESSAGES = {"OAUTHBEARER": oauthbearer, "XOAUTH2": xoauth2}


def make_certificate(folder, names):
    key, cert = folder / f"{names}.key", folder / f"{names}.pem"
    Key.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=service", "-addext",
                f"subjectAltName={names}")
    return cert, key


class TokenCase(unittest.TestCase):
    """A server with databases of tokens, and what clients say to it."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="poplar-token-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def serve(self, sections, keys=None, settings=None):
        case = self

        class Server(Poplar):
            def prepare(self):
                if keys is not None:
                    case.put_keys(self, keys)

        p = Server(users=USERS, sections=sections,
                   settings={"failure-delay": "0"} | (settings or {}))
        p.__enter__()
        self.addCleanup(p.__exit__, None, None, None)
        self.p = p
        return p

    @staticmethod
    def put_keys(p, text):
        if not isinstance(text, str):
            text = json.dumps({"keys": [key.jwk for key in text]})
        new = p.dir / "auth" / "new"
        new.write_text(text)
        new.chmod(0o644)
        new.rename(p.dir / "auth" / "keys")

    def service(self, **kwargs):
        service = Service(**kwargs)
        self.addCleanup(service.close)
        return service

    def say(self, mechanism, token, user=None, tls=False):
        """What comes in the end, and the error before it, if there was one."""
        c = Client(self.p.tls_port if tls else self.p.port, tls=tls)
        try:
            response = MESSAGES[mechanism](token, *([user] if user else []))
            said, error = c.ask(f"AUTH {mechanism} {response}"), None
            if said.startswith("+ "):
                error = json.loads(base64.b64decode(said[2:], validate=True))
                said = c.ask("AQ==" if mechanism == "OAUTHBEARER" else "")
            if said.startswith("+OK"):
                c.quit()
            return said, error
        finally:
            c.close()

    def lets_in(self, token, **kwargs):
        for mechanism in MESSAGES:
            said, error = self.say(mechanism, token, **kwargs)
            self.assertEqual((said[:3], error), ("+OK", None), (mechanism, said))

    def refuses(self, token, why=None, **kwargs):
        mark = self.p.log.mark()
        for mechanism, status in (("OAUTHBEARER", "invalid_token"), ("XOAUTH2", "401")):
            said, error = self.say(mechanism, token, **kwargs)
            self.assertEqual((said, error and error["status"]), (DENIED, status), (mechanism, why))
        if why:
            self.p.log.wait(f"event=token-refused .*{why}", count=2, start=mark)

    def cannot_tell(self, token, **kwargs):
        for mechanism in MESSAGES:
            said, error = self.say(mechanism, token, **kwargs)
            self.assertEqual((said[:15], error), ("-ERR [SYS/TEMP]", None), mechanism)


@HAS_JWT
class Jwt(TokenCase):
    def setUp(self):
        super().setUp()
        self.key = Key(self.folder, kid="one")

    def serve(self, more="", **kwargs):
        return super().serve(JWT + more + "}\n", **{"keys": [self.key]} | kwargs)

    def test_every_form_of_the_exchange(self):
        self.serve()
        token = self.key.token()
        for tls in (False, True):
            self.lets_in(token, tls=tls)
        for mechanism, message in MESSAGES.items():
            c = self.p.connect()
            self.assertEqual(c.ask(f"AUTH {mechanism}"), "+ ")
            self.assertEqual(c.ask(message(token))[:3], "+OK")
            c.quit()
        self.p.log.wait("event=login user=alice .*method=OAUTHBEARER", count=3)
        self.p.log.wait("event=login user=alice .*method=XOAUTH2", count=3)
        self.assertEqual(self.p.log.find(token.split(".")[1]), [])

    def test_where_it_is_announced(self):
        with Poplar() as p:
            self.assertNotIn("BEARER", str(p.connect().capa()))
            self.assertEqual(p.connect().ask("AUTH XOAUTH2 " + xoauth2("x"))[:4], "-ERR")
        p = self.serve(settings={"plaintext-auth": "no"})
        self.assertNotIn("BEARER", str(p.connect().capa()))
        self.assertEqual(p.connect().ask("AUTH XOAUTH2 " + xoauth2(self.key.token()))[:4], "-ERR")
        sasl = next(line for line in Client(p.tls_port, tls=True).capa() if line[:4] == "SASL")
        self.assertIn(" OAUTHBEARER XOAUTH2", sasl)

    def test_how_a_refusal_is_told(self):
        p = self.serve('scope = "mail" openid-configuration = "https://idp.example.org/openid"\n')
        token = self.key.token(aud="web", scope="mail")
        self.assertEqual(self.say("OAUTHBEARER", token),
                         (DENIED, {"status": "invalid_token", "schemes": "bearer", "scope": "mail",
                                   "openid-configuration": "https://idp.example.org/openid"}))
        self.assertEqual(self.say("XOAUTH2", token),
                         (DENIED, {"status": "401", "schemes": "bearer", "scope": "mail"}))
        c = p.connect()
        for response, status in ((b64("n,,\x01auth=\x01\x01"), "invalid_token"),
                                 (b64("n,,\x01auth=Basic x\x01\x01"), "invalid_request"),
                                 (b64("nonsense"), "invalid_request")):
            said = c.ask("AUTH OAUTHBEARER " + response)
            self.assertEqual(json.loads(base64.b64decode(said[2:]))["status"], status)
            # Whatever is answered, nobody is let in; the connection goes on.
            self.assertEqual(c.ask(oauthbearer(self.key.token(scope="mail")))[:4], "-ERR")
        said = c.ask("AUTH XOAUTH2 " + xoauth2(token))
        self.assertEqual(c.ask("*"), "-ERR authentication cancelled")
        c.ok("AUTH XOAUTH2 " + xoauth2(self.key.token(scope="mail")))
        c.quit()

    def test_to_give_up_after_a_refusal_is_a_failure(self):
        """Whoever does is delayed like others; one who hangs up, too."""
        p = self.serve(settings={"failure-delay": "10ms", "failure-delay-max": "20ms"})
        for _ in range(3):
            c = p.connect()
            c.ask("AUTH XOAUTH2 " + xoauth2("rubbish"))
            self.assertEqual(c.ask("*"), "-ERR authentication cancelled")
            c.ask("AUTH XOAUTH2 " + xoauth2("rubbish"))
            c.close()
        p.log.wait("event=login-delayed ")

    def test_what_a_token_must_say(self):
        self.serve('scope = "mail pop"\n')
        scope, now = "pop x mail", int(time.time())
        self.lets_in(self.key.token(scope=scope, nbf=now, aud=["x", "imap"]))
        self.lets_in(self.key.token(scp=scope.split(), exp=now - 10))  # leeway
        for why, other in (
                ("not by issuer", {"iss": ISSUER + "/"}), ("not by issuer", {"iss": None}),
                ("not for audience", {"aud": "po"}), ("not for audience", {"aud": None}),
                ("expired", {"exp": now - 100}), ("expired", {"exp": None}),
                ("not valid yet", {"nbf": now + 100}),
                ("lacks scope", {"scope": "mail"}), ("lacks scope", {"scope": None}),
                ("names no user", {"sub": None}), ("names no user", {"sub": "a\nb"})):
            self.refuses(self.key.token(**{"scope": scope} | other), why)

    def test_another_claim_may_name_the_user(self):
        self.serve('user-claim = "email"\n', settings={"default-domain": '"example.org"'})
        self.p.users = {"alice@example.org": "x"}
        self.p.make_maildir("alice@example.org")
        self.p.write_users()
        self.lets_in(self.key.token(sub="bob", email="alice"))
        self.refuses(self.key.token(email="alice", email_verified=False), "not verified")

    def test_who_comes_in(self):
        """The databases of users have the last word."""
        self.serve()
        for name in ("nobody", "off", "late"):
            self.refuses(self.key.token(sub=name), user=name)
        self.assertEqual(self.say("XOAUTH2", self.key.token(sub="only"), "only")[0][:3], "+OK")
        self.assertEqual(self.say("OAUTHBEARER", self.key.token(sub="only"))[0], DENIED)
        # another's maildrop is for masters
        self.refuses(self.key.token(), user="bob")
        self.refuses(self.key.token(sub="boss"), user="nobody")
        self.lets_in(self.key.token(sub="boss"), user="bob")
        self.p.log.wait("event=login user=bob ", count=2)

    def test_no_algorithm_but_the_keys_own(self):
        """S17 of test_history.py, RFC 8725 section 2.1."""
        other = Key(self.folder, "ES256", kid="two")
        self.serve(keys=[self.key, other])
        self.lets_in(other.token())
        body = pack(claims())
        for alg in ("none", "None", "", "nOnE"):
            for end in ("", "AAAA"):
                self.refuses(f"{pack({'alg': alg})}.{body}.{end}")
        for secret in (self.key.pem.encode(), json.dumps(self.key.jwk).encode(),
                       base64.urlsafe_b64decode(self.key.jwk["n"] + "==")):
            for header in ({"alg": "HS256"}, {"alg": "HS256", "kid": "one"}):
                text = f"{pack(header)}.{body}"
                made = hmac.new(secret, text.encode(), hashlib.sha256).digest()
                self.refuses(f"{text}.{base64url(made)}", "algorithm that is not allowed")
        self.refuses(self.key.token(header={"alg": "ES256"}), "key that is not known")
        self.refuses(self.key.token(header={"alg": "RS384"}), "wrong signature")
        self.refuses(self.key.token(header={"crit": ["x"], "x": 1}), "extension that is not known")

    def test_hmac_takes_no_public_key(self):
        """Even where HMAC is allowed: who signs with the public key's text is refused."""
        secret = os.urandom(32)
        shared = type("", (), {"jwk": {"kty": "oct", "kid": "shared", "k": base64url(secret)}})
        self.serve('algorithms = {"RS256", "HS256"}\n', keys=[self.key, shared])

        def made(octets, kid):
            text = pack({"alg": "HS256"} | ({"kid": kid} if kid else {})) + "." + pack(claims())
            return f"{text}.{base64url(hmac.new(octets, text.encode(), hashlib.sha256).digest())}"

        self.lets_in(made(secret, "shared"))
        self.refuses(made(self.key.pem.encode(), "one"), "key that is not known")
        self.refuses(made(self.key.pem.encode(), None), "wrong signature")

    def test_a_kid_is_a_name_and_nothing_else(self):
        """CVE-2021-29157."""
        self.serve()
        for kid in ("", "On", "ONE", "../auth/keys", "/etc/passwd", "keys", "*", "one/../one",
                    "http://127.0.0.1/k", "' OR 1=1 --", "one\0"):
            self.refuses(self.key.token(header={"kid": kid}))
        stranger = Key(self.folder, kid="stranger")
        for header in ({"kid": "one"}, {"kid": None}, {"jku": "http://127.0.0.1/"},
                       {"jwk": stranger.jwk, "kid": "one"}):
            self.refuses(stranger.token(header=header))

    def test_keys_in_pem_form(self):
        made = [Key(self.folder, alg) for alg in Key.kinds]
        stranger = Key(self.folder, "EdDSA", kid="stranger")
        self.serve(keys="".join(key.pem for key in made))
        for key in made:
            self.lets_in(key.token())
            self.lets_in(key.token(header={"kid": "any"}))
        self.refuses(stranger.token(), "wrong signature")
        self.refuses(self.key.token(), "wrong signature")

    def test_eddsa_by_jwk(self):
        key = Key(self.folder, "EdDSA", kid="ed")
        self.serve(keys=[self.key, key])
        self.lets_in(key.token())
        token = key.token()
        self.refuses(token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB"), "wrong signature")

    def test_keys_that_come_change_and_go(self):
        p = self.serve(keys=None)
        p.log.wait("event=token-keys-missing")
        token = self.key.token()
        self.cannot_tell(token)
        self.put_keys(p, '{"keys":[]}')
        self.cannot_tell(token)
        self.put_keys(p, [self.key])
        self.lets_in(token)
        self.put_keys(p, "nonsense")
        self.lets_in(token)
        p.log.wait("event=token-keys-kept")
        (p.dir / "auth" / "keys").unlink()
        self.lets_in(token)
        self.put_keys(p, [Key(self.folder, kid="two")])
        self.refuses(token, "key that is not known")
        self.put_keys(p, [self.key])
        p.reload()
        self.lets_in(token)

    def test_tokens_as_long_as_a_line_can_be(self):
        self.serve()
        token = self.key.token(pad="x" * 5500)
        self.assertGreater(len(token), 7500)
        self.lets_in(token)
        self.refuses(self.key.token(pad="x" * 6100)[:8192])

    def test_a_token_that_is_too_long_is_named_so(self):
        """One that the line holds, and one that no line does; the client may go on."""
        self.serve()
        for mechanism in MESSAGES:
            mark = self.p.log.mark()
            said, error = self.say(mechanism, "x" * 8193)
            self.assertEqual(said, "-ERR malformed response")
            self.assertIn("invalid_request" if mechanism == "OAUTHBEARER" else "400", error["status"])
            self.p.log.wait('event=token-refused peer=127.0.0.1:[0-9]+ why="is too long" most=8192', start=mark)
            c = self.p.connect()
            self.assertEqual(c.ask(f"AUTH {mechanism} {MESSAGES[mechanism]('x' * 12000)}"), "-ERR line too long")
            self.assertEqual(c.ask(f"AUTH {mechanism}"), "+ ")
            self.assertEqual(c.ask(MESSAGES[mechanism]("x" * 12000)), "-ERR line too long")
            self.assertEqual(c.ask("NOOP")[:4], "-ERR")
            c.close()
            self.p.log.wait("event=response-too-long peer=127.0.0.1:[0-9]+ tls=no most=12288", count=2, start=mark)

    # -- mail programs

    def run_client(self, *args):
        return subprocess.run(args, capture_output=True, timeout=60,
                              env={"HOME": str(self.folder), "PATH": os.environ["PATH"]})

    @unittest.skipUnless(shutil.which("curl"), "no curl")
    def test_curl(self):
        """It takes OAUTHBEARER where it is offered, else XOAUTH2."""
        for auth in MESSAGES:
            p = self.serve(settings={"mechanisms": f'{{"USER", "{auth}"}}'})
            p.put("1.x", b"Subject: one\n\n1\n")
            for url in (f"pop3://127.0.0.1:{p.port}/1", f"pop3s://127.0.0.1:{p.tls_port}/1"):
                for ir in ([], ["--sasl-ir"]):
                    def curl(token):
                        return self.run_client("curl", "-skS", "-u", "alice:", "--oauth2-bearer",
                                               token, *ir, url)

                    out = curl(self.key.token())
                    self.assertEqual((out.returncode, out.stdout), (0, b"Subject: one\r\n\r\n1\r\n"),
                                     (auth, ir, out.stderr))
                    self.assertEqual(curl(self.key.token(sub="bob")).returncode, 67, (auth, ir))
            p.log.wait(f"event=login user=alice .*method={auth}", count=4)

    @unittest.skipUnless(shutil.which("mpop"), "no mpop")
    def test_mpop(self):
        key = Key(self.folder, "EdDSA")  # mpop's lines are short
        p = self.serve(keys=[key])
        p.put("1.x", b"Subject: one\n\n1\n")
        rc, mbox = self.folder / "mpoprc", self.folder / "mbox"

        def mpop(auth, token):
            mbox.unlink(missing_ok=True)
            rc.write_text(f"account default\nhost 127.0.0.1\nport {p.port}\nuser alice\nkeep on\n"
                          f"auth {auth.lower()}\npassword {token}\ntls off\nonly_new off\n"
                          f"uidls_file {self.folder}/uidls\ndelivery mbox {mbox}\n")
            rc.chmod(0o600)
            return self.run_client("mpop", "-C", rc)

        for auth in MESSAGES:
            out = mpop(auth, key.token())
            self.assertEqual(out.returncode, 0, out.stderr)
            self.assertIn(b"Subject: one", mbox.read_bytes())
            self.assertNotEqual(mpop(auth, key.token(sub="bob")).returncode, 0)
            p.log.wait(f"event=login user=alice .*method={auth}")

    # -- settings

    def test_check(self):
        p = self.serve()
        self.assertEqual(p.run("check").returncode, 0, p.run("check").stderr)
        shown = p.run("config").stdout
        self.assertIn("driver = jwt", shown)
        for keys, said in (('{"keys":[{"kty":"RSA"}]}', "keys: key 1 cannot be read"),
                           ("nonsense", "read as JSON"), (None, "keys")):
            if keys:
                self.put_keys(p, keys)
            else:
                (p.dir / "auth" / "keys").unlink()
            out = p.run("check")
            self.assertEqual(out.returncode, 1)
            self.assertIn(said, out.stderr)
        self.put_keys(p, [self.key])
        for wrong, said in (
                ('driver = jwt path = "/etc/keys" issuer = "i" scope = "s"', "folder of the setting"),
                ('driver = jwt path = "{dir}/auth/keys" scope = "s"', "driver jwt needs issuer"),
                ('driver = jwt path = "{dir}/auth/keys" issuer = "i"', "needs audience or scope"),
                ('driver = jwt path = "{dir}/auth/keys" issuer = "i" scope = "s" '
                 'algorithms = {"RS256", "none"}', 'there is no "none"'),
                ('driver = introspection uri = "http://192.0.2.1/"', "expected https://"),
                ('driver = introspection uri = "http://127.0.0.1.example.org/"', "expected https"),
                ('driver = introspection uri = "http://127.0.0.1@192.0.2.1/"', "expected https://"),
                ('driver = introspection uri = "https://u:p@idp/"', "expected https://"),
                ('driver = introspection uri = "https://idp/#x"', "expected https://"),
                ('driver = introspection uri = "ftp://127.0.0.1/"', "expected https://"),
                ('driver = introspection uri = "https://idp/" password-file = "/x"',
                 "needs client-id")):
            p.sections = f'database "wrong" {{ {wrong} }}\n'
            p.write_config()
            out = p.run("check")
            self.assertNotEqual(out.returncode, 0, wrong)
            self.assertIn(said, out.stderr)


@HAS_INTROSPECTION
class Introspection(TokenCase):
    def serve(self, uri, more="", sections="", **kwargs):
        return super().serve(f'database "idp" {{ driver = introspection\nuri = "{uri}"\n{more}\n}}\n'
                             + sections, **kwargs)

    def plain(self, *args, **kwargs):
        service = self.service()
        self.serve(f"http://127.0.0.1:{service.port}/ask?x=y", *args, **kwargs)
        return service

    def test_a_good_token_says_who(self):
        service = self.plain()
        self.lets_in("good")
        form, headers = service.asked[0]
        self.assertEqual(form, {"token": ["good"], "token_type_hint": ["access_token"]})
        self.assertEqual(headers["Accept"], "application/json")
        self.assertEqual(headers["Content-Type"], "application/x-www-form-urlencoded")
        self.assertIsNone(headers["Authorization"])
        token = "aZ09-._~+/" * 500 + "=="
        service.answers[token] = GOOD
        self.lets_in(token)
        self.assertLessEqual(len(service.clients), 2)  # processes; connections are kept
        self.assertEqual(self.p.log.find("aZ09-._~"), [])

    def test_a_bad_token_is_refused(self):
        service = self.plain('scope = "mail" audience = {"pop"} issuer = "i"\n')
        good, now = GOOD | {"iss": "i"}, int(time.time())
        service.answers |= {
            "good": good, "scope": good | {"scope": "web"}, "aud": good | {"aud": "imap"},
            "old": good | {"exp": now - 100}, "early": good | {"nbf": now + 1000},
            "iss": good | {"iss": "j"}, "bob": good | {"sub": "bob"}, "no": {"active": False}}
        self.lets_in("good")
        for token, why in (("scope", "lacks scope"), ("aud", "not for audience"), ("old", "expired"),
                           ("early", "not valid yet"), ("iss", "not by issuer"), ("no", "not active"),
                           ("unknown", "not active"), ("bob", None)):
            self.refuses(token, why, user="alice")

    def test_trouble_of_the_service_is_temporary(self):
        service = self.plain("timeout = 20s\n")
        service.answers |= {
            "500": 500, "401": 401, "204": 204, "html": b"<html>", "empty": b"", "list": [],
            "text": {"active": "yes"}, "large": b" " * 70000 + json.dumps(GOOD).encode(),
            "elsewhere": (302, b"", {"Location": f"http://127.0.0.1:{service.port}/"}),
            "deep": b"[" * 60000}
        for token in list(service.answers)[1:]:
            self.cannot_tell(token)
        self.lets_in("good")
        asked = [form for form, _ in service.asked if form["token"] == ["elsewhere"]]
        self.assertEqual(len(asked), 2)
        self.p.log.wait("event=login-trouble .*HTTP status 500")

    def test_a_service_that_is_away_and_comes_back(self):
        service = self.plain()
        port = service.port
        self.lets_in("good")
        service.close()
        self.cannot_tell("good")
        self.assertEqual(self.p.connect().login("alice", "secret")[:3], "+OK")
        again = self.service(port=port)
        self.lets_in("good")
        self.assertEqual(len(again.asked), 2)

    def test_a_service_that_is_silent_holds_its_own_logins_only(self):
        service = self.plain("timeout = 1s processes = 2\n")
        service.answers["slow"] = "silence"
        c = self.p.connect()
        c.send(f"AUTH XOAUTH2 {xoauth2('slow')}\r\n".encode())
        wait_until(lambda: service.asked)
        self.lets_in("good")
        self.assertEqual(c.line()[:15], b"-ERR [SYS/TEMP]")
        c.close()
        self.lets_in("good")

    def test_a_process_that_hangs_is_replaced(self):
        self.plain("timeout = 1s processes = 1\n")
        self.p.deaths_ok = True
        self.lets_in("good")
        mark = self.p.log.mark()
        hold(self.p.pids()["poplar-lookup"][0])
        self.assertEqual(self.say("XOAUTH2", "good")[0][:15], "-ERR [SYS/TEMP]")
        self.p.log.wait("event=lookup-replaced database=idp", start=mark)
        wait_until(lambda: self.say("XOAUTH2", "good")[0].startswith("+OK"))

    def test_credentials(self):
        secret = self.folder / "secret"
        secret.write_text("pass:word%\r\nsecond line\n")
        service = self.plain(f'client-id = "pop 1" password-file = "{secret}"\n')
        self.lets_in("good")
        scheme, value = service.asked[-1][1]["Authorization"].split()
        self.assertEqual((scheme, base64.b64decode(value)), ("Basic", b"pop%201:pass%3aword%25"))
        self.assertEqual(self.p.log.find("pass:word"), [])

    def certificate(self, names):
        self.folder.chmod(0o755)
        return make_certificate(self.folder, names)
    def test_https(self):
        """The host's name is found, and its certificate checked, within the walls."""
        certificate = self.certificate("DNS:localhost")
        service = self.service(certificate=certificate)
        for host, ca, good in (("localhost", certificate[0], True), ("localhost", None, False),
                               ("localhost", self.certificate("DNS:other")[0], False),
                               ("127.0.0.1", certificate[0], False)):
            self.serve(f"https://{host}:{service.port}/", f'ca-file = "{ca}"\n' if ca else "")
            if good:
                self.lets_in("good")
            else:
                before = len(service.asked)
                self.cannot_tell("good")
                self.assertEqual(len(service.asked), before)

    def test_a_host_without_an_address(self):
        self.serve("https://nobody.invalid/", "timeout = 20s\n")
        self.cannot_tell("good")

    @HAS_JWT
    def test_databases_of_tokens_in_their_order(self):
        """What is no JWT is asked about; a JWT, too, unless its database says not to."""
        key = Key(self.folder, kid="one")
        for rule, expected in (("continue", 2), ("fail", 0)):
            service = self.service()
            super().serve(JWT + f"if-wrong = {rule}\n}}\n" + 'database "idp" { driver = introspection '
                          f'uri = "http://127.0.0.1:{service.port}/" }}\n', keys=[key])
            self.lets_in(key.token())
            self.assertEqual(service.asked, [])
            self.lets_in("good")
            self.assertEqual(len(service.asked), 2)
            self.refuses(key.token(aud="x"))
            self.assertEqual(len(service.asked), 2 + expected)

    def test_tokens_are_no_users(self):
        """Nobody's password is shown to the server of tokens, and no token to other databases."""
        service = self.plain()
        for name, password in (("alice", "wrong"), ("nobody", "good"), ("good", "good")):
            c = self.p.connect()
            c.ok(f"USER {name}")
            c.err(f"PASS {password}")
            c.close()
        out = self.p.run("user", "test", "alice", input="secret\n")
        self.assertEqual(out.stdout.count("database"), 1, out.stdout)
        self.assertEqual(service.asked, [])

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_audit(self):
        self.plain()
        self.lets_in("good")
        out = self.p.run("audit")
        self.assertEqual(out.returncode, 0, out.stdout)
        part = out.stdout[out.stdout.index("poplar-lookup, pid"):]
        self.assertIn("TCP connections", part)
        part = out.stdout[out.stdout.index("poplar-auth, pid"):]
        self.assertIn("no new TCP", part.split("\n\n")[0].split("poplar-lookup")[0])


def run_names(folder):
    """A server whose address is not to be found at first, is found, and moves."""
    if not enter_own_network(folder):
        return "skip: no name spaces"
    certificate, said = make_certificate(folder, "DNS:idp.example"), []
    names, service = NameServer("idp.example"), Service(certificate)
    section = ('database "idp" { driver = introspection timeout = 20s processes = 1 '
               f'uri = "https://idp.example:{service.port}/" ca-file = "{certificate[0]}" }}')
    with Poplar(users=USERS, sections=section, settings={"failure-delay": "0"}) as p:
        def ask():
            with p.connect() as c:
                said.append(c.ask("AUTH XOAUTH2 " + xoauth2("good"))[:6])

        ask()                         # nobody knows the name
        names.address = "127.0.0.1"
        ask()                         # found
        service.close()
        names.address = "127.0.0.9"
        other = Service(certificate, service.port, "127.0.0.9")
        ask()                         # found again, at the first attempt
        ask()
        said.append(str(len(other.asked)))
        other.close()
        ask()
    return " ".join(said)


@HAS_INTROSPECTION
@unittest.skipUnless(IS_ROOT, "needs root, for a network of its own")
class Names(unittest.TestCase):
    def test_an_address_that_changes_is_found_again(self):
        folder = Path(tempfile.mkdtemp(prefix="poplar-names-"))
        self.addCleanup(shutil.rmtree, folder)
        folder.chmod(0o755)
        done = subprocess.run([sys.executable, __file__, "--names", folder], capture_output=True,
                              text=True, timeout=3 * PATIENCE)
        if done.stdout.startswith("skip"):
            self.skipTest(done.stdout.strip())
        self.assertEqual(done.stdout.strip(), "-ERR [ +OK ma +OK ma +OK ma 2 -ERR [",
                         done.stderr)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--names"]:
        print(run_names(Path(sys.argv[2])))
    else:
        main()
