"""Who gets in, and what those get who do not."""

import base64
import pathlib
import re
import shutil
import subprocess
import unittest

from harness import BUILD, Client, Poplar, ServerCase, main, wait_until

HASH = "{SHA512-CRYPT}$6$rounds=5000$poplar$" \
       "4xQFxBbEMT6wGmzZJ1ddSPvGcDsSNMxR3MJEZLlMYsVvAxvj2gkXW2KZDRsJdk9nRtJm3Rq1FWZP9qBFBM3dH."


def b64(octets):
    return base64.b64encode(octets).decode()


class Sasl(ServerCase):
    kwargs = {"users": {"alice": "secret", "bob": "pass word"},
              "settings": {"failure-delay": "0"}}

    def test_plain_and_login(self):
        for tls in (False, True):
            c = Client(self.p.tls_port, tls=True) if tls else self.p.connect()
            self.assertEqual(c.ask("AUTH PLAIN"), "+ ")
            c.ok(b64(b"\0alice\0secret"))
            c.quit()
            c = self.p.connect()
            c.ok("auth plain " + b64(b"bob\0bob\0pass word"))
            c.quit()
            c = self.p.connect()
            self.assertEqual(c.ask("AUTH LOGIN"), "+ " + b64(b"Username:"))
            self.assertEqual(c.ask(b64(b"alice")), "+ " + b64(b"Password:"))
            c.ok(b64(b"secret"))
            c.quit()
            c = self.p.connect()
            self.assertEqual(c.ask("AUTH LOGIN " + b64(b"alice")), "+ " + b64(b"Password:"))
            c.ok(b64(b"secret"))
            c.quit()
        self.p.log.wait(r"event=login user=bob .*method=PLAIN")
        self.p.log.wait(r"event=login user=alice .*method=LOGIN")

    def test_a_given_up_exchange_does_not_end_the_next(self):
        """What is said of one must not be heard of the other, however fast they follow."""
        c = self.p.connect()
        for _ in range(300):
            c.send("AUTH LOGIN\r\n")
            self.assertEqual(c.line(), b"+ " + b64(b"Username:").encode())
            c.send(f"*\r\nAUTH LOGIN\r\n{b64(b'alice')}\r\n")
            self.assertEqual(c.line(), b"-ERR authentication cancelled")
            self.assertEqual(c.line(), b"+ " + b64(b"Username:").encode())
            self.assertEqual(c.line(), b"+ " + b64(b"Password:").encode())
            self.assertEqual(c.ask("*"), "-ERR authentication cancelled")
        c.quit()

    def test_a_long_response(self):
        """RFC 4954 section 4: 12,288 octets with the line end; one more is too long."""
        for size, first in ((12286, True), (12286, False)):
            raw = b"\0alice\0" + b"x" * 20000
            text = b64(raw)[:size // 4 * 4 - (12 if first else 0)]
            c = self.p.connect()
            if not first:
                c.ask("AUTH PLAIN")
            reply = c.ask(("AUTH PLAIN " if first else "") + text)
            self.assertEqual(reply, "-ERR [AUTH] invalid user name or password")
            c.close()
        c = self.p.connect()
        c.ask("AUTH PLAIN")
        self.assertEqual(c.ask("A" * 12288), "-ERR line too long")
        self.assertEqual(c.ask("USER " + "a" * 400), "-ERR line too long")
        c.ok("AUTH PLAIN " + b64(b"\0alice\0secret"))
        self.assertEqual(c.ask("NOOP " + "a" * 400), "-ERR line too long")
        c.quit()

    def test_pipelined_behind_an_exchange(self):
        c = self.p.connect()
        self.assertEqual(c.ask("AUTH PLAIN"), "+ ")
        c.send(f"{b64(bytes(1) + b'alice' + bytes(1) + b'secret')}\r\nSTAT\r\nNOOP\r\nQUIT\r\n")
        self.assertTrue(c.line().startswith(b"+OK maildrop"))
        self.assertEqual(c.line(), b"+OK 0 0")
        self.assertTrue(c.line().startswith(b"+OK"))
        self.assertTrue(c.line().startswith(b"+OK signing off"))

    def test_too_many_failures_end_the_connection(self):
        c = self.p.connect()
        for _ in range(5):
            c.ask("USER alice")
            self.assertEqual(c.ask("PASS wrong"), "-ERR [AUTH] invalid user name or password")
        c.ask("USER alice")
        c.ask("PASS wrong")
        self.assertEqual(c.rest(), b"")
        c.close()
        self.p.log.wait("end=too-many-failures")


class Dovecots(ServerCase):
    """A passwd-file of Dovecot's, as it is."""

    STORED = ("{SSHA}2p4KbAebDJ23S33BVuJWd3vD6oa7c7YC", "{SSHA512.hex}2c3200468df605c6e8649eb2ecc74f55cc75f29a36b4938340ac"
              "039c6d8f7074a65903cf7d5217804c1f5da38a5604ebc337123ba484332e5b976a8a55bf9907b86ea33a",
              "{SHA256.b64}K7gNU3sdo+OL0wNhqoVWhr3g6s1xYv72ol/pe/Unols=", "{PLAIN.b64}c2VjcmV0",
              "{MD5-CRYPT}$1$QNWBSRhV$nOPdU4/d4npj0gPAyQhSZ/", "{LDAP-MD5}Xr4ilOzQ4PCOq3aQ0qbuaQ==",
              "{PBKDF2}$1$KTgH.NsR7pDRp9Gw$5000$fa56ecd2b8c613953c9c5dc00b7af1ecab8d6d90",
              "{CRAM-MD5}cd3ba7deaad6e5ca23448ba42e379747a9e0f7f1fbc00c8a81bbaac395731b56", "{DES-CRYPT}sxO/sfID0u.ks",
              "{ARGON2I}$argon2i$v=19$m=32768,t=4,p=1$XCnJsGJjWdgvgdPDSMcaUg$g43fhFf+9VoQWRZRJfGl6XbclkC8gN86brn533enpik")
    kwargs = {"users": {f"u{i}": f"u{i}:{stored}:::::" for i, stored in enumerate(STORED)}
              | {"alice@example.org": "alice@example.org:{DIGEST-MD5}543e1aec5d3614f03141652d6ada51b2::::::userdb_quota=x"},
              "settings": {"failure-delay": "0"}}

    def test_every_user_logs_in(self):
        for user in self.kwargs["users"]:
            for _ in range(2):  # found out, and remembered
                c = self.p.connect()
                c.login(user, "secret")
                c.quit()
                c = self.p.connect()
                c.ok(f"USER {user}")
                self.assertEqual(c.ask("PASS Secret"), "-ERR [AUTH] invalid user name or password")
                c.close()
        out = self.p.run("check")
        self.assertEqual((out.returncode, out.stderr), (0, ""))


class Memory(ServerCase):
    def locked(self, role):
        """KiB that are not swapped out, of the process of the role that has the least."""
        return min(int(re.search(r"VmLck:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])
                   for pid in self.p.pids()[role])

    def setUp(self):
        if b"__asan_init" in (BUILD / "poplar-auth").read_bytes():
            self.skipTest("a sanitizer locks nothing")

    def test_keys_and_what_clients_say_are_not_swapped_out(self):
        self.assertGreater(self.locked("poplar-front"), 256 + 128)
        for pids in self.p.pids().values():
            for pid in pids:
                self.assertRegex(pathlib.Path(f"/proc/{pid}/limits").read_text(), r"core file size +0 +0 ")

    def test_nothing_of_those_who_see_secrets_is(self):
        limits = pathlib.Path(f"/proc/{self.p.process.pid}/limits").read_text()
        if not re.search(r"locked memory +unlimited", limits):
            self.skipTest("the limit on locked memory cannot be raised here")
        self.assertGreater(self.locked("poplar-front"), 2000)
        self.assertGreater(self.locked("poplar-auth"), 2000)
        self.assertEqual(self.locked("poplar-drop"), 0)


class Clients(ServerCase):
    kwargs = {"users": {"alice": "secret"}}

    @unittest.skipUnless(shutil.which("curl"), "no curl")
    def test_curl_by_each_mechanism(self):
        self.p.put("1.x", b"Subject: one\n\n1\n")
        for mechanism in ("PLAIN", "LOGIN", "CRAM-MD5"):
            out = subprocess.run(
                ["curl", "-sS", "--login-options", f"AUTH={mechanism}", "-u", "alice:secret",
                 f"pop3://127.0.0.1:{self.p.port}/1"], capture_output=True, timeout=60)
            self.assertEqual((out.returncode, out.stdout),
                             (0, b"Subject: one\r\n\r\n1\r\n"), (mechanism, out.stderr))
            self.p.log.wait(f"event=login user=alice .*method={mechanism}")

    @unittest.skipUnless(shutil.which("mpop"), "no mpop")
    def test_mpop_by_each_mechanism(self):
        self.p.put("1.x", b"Subject: one\n\n1\n")
        for mechanism in ("plain", "login", "cram-md5", "scram-sha-256", "scram-sha-1"):
            mbox = self.p.dir / f"mbox-{mechanism}"
            rc = self.p.dir / "mpoprc"
            rc.write_text(f"account default\nhost 127.0.0.1\nport {self.p.port}\nuser alice\n"
                          f"password secret\nauth {mechanism}\ntls off\nkeep on\n"
                          f"uidls_file {mbox}.uidls\ndelivery mbox {mbox}\n")
            rc.chmod(0o600)
            out = subprocess.run(["mpop", "-C", rc], capture_output=True, timeout=60)
            self.assertEqual(out.returncode, 0, (mechanism, out.stderr))
            self.assertIn(b"Subject: one", mbox.read_bytes())
            self.p.log.wait(f"event=login user=alice .*method={mechanism.upper()}")


class Offers(unittest.TestCase):
    def test_what_is_announced_works_for_every_user(self):
        """A mechanism that some user's stored password cannot serve would lead that user's
        client astray; the users file is watched for it."""
        with Poplar(users={"alice": "secret"}) as p:
            wait_until(lambda: "CRAM-MD5" in " ".join(p.connect().capa()))
            p.users["carol"] = f"carol:{HASH}"
            p.write_users()

            def offered():
                c = p.connect()
                c.ask("USER x")
                c.ask("PASS x")
                c.close()
                return " ".join(p.connect().capa())

            wait_until(lambda: "SCRAM" not in offered())
            self.assertIn("SASL PLAIN LOGIN", offered())
            del p.users["carol"]
            p.write_users()
            wait_until(lambda: "SCRAM-SHA-256" in offered())

    def test_only_allowed_mechanisms(self):
        with Poplar(users={"alice": "secret"},
                    settings={"mechanisms": '{"LOGIN", "DIGEST-MD5"}'}) as p:
            c = p.connect()
            capa = c.capa()
            self.assertIn("SASL LOGIN DIGEST-MD5", capa)
            self.assertNotIn("USER", capa)
            c.err("USER alice")
            self.assertEqual(c.ask("AUTH PLAIN"), "-ERR no such mechanism here")
            c.ask("AUTH LOGIN")
            c.ask(b64(b"alice"))
            c.ok(b64(b"secret"))
            c.quit()

    def test_no_clear_text_where_it_is_forbidden(self):
        with Poplar(users={"alice": "secret"}, settings={"plaintext-auth": "no"}) as p:
            c = p.connect()
            self.assertIn("SASL SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5", c.capa())
            for line in ("AUTH PLAIN", "AUTH LOGIN " + b64(b"alice"), "USER alice"):
                self.assertEqual(c.ask(line), "-ERR start TLS before logging in")
            c.ok("STLS")
            c.start_tls()
            self.assertIn("USER", c.capa())
            c.ok("AUTH PLAIN " + b64(b"\0alice\0secret"))
            c.quit()


class Names(ServerCase):
    kwargs = {"users": {"alice@example.org": "secret", "ren\u00e9@example.org": "secret",
                        "boss@example.org":
                            "boss@example.org:{PLAIN}master::::::master=yes"},
              "settings": {"default-domain": "example.org", "fold-names": "yes",
                           "master-separator": '"*"',
                           "failure-delay": "0"}}

    def login(self, name, password):
        c = self.p.connect()
        c.ask("USER " + name)
        reply = c.ask("PASS " + password)
        c.close()
        return reply

    def test_domain_case_and_unicode(self):
        self.p.make_maildir("ren%c3%a9@example.org")  # as names that are no plain ones stand
        for name in ("alice", "ALICE", "Alice@Example.Org", "rene\u0301", "ren\u00e9"):
            self.assertTrue(self.login(name, "secret").startswith("+OK"), name)
        for name in ("alice@example.net", "alicf", "alice@"):
            self.assertTrue(self.login(name, "secret").startswith("-ERR [AUTH]"), name)

    def test_masters(self):
        self.assertTrue(self.login("alice*boss", "master").startswith("+OK"))
        self.p.log.wait(r"event=login user=alice@example\.org ")
        self.assertTrue(self.login("boss*alice", "secret").startswith("-ERR [AUTH]"))
        self.assertTrue(self.login("nobody*boss", "master").startswith("-ERR [AUTH]"))
        for authzid, name, password, good in (("alice", "boss", "master", True),
                                              ("boss", "alice", "secret", False),
                                              ("alice", "alice", "secret", True)):
            c = self.p.connect()
            reply = c.ask("AUTH PLAIN " + b64(f"{authzid}\0{name}\0{password}".encode()))
            self.assertEqual(reply.startswith("+OK"), good, (authzid, name))
            c.close()


if __name__ == "__main__":
    main()
