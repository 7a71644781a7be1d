"""poplar, the operator's tool, and the arguments of every executable."""

import os
import pathlib
import pty
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import termios
import unittest

from authority import Authority
from harness import BUILD, IS_ROOT, PATIENCE, Log, Poplar, free_port, main, system_log, wait_until


class Arguments(unittest.TestCase):
    def test_every_executable_tells_help_and_version(self):
        for name in ("poplar", "poplard", "poplar-front", "poplar-auth", "poplar-drop",
                     "poplar-lookup", "poplar-lmtp"):
            for option in ("--help", "--version"):
                out = subprocess.run([BUILD / name, option], capture_output=True, text=True)
                self.assertEqual((out.returncode, out.stderr), (0, ""), name)
                self.assertIn(name, out.stdout)
        out = subprocess.run([BUILD / "poplar", "--help"], capture_output=True, text=True)
        for word in ("check", "config", "user", "index", "audit"):
            self.assertIn(word, out.stdout)

    def test_poplard_has_no_commands(self):
        """So its options count wherever they stand; anything else is wrong."""
        for args, status in ((["x", "--help"], 0), (["x", "--version"], 0), (["x"], 64),
                             (["x", "-c", "/nowhere"], 64), (["-c", "/nowhere", "x"], 64)):
            out = subprocess.run([BUILD / "poplard", *args], capture_output=True, text=True)
            self.assertEqual(out.returncode, status, args)

    def test_every_command_tells_its_help(self):
        """On standard output, with status 0, and without a configuration."""
        for args in (["check"], ["reload"], ["config"], ["user"], ["user", "add"], ["user", "passwd"],
                     ["user", "del"], ["user", "list"], ["user", "test"], ["expire"], ["index"],
                     ["index", "show"], ["audit"]):
            out = subprocess.run([BUILD / "poplar", "-c", "/nowhere", *args, "--help"],
                                 capture_output=True, text=True)
            self.assertEqual((out.returncode, out.stderr), (0, ""), args)
            self.assertRegex(out.stdout, f"^usage: poplar .*{args[0]}")

    def test_wrong_arguments(self):
        for args in ([], ["bogus"], ["--bogus"], ["user"], ["user", "add"], ["user", "bogus", "x"],
                     ["check", "x"], ["config", "x"], ["audit", "x"], ["user", "list", "x"],
                     ["user", "test"], ["index"], ["index", "show"], ["index", "bogus", "x"],
                     ["index", "show", "x", "y"]):
            out = subprocess.run([BUILD / "poplar", *args], capture_output=True, text=True)
            self.assertEqual(out.returncode, 64, args)
            self.assertIn("usage", out.stderr)
        for name in ("poplar-front", "poplar-auth", "poplar-drop", "poplar-lookup", "poplar-lmtp"):
            out = subprocess.run([BUILD / name], capture_output=True, text=True)
            self.assertEqual(out.returncode, 64)
            self.assertIn("poplard", out.stderr)

    def test_a_configuration_that_is_not_there(self):
        for args in (["check"], ["config"], ["audit"], ["user", "list"], ["index", "show", "x"]):
            out = subprocess.run([BUILD / "poplar", "-c", "/nowhere", *args],
                                 capture_output=True, text=True)
            self.assertEqual(out.returncode, 78)
            self.assertIn("/nowhere: No such file", out.stderr)


class Config(unittest.TestCase):
    def test_what_is_printed_is_what_is_in_force(self):
        with Poplar(settings={"idle-timeout": "20m", "greeting": '"a \\"b\\" c"'}) as p:
            out = p.run("config", check=True).stdout
            self.assertIn("idle-timeout = 20m\n", out)
            self.assertIn("max-errors = 20\n", out)
            self.assertIn('greeting = "a \\"b\\" c"\n', out)
            self.assertIn(f'listen = {{"127.0.0.1:{p.port}"}}\n', out)
            # ... and can be read as a configuration itself.
            p.config.write_text(out)
            self.assertEqual(p.run("config", check=True).stdout, out)
            self.assertEqual(p.run("check").returncode, 0)

    def test_what_is_printed_reads_back_as_it_is(self):
        with Poplar(settings={"greeting": "'single ${HOME} \"quoted\" $x'"},
                    sections="database '${HOME} \"a\"' { path = '' }\n") as p:
            out = p.run("config", check=True).stdout
            self.assertIn('greeting = "single \\${HOME} \\"quoted\\" \\$x"\n', out)
            self.assertIn('database "\\${HOME} \\"a\\"" {\n', out)
            p.config.write_text(out)
            self.assertEqual(p.run("config", check=True).stdout, out)
            with p.connect() as c:
                self.assertIn(b'single ${HOME} "quoted" $x', c.greeting)


class Check(unittest.TestCase):
    """Status 78: poplard would not start by it; 1: some users would not be served."""

    def expect(self, p, *texts, status=78):
        out = p.run("check")
        self.assertEqual(out.returncode, status, out.stdout + out.stderr)
        for text in texts:
            self.assertIn(text, out.stderr)

    def test_all_is_well_while_it_runs(self):
        with Poplar() as p:
            out = p.run("check")
            self.assertEqual((out.returncode, out.stderr), (0, ""))
            self.assertIn("all is well", out.stdout)

    def test_ports_of_others_while_it_runs(self):
        """check says of a port what a reload would meet."""
        with Poplar() as p, socket.create_server(("127.0.0.1", 0)) as other:
            theirs = other.getsockname()[1]
            spare = free_port()

            def settings(listen, listen_tls):
                p.extra = {"listen": f'{{"127.0.0.1:{listen}"}}',
                           "listen-tls": f'{{"127.0.0.1:{listen_tls}"}}'}
                p.write_config()

            for listen, listen_tls in ((theirs, p.tls_port), (p.port, theirs),
                                       (p.tls_port, p.port)):  # ours, but the other way round
                settings(listen, listen_tls)
                self.expect(p, "Address already in use")
                p.reload("event=listen-failed")
            # One that it has given up is no longer its own.
            settings(spare, p.tls_port)
            self.assertEqual(p.run("check").returncode, 0)
            p.reload()
            self.assertEqual(p.run("check").returncode, 0)
            with socket.create_server(("127.0.0.1", p.port)):
                settings(p.port, p.tls_port)
                self.expect(p, f"bind 127.0.0.1:{p.port}: Address already in use")

    def test_what_is_wrong(self):
        with Poplar() as p:
            good = dict(p.extra)

            def settings(**values):
                p.extra = good | {k.replace("_", "-"): v for k, v in values.items()}
                p.write_config()

            settings(tls_certificate='"/nowhere"')
            self.expect(p, "open /nowhere: No such file")
            p.make_certificate("other")
            settings(tls_key=f'"{p.dir}/tls/other.key"')
            self.expect(p, "match private key and certificate")
            subprocess.run(["openssl", "req", "-x509", "-new", "-key", p.dir / "tls" / "cert.key",
                            "-out", p.dir / "tls" / "soon.pem", "-days", "3", "-subj", "/CN=x"],
                           check=True, capture_output=True)
            settings(tls_certificate=f'"{p.dir}/tls/soon.pem"')
            out = p.run("check")
            self.assertEqual(out.returncode, 0)
            self.assertRegex(out.stderr, "expires in [23] days")
            settings(tls_certificate=f'"{p.dir}/tls/past.pem"')
            self.make_expired(p.dir / "tls")
            self.expect(p, "trouble: the certificate in", "has expired", status=1)
            settings(mail_root='"/nowhere"')
            self.expect(p, 'error: ', 'mail-root: expected a folder, found "/nowhere": No such file')
            settings(users='"/nowhere/users"')
            self.expect(p, "open directory /nowhere/")
            settings(users=f'"{p.dir}/tls/users"')
            self.expect(p, "may not lie below the folder of the users file", status=1)
            with open(p.dir / "auth" / "users", "a") as f:
                f.write("broken\nlost:{PLAIN}x::::/elsewhere\nodd:{ROT13}x\n")
            settings()
            self.expect(p, "users:3: no user name", "find maildrop below mail-root",
                        "password scheme is not known", status=1)
            p.write_users()
            p.stop()
            settings(listen='{"192.0.2.1:110"}')
            self.expect(p, "bind 192.0.2.1:110: Cannot assign")
            settings()
            with socket.create_server(("127.0.0.1", p.port)):
                self.expect(p, f"bind 127.0.0.1:{p.port}: Address already in use")

    def test_users_who_could_never_log_in(self):
        """... since nobody may keep their mail; those of mail-user's uid and gid can."""
        with Poplar() as p:
            uid, gid = p.mail_uid, pwd.getpwuid(p.mail_uid).pw_gid
            good = {"a": "", "b": f"{uid}:{gid}", "c": f"{uid}:"}
            bad = {"d": "1000:", "e": "0:0", "f": "499:1000", "g": "1000:0",
                   "h": "4294967295:4294967295"}
            if IS_ROOT:
                good["i"] = "500:4294967294"
            else:
                bad["i"] = "500:4294967294"
            p.users = {name: f"{name}:{{PLAIN}}x:{ids}" for name, ids in (good | bad).items()}
            p.write_users()
            for name in p.users:
                p.make_maildir(name)
            if IS_ROOT:
                for folder in (p.dir / "mail" / "i", p.dir / "mail" / "i" / "Maildir"):
                    os.chown(folder, 500, 4294967294)
            out = p.run("check")
            self.assertEqual(re.findall(r"user (\w): ", out.stderr), sorted(bad))
            self.assertIn("user d: a uid needs a gid beside it\n", out.stderr)
            self.assertIn(f" {len(bad)} troubles", out.stderr)
            # The server thinks the same.
            for name in "abcdefgh":
                with p.connect() as c:
                    c.ok(f"USER {name}")
                    self.assertEqual(c.ask("PASS x").startswith("+OK"), name in good, name)

    def test_users_whose_fields_or_folders_are_of_no_use(self):
        """Clamped bounds are warnings; a home that is no folder, or a link, is trouble."""
        users = {"ann": "ann:{PLAIN}x::::::login-delay=1h", "bea": "bea:{PLAIN}x::::::expire=7d",
                 "cat": "cat:{PLAIN}x::::::login-delay=10s expire=30"}
        with Poplar(users=users, settings={"login-delay-most": "30s", "expire": '"30"'}) as p:
            out = p.run("check")
            self.assertEqual(out.returncode, 0, out.stderr)
            self.assertIn("warning: user ann: login-delay is held to 30s by login-delay-most", out.stderr)
            self.assertIn("warning: user bea: expire is held to 30 by expire-least", out.stderr)
            self.assertNotIn("user cat", out.stderr)
            for name in users:  # durations with units lock nobody out
                with p.connect() as c:
                    c.login(name, "x")
            mail = p.dir / "mail"
            (mail / "ann").rename(mail / "real")
            (mail / "ann").symlink_to("real")
            (mail / "bea" / "Maildir").rename(mail / "bea" / "real")
            (mail / "bea" / "Maildir").symlink_to("real")
            (mail / "cat").rename(mail / "cats")
            self.expect(p, "user ann: cannot open Maildir", "user bea: cannot open Maildir",
                        "found a symbolic link on the way", "expected a home there, found no folder", ": 3 troubles", status=1)
            text = (p.dir / "auth" / "users").read_bytes()
            (p.dir / "auth" / "users").write_bytes(b"\xef\xbb\xbf" + text + b"j\xf6rg:{PLAIN}x\n")
            self.expect(p, "users:1: expected a name, found a byte order mark", "user j\\xf6rg: can never",
                        status=1)

    def test_what_is_wrong_with_certificate_and_key_is_told_of_their_own_file(self):
        with Poplar() as p, tempfile.TemporaryDirectory() as folder:
            ca = Authority(pathlib.Path(folder) / "ca")
            inner = Authority(pathlib.Path(folder) / "inner", "Inner", ca)
            cert, key = inner.issue("good")
            alone, locked = ca.folder / "alone.pem", ca.folder / "locked.key"
            alone.write_text(cert.read_text().replace(inner.chain(), ""))
            subprocess.run(["openssl", "pkey", "-in", key, "-aes128", "-passout", "pass:x", "-out", locked],
                           check=True, capture_output=True)
            standard = dict(p.extra)
            p.extra = standard | {"tls-certificate": f'"{cert}"', "tls-key": f'"{locked}"'}
            p.write_config()
            self.expect(p, f"tls-key: cannot read a PEM private key without passphrase {locked}: ")
            p.extra = standard | {"tls-certificate": f'"{alone}"', "tls-key": f'"{key}"'}
            p.write_config()
            self.expect(p, f"warning: the certificate in {alone} comes alone: the intermediate", status=0)
            p.run("reload", check=True)
            p.log.wait(f"event=certificate-chain-incomplete file={alone}")
            p.extra = standard | {"tls-certificate": f'"{cert}"', "tls-key": f'"{key}"'}
            p.write_config()
            self.assertEqual(p.run("check").stderr, "")

    def test_what_is_wrong_with_tls(self):
        with Poplar() as p, tempfile.TemporaryDirectory() as folder:
            ca = Authority(pathlib.Path(folder) / "ca")
            inner = Authority(pathlib.Path(folder) / "inner", "Inner", ca)
            good, soon = inner.issue("good"), inner.issue("soon", dates=("-days", "20"))
            later = inner.issue("later", dates=("-days", "23"))
            loose, staple = ca.folder / "loose.pem", ca.folder / "staple.der"
            loose.write_text(good[0].read_text().replace(inner.chain(), ca.cert.read_text()))
            standard = dict(p.extra)

            def settings(**values):
                p.extra = standard | {k.replace("_", "-"): f'"{v}"' if not str(v).startswith("{")
                                      else v for k, v in values.items()}
                p.write_config()

            for name, value, said in (
                    ("tls-ciphers", "ECDHE+AESGCM:TYPO", "understand tls-ciphers TYPO"),
                    ("tls-ciphersuites", "TLS_TYPO", "understand tls-ciphersuites TLS_TYPO"),
                    ("tls-groups", "X25519:TYPO", "understand tls-groups TYPO"),
                    ("tls-minimum", "1.1", "tls-minimum: expected 1.2 or 1.3"),
            ):
                settings(**{name: value})
                out = p.run("check")
                self.assertNotEqual(out.returncode, 0)
                self.assertIn(said, out.stderr)
            settings(tls_certificate=loose, tls_key=good[1])
            self.expect(p, "follow the chain", f"{loose}: certificate 2")
            # Of several, each is judged.
            settings(tls_certificate=f'{{"{soon[0]}", "{later[0]}", "{loose}", "/nowhere"}}',
                     tls_key=f'{{"{soon[1]}", "{later[1]}", "{good[1]}"}}')
            self.expect(p, "follow the chain", "open /nowhere", "2 errors")
            settings(tls_certificate=f'{{"{soon[0]}", "{later[0]}"}}',
                     tls_key=f'{{"{soon[1]}", "{later[1]}"}}')
            out = p.run("check")
            self.assertEqual(out.returncode, 0)
            self.assertRegex(out.stderr, f"warning: the certificate in {soon[0]} expires in "
                             "(19|20) days\n$")
            # Responses, clients.
            staple.write_bytes(inner.ocsp(good[0]))
            settings(tls_certificate=good[0], tls_key=good[1], tls_ocsp=staple)
            self.assertEqual(p.run("check").stderr, "")
            settings(tls_certificate=later[0], tls_key=later[1], tls_ocsp=staple)
            out = p.run("check")
            self.assertEqual(out.returncode, 0)
            self.assertIn("is not stapled: it is not about this certificate", out.stderr)
            settings(tls_client_verify="optional", tls_client_ca="/nowhere")
            self.expect(p, "open /nowhere")
            settings(tls_client_verify="optional", tls_client_ca=good[1])
            self.expect(p, "read the PEM certificates of tls-client-ca")
            settings(tls_client_verify="optional", tls_client_ca=ca.cert, tls_client_crl=ca.cert)
            self.expect(p, "read the PEM lists of tls-client-crl")

    def make_expired(self, folder):
        """A certificate of 2020 for the key that is there; only "openssl ca" takes dates."""
        (folder / "index").write_text("")
        (folder / "serial").write_text("01\n")
        (folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=c\n[c]\ndatabase=index\nserial=serial\nnew_certs_dir=.\n"
            "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        for command in ("req -new -key cert.key -subj /CN=x -out csr",
                        "ca -batch -selfsign -config ca.cnf -keyfile cert.key -in csr -notext "
                        "-startdate 20200101000000Z -enddate 20200102000000Z -out past.pem"):
            subprocess.run(["openssl", *command.split()], cwd=folder, check=True,
                           capture_output=True)

    @unittest.skipUnless(IS_ROOT, "needs root to be other users")
    def test_what_the_processes_may_not_read(self):
        with Poplar() as p:
            os.chmod(p.dir / "auth" / "users", 0o600)
            self.expect(p, "read, as auth-user,", "Permission denied", status=1)
            p.write_users()
            os.chown(p.dir / "mail", 0, 0)
            self.expect(p, "as mail-user, mail-root", status=1)
            p.extra["front-user"] = "root"
            p.write_config()
            self.expect(p, "no process of Poplar runs as root")
            p.extra["front-user"] = "nosuchuser"
            p.write_config()
            self.expect(p, 'front-user: expected a user of this system, found "nosuchuser"')


class Users(unittest.TestCase):
    def test_add_passwd_list_del(self):
        with Poplar() as p:
            for scheme in ("CRYPT", "ARGON2ID", "SHA512-CRYPT", "SHA256-CRYPT", "BLF-CRYPT",
                           "YESCRYPT", "PLAIN"):
                name = f"u-{scheme.lower()}@example.org"
                p.run("user", "add", "--scheme", scheme, name, input="first pass\n", check=True)
                self.assertTrue(p.maildir(name).is_dir())
                p.users[name] = "first pass"
                p.login(name).quit()
                p.run("user", "passwd", "--scheme", scheme, name, input="second\n", check=True)
                with p.connect() as c:
                    c.ok(f"USER {name}")
                    c.err("PASS first pass")
                    c.login(name, "second")
                self.assertIn(f"{name}\t", p.run("user", "list", check=True).stdout)
                p.run("user", "del", name, check=True)
                with p.connect() as c:
                    c.ok(f"USER {name}")
                    self.assertTrue(c.err("PASS second").startswith("-ERR [AUTH]"))
                self.assertTrue(p.maildir(name).is_dir())
            out = p.run("user", "list", check=True).stdout
            self.assertEqual([line.split("\t")[0] for line in out.splitlines()],
                             ["alice", "bob"])

    def test_the_rest_of_the_file_stays(self):
        with Poplar() as p:
            path = p.dir / "auth" / "users"
            text = "# kept\n\nalice:{PLAIN}secret:::g:::x=y\n# and this\nbob:{PLAIN}b"
            path.write_text(text)
            mode = path.stat()
            p.run("user", "add", "--scheme", "PLAIN", "carol", input="c\n", check=True)
            self.assertEqual(path.read_text(), text + "\ncarol:{PLAIN}c::::::\n")
            p.run("user", "passwd", "--scheme", "PLAIN", "alice", input="new\n", check=True)
            self.assertIn("alice:{PLAIN}new:::g:::x=y\n", path.read_text())
            p.run("user", "del", "carol", check=True)
            self.assertEqual(path.read_text(), text.replace("secret", "new") + "\n")
            now = path.stat()
            self.assertEqual((now.st_mode, now.st_uid, now.st_gid),
                             (mode.st_mode, mode.st_uid, mode.st_gid))
            self.assertEqual(sorted(os.listdir(p.dir / "auth")), ["users"])

    def test_what_is_refused_changes_nothing(self):
        with Poplar() as p:
            before = (p.dir / "auth" / "users").read_bytes()
            for args, said in ((["add", "alice"], "exists already"),
                               (["passwd", "nobody"], "no such user"),
                               (["del", "nobody"], "no such user"),
                               (["add", "a:b"], "a user name has"),
                               (["add", "a b"], "a user name has"),
                               (["add", "#a"], "a user name has"),
                               (["add", "--scheme", "ROT13", "x"], "no such scheme"),
                               (["add", "--home", "/elsewhere", "x"], "find maildrop below")):
                out = p.run("user", *args, input="pw\n")
                self.assertEqual(out.returncode, 1, args)
                self.assertIn(said, out.stderr)
            for uid, gid, status, said in (("1000", None, 64, "go together"),
                                           (None, "1000", 64, "go together"),
                                           ("0", "0", 1, "uid and gid"),
                                           ("1000", "0", 1, "uid and gid"),
                                           ("499", "1000", 1, "uid and gid"),
                                           ("1000", "4294967295", 1, "uid and gid"),
                                           ("4294967295", "4294967295", 1, "uid and gid")):
                args = [a for name, n in (("--uid", uid), ("--gid", gid)) if n for a in (name, n)]
                out = p.run("user", "add", *args, "x", input="pw\n")
                self.assertEqual(out.returncode, status, args)
                self.assertIn(said, out.stderr)
            for password in ("", "\n", "x" * 300 + "\n"):
                out = p.run("user", "add", "x", input=password)
                self.assertEqual(out.returncode, 1)
            self.assertEqual((p.dir / "auth" / "users").read_bytes(), before)
            self.assertFalse(p.maildir("x").exists())

    def test_what_can_be_set_can_be_used(self):
        """By PASS to the last octet that fits on its line, beyond that by AUTH PLAIN."""
        import base64
        with Poplar() as p:
            def set_password(password):
                return subprocess.run([BUILD / "poplar", "-c", p.config, "user", "passwd",
                                       "--scheme", "SHA256-CRYPT", "alice"],
                                      input=password + b"\n", capture_output=True)

            for password in (b"x", b" x", b"x ", b"  ", b"a b", b"\tx\t", b"\x01\x7f", b"a:b",
                             "ü".encode(), b"y" * 248):
                out = set_password(password)
                self.assertEqual((out.returncode, out.stderr), (0, b""), password)
                with p.connect() as c:
                    c.ok("USER alice")
                    c.ok(b"PASS " + password)
            for length in (249, 255):
                out = set_password(b"z" * length)
                self.assertEqual(out.returncode, 0)
                self.assertIn(b"more than the 248 that PASS takes", out.stderr)
                with p.connect() as c:
                    c.ok("USER alice")
                    c.err(b"PASS " + b"z" * length)
                    c.ok(b"AUTH PLAIN " + base64.b64encode(b"\0alice\0" + b"z" * length))
            before = (p.dir / "auth" / "users").read_bytes()
            for password, said in ((b"a\rb", b"CR, LF or NUL"), (b"a\0b", b"CR, LF or NUL"),
                                   (b"\r\r", b"CR, LF or NUL"), (b"w" * 256, b"1 to 255 octets"),
                                   (b"", b"1 to 255 octets"), (b"\xff\xfe", b"a password is UTF-8")):
                out = set_password(password)
                self.assertEqual(out.returncode, 1)
                self.assertIn(said, out.stderr)
            self.assertEqual((p.dir / "auth" / "users").read_bytes(), before)

    def test_whoever_can_be_added_can_log_in(self):
        """By the name as it was given, and by its prepared form (RFC 4013), which is kept."""
        import base64
        with Poplar() as p:
            for given, kept in ((b"erika", "erika"), ("j\u00f6rg".encode(), "j\u00f6rg"),
                                ("jo\u0308rgen".encode(), "j\u00f6rgen"), ("\ufb01nn".encode(), "finn"),
                                ("so\u00adft".encode(), "soft"), ("\uff41bc".encode(), "abc"),
                                ("\u05d0\u05d1".encode(), "\u05d0\u05d1"), (b"m\xfcller", None),
                                ("a\u00a0b".encode(), None), ("\u05d0a1".encode(), None)):
                out = subprocess.run([BUILD / "poplar", "-c", p.config, "user", "add", "--scheme", "PLAIN",
                                      given], input=b"secret\n", capture_output=True)
                self.assertEqual(out.returncode, 0 if kept else 1, (given, out))
                if not kept:
                    self.assertIn(b"a user name ", out.stderr)
                    continue
                self.assertEqual(kept.encode() in out.stdout, kept.encode() != given)
                for name in (given, kept.encode()):
                    with p.connect() as c:
                        c.ok(b"AUTH PLAIN " + base64.b64encode(b"\0" + name + b"\0secret"))
                out = p.run("user", "add", kept, input="secret\n")
                self.assertIn("exists already", out.stderr)
                for command, text in (("passwd", b"other\n"), ("del", b"")):
                    out = subprocess.run([BUILD / "poplar", "-c", p.config, "user", command, given],
                                         input=text, capture_output=True)
                    self.assertEqual(out.returncode, 0, (command, given, out))
            self.assertEqual(len(p.run("user", "list", check=True).stdout.splitlines()), 2)

    def test_a_new_user_has_the_domain_and_the_letters_of_logins(self):
        with Poplar(users={}, settings={"default-domain": "example.org", "fold-names": "yes",
                                        "master-separator": '"+"'}) as p:
            out = p.run("user", "add", "--scheme", "PLAIN", "Gina", input="pw\n", check=True)
            self.assertIn("gina@example.org", out.stdout)
            for name in ("gina", "GINA@example.org"):
                with p.connect() as c:
                    c.login(name, "pw")
            self.assertEqual(p.run("user", "add", "a+b", input="pw\n").returncode, 1)
            with open(p.dir / "auth" / "users", "a") as f:
                f.write("plain:{PLAIN}x\nBig@example.org:{PLAIN}x\na+b@example.org:{PLAIN}x\n")
            for name in ("plain", "Big@example.org"):
                (p.dir / "mail" / name).mkdir()
            (p.dir / "mail" / "a+b@example.org").mkdir()
            out = p.run("check")
            self.assertEqual(out.returncode, 1)
            for said in ("user plain: can never log in: a login with this name looks for "
                         "plain@example.org", "looks for big@example.org",
                         "user a+b@example.org: can never log in: expected a name without '+'"):
                self.assertIn(said, out.stderr)
            self.assertIn(": 3 troubles", out.stderr)

    def test_no_password_is_asked_for_where_there_is_nothing_to_do_with_it(self):
        with Poplar() as p:
            for command, name, said in (("add", "alice", b"exists already"),
                                        ("passwd", "nobody", b"no such user")):
                process, master, slave = self.on_a_terminal(
                    BUILD / "poplar", "-c", p.config, "user", command, name)
                os.close(slave)
                seen = b""
                try:
                    while more := os.read(master, 1000):
                        seen += more
                except OSError:
                    pass
                os.close(master)
                self.assertEqual(process.wait(20), 1)
                self.assertIn(said, seen)
                self.assertNotIn(b"assword", seen)

    def test_the_server_prepares_the_name_that_is_tested(self):
        """As for a login: the same letters, domain and master, with what is looked for."""
        users = {"alice@example.org": "secret", "ix@example.org": "pw",
                 "boss@example.org": "boss@example.org:{PLAIN}key::::::master=yes",
                 "late@example.org": "late@example.org:{PLAIN}pw::::::disabled=yes"}
        with Poplar(users=users, settings={"default-domain": "example.org", "fold-names": "yes",
                                           "master-separator": '"+"', "lock-wait": "60s"}) as p:
            def tested(name, password):
                out = p.run("user", "test", name, input=password + "\n")
                with p.connect() as c:
                    c.ok(f"USER {name}")
                    self.assertEqual(c.ask(f"PASS {password}").startswith("+OK"),
                                     out.returncode == 0)
                return out.stdout.splitlines()

            right, wrong = "database users: the password is right", "database users: the pass"
            for name in ("alice", "ALICE@Example.ORG"):
                lines = tested(name, "secret")
                self.assertEqual(lines[:2], ["looking for alice@example.org", right])
                self.assertIn("login as alice@example.org, maildrop", lines[2])
            self.assertEqual(tested("\u2168", "pw")[0], "looking for ix@example.org")
            self.assertEqual(tested("alice\ue000", "secret")[0], "no user can have this name")
            lines = tested("alice+boss", "key")
            self.assertEqual(lines[:3], ["looking for boss@example.org", right,
                                         "looking for alice@example.org"])
            self.assertIn("login as alice@example.org, maildrop", lines[-2])
            refused = "login refused: invalid user name or password: "
            for name, password, rule in (("boss+alice", "secret", "master"), ("late", "pw", "nologin")):
                lines = tested(name, password)
                self.assertEqual(lines[-1], refused + "by the rule " + rule)
            self.assertIn(wrong, tested("alice+boss", "secret")[1])

    @unittest.skipUnless(IS_ROOT, "needs root to be other users")
    def test_the_home_of_a_user_with_a_uid_of_its_own(self):
        """In a mail-root that the user can go through, not write to."""
        with Poplar() as p:
            mail = p.dir / "mail"
            mail.chmod(0o751)

            def add(name, home=None, uid=1234):
                args = ["--home", str(home)] if home else []
                return p.run("user", "add", "--scheme", "PLAIN", "--uid", str(uid), "--gid",
                             str(uid + 1), *args, name, input="pw\n", umask=0o077)

            def of(path):
                st = path.lstat()
                return st.st_uid, st.st_gid, st.st_mode & 0o7777

            self.assertEqual(add("kim").stderr, "")
            self.assertEqual(add("lea", mail / "example.org" / "lea", 1300).stderr, "")
            for path in (mail / "kim", mail / "kim" / "Maildir", mail / "kim" / "Maildir" / "new"):
                self.assertEqual(of(path), (1234, 1235, 0o700))
            self.assertEqual(of(mail / "example.org" / "lea"), (1300, 1301, 0o700))
            group = pwd.getpwuid(p.mail_uid).pw_gid
            self.assertEqual(of(mail / "example.org"), (p.mail_uid, group, 0o711))
            for name in ("kim", "lea"):
                p.login(name, "pw").quit()
            # Not through a link that mail-user may have put there, not where its owner
            # could not come to, not into what is another's.
            before = (p.dir / "auth" / "users").read_bytes()
            (mail / "out").symlink_to(p.dir / "tls")
            (mail / "closed").mkdir(mode=0o700)
            for home in ("out", "out/max", "closed/max", "alice"):
                out = add("max", mail / home)
                self.assertEqual(out.returncode, 1, home)
                self.assertIn("make Maildir", out.stderr)
            self.assertEqual((p.dir / "auth" / "users").read_bytes(), before)
            self.assertFalse((p.dir / "tls" / "max").exists())
            self.assertFalse((p.dir / "tls" / "Maildir").exists())

    def test_a_symbolic_link_is_not_edited(self):
        """Neither the link nor what it points to: root would write where somebody else says."""
        with Poplar() as p:
            path, real = p.dir / "auth" / "users", p.dir / "auth" / "users.real"
            path.rename(real)
            path.symlink_to("users.real")
            def facts():
                st = real.stat()
                return st.st_ino, st.st_mode, st.st_uid, st.st_gid, real.read_bytes()

            before = facts()
            for args in (["add", "carol"], ["passwd", "alice"], ["del", "alice"]):
                out = p.run("user", *args, input="pw\n")
                self.assertEqual(out.returncode, 1, args)
                self.assertIn(f"{path} is a symbolic link", out.stderr)
            self.assertTrue(path.is_symlink())
            self.assertEqual(facts(), before)
            self.assertFalse(p.maildir("carol").exists())
            # It may be read, as logins do.
            self.assertIn("alice\t", p.run("user", "list", check=True).stdout)
            p.login().quit()
            # One that leads nowhere is none to be made through, either.
            real.unlink()
            self.assertEqual(p.run("user", "add", "carol", input="pw\n").returncode, 1)
            self.assertFalse(real.exists())

    def test_a_new_file_is_made_for_poplar_auth_alone(self):
        with Poplar() as p:
            path = p.dir / "auth" / "users"
            path.unlink()
            p.run("user", "add", "dora", input="pw\n", check=True)
            self.assertEqual(path.stat().st_mode & 0o777, 0o640)
            p.users["dora"] = "pw"
            p.login("dora").quit()

    def test_many_at_once_lose_nothing(self):
        with Poplar() as p:
            procs = [subprocess.Popen([BUILD / "poplar", "-c", p.config, "user", "add", "--scheme",
                                       "PLAIN", f"u{i}"], stdin=subprocess.PIPE) for i in range(20)]
            for proc in procs:
                proc.communicate(b"pw\n")
                self.assertEqual(proc.returncode, 0)
            self.assertEqual(len(p.run("user", "list").stdout.splitlines()), 22)

    def test_the_password_is_typed_without_echo(self):
        with Poplar() as p:
            seen = self.type_passwords(p, ["hidden-one", "hidden-one"])
            self.assertNotIn(b"hidden", seen)
            self.assertIn(b"New password for erna", seen)
            p.users["erna"] = "hidden-one"
            p.login("erna").quit()
            seen = self.type_passwords(p, ["hidden-one", "hidden-two"], name="fred")
            self.assertIn(b"not the same", seen)
            self.assertNotIn("fred", p.run("user", "list").stdout)

    def on_a_terminal(self, *command):
        """Started there; the process, and both ends of the terminal."""
        master, slave = pty.openpty()

        def begin():
            os.login_tty(os.dup(slave))
            for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):  # may be ignored
                signal.signal(number, signal.SIG_DFL)

        process = subprocess.Popen(command, preexec_fn=begin)
        return process, master, slave

    def read_until(self, fd, text):
        seen = b""
        while text not in seen:
            self.assertTrue(select.select([fd], [], [], 20)[0], seen)
            seen += os.read(fd, 1000)
        return seen

    def echoes(self, fd):
        return bool(termios.tcgetattr(fd)[3] & termios.ECHO)

    def test_a_signal_at_the_prompt_leaves_the_terminal_as_it_was(self):
        with Poplar() as p:
            for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, "^C"):
                process, master, slave = self.on_a_terminal(
                    BUILD / "poplar", "-c", p.config, "user", "passwd", "alice")
                self.read_until(master, b"New password for alice: ")
                self.assertFalse(self.echoes(slave))
                os.write(master, b"half a pass\x03" if kind == "^C" else b"half a pass")
                if kind != "^C":
                    process.send_signal(kind)
                self.assertEqual(process.wait(PATIENCE), -(signal.SIGINT if kind == "^C" else kind))
                self.assertTrue(self.echoes(slave), kind)
                os.close(master)
                os.close(slave)
            p.login().quit()  # nothing has changed

    def test_stopped_at_the_prompt_it_asks_again_when_it_goes_on(self):
        with Poplar() as p:
            process, master, slave = self.on_a_terminal(
                "sh", "-mc", f"{BUILD}/poplar -c {p.config} user passwd alice; "
                "echo stopped; read go; fg; echo status $?")
            self.read_until(master, b"New password for alice: ")
            os.write(master, b"half a pass\x1a")
            self.read_until(master, b"stopped\r\n")
            self.assertTrue(self.echoes(slave))
            os.write(master, b"\n")
            seen = b""
            for prompt in (b"New password for alice: ", b"Once more, for alice: "):
                seen += self.read_until(master, prompt)
                self.assertFalse(self.echoes(slave))
                os.write(master, b"new-one\n")
            seen += self.read_until(master, b"status 0")
            self.assertNotIn(b"new-one", seen)
            process.wait(PATIENCE)
            os.close(master)
            os.close(slave)
            p.login("alice", "new-one").quit()

    def type_passwords(self, p, passwords, name="erna"):
        """On a terminal, each when it is asked for."""
        pid, fd = pty.fork()
        if pid == 0:
            os.execv(BUILD / "poplar", ["poplar", "-c", str(p.config), "user", "add", name])
        seen = b""
        for i, password in enumerate(passwords, 1):
            while seen.count(b": ") < i:
                self.assertTrue(select.select([fd], [], [], 20)[0])
                seen += os.read(fd, 1000)
            os.write(fd, password.encode() + b"\n")
        try:
            while more := os.read(fd, 1000):
                seen += more
        except OSError:
            pass
        os.close(fd)
        os.waitpid(pid, 0)
        return seen

    def test_no_password_shows_in_the_process_list(self):
        """There is no way to put one on a command line."""
        out = subprocess.run([BUILD / "poplar", "user", "add", "--password", "x", "y"],
                             capture_output=True, text=True)
        self.assertEqual(out.returncode, 64)


class Audit(unittest.TestCase):
    def test_a_server_at_work_is_what_the_table_says(self):
        with Poplar() as p:
            p.put("1.x", b"x" * 1_000_000)
            c = p.login()
            tls = p.login("bob", tls=True)
            c.send(b"RETR 1\r\n")
            c.line()
            out = p.run("audit")
            self.assertEqual(out.returncode, 0, out.stdout)
            for word in ("poplard, pid", "poplar-front, pid", "poplar-auth, pid",
                         "poplar-drop, pid", "seccomp       mode 2", "Landlock", "capabilities"):
                self.assertIn(word, out.stdout)
            if IS_ROOT:
                for kind in ("client socket", "file, read-only", "local socket", "listening socket"):
                    self.assertIn(kind, out.stdout)
            c.close()
            tls.close()

    def test_what_is_wrong_is_found(self):
        with Poplar() as p:
            state = p.dir / "run" / "state"
            good = state.read_text()

            def expect(text, said):
                state.write_text(text)
                out = p.run("audit")
                self.assertEqual(out.returncode, 1)
                self.assertIn(said, out.stdout)

            expect(re.sub(r"(?m)^poplar-auth .*\n", "", good), "a role is missing")
            expect(re.sub(r"(?m)^(poplar-drop \d+) \d+", r"\1 1", good), "is not running")
            expect(re.sub(r"(?m)^(poplar-auth \d+ \d+) \d+", r"\1 4242", good),
                   "uid or gid differs")
            expect(re.sub(r"(?m)^(poplar-front .*) \d+ front$", r"\1 0 front", good), "no Landlock")
            # A process that is no part of Poplar has none of the walls.
            me = os.getpid()
            with open(f"/proc/{me}/stat") as f:
                ticks = f.read().rsplit(")", 1)[1].split()[19]
            fake = re.sub(r"(?m)^poplar-drop \d+ \d+ \d+ \d+",
                          f"poplar-drop {me} {ticks} {os.getuid()} {os.getgid()}", good)
            expect(fake, "no seccomp filter")
            expect(fake, "may gain privileges")
            if IS_ROOT:
                expect(fake, "runs as root")
                expect(fake, "a capability that the table does not allow")
                expect(fake, "WRONG: ")
            state.write_text(good)
            self.assertEqual(p.run("audit").returncode, 0)

    def test_executables_that_were_replaced_on_disk_are_told(self):
        """By audit, and by a reload, which starts the old ones again."""
        with Poplar() as p:
            p.stop()
            folder = p.dir / "bin"
            shutil.copytree(BUILD, folder, ignore=lambda _, names: [
                n for n in names if not re.fullmatch("poplard?|poplar-[a-z]+", n)])
            p.process = subprocess.Popen([folder / "poplard", "-c", p.config], stderr=subprocess.PIPE)
            p.log = Log(p.process.stderr)
            p.log.wait("event=ready")
            self.assertNotIn("replaced", p.run("audit", check=True).stdout)
            for name in ("poplar-front", "poplard"):
                shutil.copy(BUILD / name, folder / "new")
                (folder / "new").rename(folder / name)
            fronts = len(p.pids()["poplar-front"])
            out = p.run("audit", check=True).stdout
            self.assertEqual(out.count("replaced on disk"), fronts + 1)
            out = p.run("reload", check=True)
            self.assertIn("event=executables-replaced", out.stderr)

    def test_a_server_of_another_build_is_not_judged(self):
        """Another version, another table of sandboxes, a version that did not say which it is."""
        with Poplar() as p:
            state = p.dir / "run" / "state"
            good = state.read_text()
            self.assertRegex(good, r"(?m)^build \S+ \d+$")
            for other in (r"build 0.0 \2", r"build \1 1", ""):
                with self.subTest(other=other):
                    state.write_text(re.sub(r"(?m)^build (\S+) (\d+)$", other, good))
                    out = p.run("audit")
                    self.assertEqual(out.returncode, 1)
                    self.assertIn("another build", out.stderr)
                    self.assertNotIn("WRONG", out.stdout)
            state.write_text(good)
            self.assertEqual(p.run("audit").returncode, 0)

    def test_without_a_server(self):
        with Poplar() as p:
            p.stop()
            (p.dir / "run" / "state").unlink()
            out = p.run("audit")
            self.assertEqual(out.returncode, 1)
            self.assertIn("does not run", out.stderr)


class Logs(unittest.TestCase):
    def test_priorities_below_the_level_are_not_written(self):
        with Poplar(settings={"log-level": "notice"}) as p:
            p.login().quit()
            p.stop()
            self.assertEqual(p.log.find("event=login|event=session"), [])

    def test_syslog(self):
        """The children's lines go through poplard to /dev/log."""
        with system_log() as log:
            p = Poplar(settings={"log": "syslog", "syslog-facility": "local3"})
            p.start = lambda: None
            with p:
                process = subprocess.Popen([BUILD / "poplard", "-c", p.config])
                log.wait(rf"poplar.*\[{process.pid}\].*event=ready")
                p.login().quit()
                line = log.wait("poplar.*event=session")
                process.terminate()
                self.assertEqual(process.wait(PATIENCE), 0)
                self.assertRegex(line, r"^<158>.*poplar.*poplar-front\[\d+\]: event=session")


if __name__ == "__main__":
    main()
