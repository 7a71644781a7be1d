"""What an installation puts where, and that systemd takes its files."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import BUILD, main

SOURCE = pathlib.Path(__file__).resolve().parents[2]

EXECUTABLES = ("sbin/poplard", "sbin/poplar", "libexec/poplar/poplar-front",
               "libexec/poplar/poplar-auth", "libexec/poplar/poplar-drop",
               "libexec/poplar/poplar-lookup", "libexec/poplar/poplar-lmtp")
PAGES = ("man8/poplard.8", "man8/poplar.8", "man8/poplar-front.8", "man8/poplar-auth.8",
         "man8/poplar-drop.8", "man8/poplar-lookup.8", "man8/poplar-lmtp.8",
         "man5/poplar.conf.5")


class Install(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="poplar-install-"))
        cls.install()
        cls.prefix = next(cls.root.rglob("sbin")).parent

    @classmethod
    def install(cls):
        subprocess.run(["meson", "install", "-C", BUILD.parent, "--no-rebuild", "--quiet"], check=True,
                       env={**os.environ, "DESTDIR": str(cls.root)}, stdout=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def test_everything_is_there(self):
        for name in EXECUTABLES:
            self.assertTrue(os.access(self.prefix / name, os.X_OK), name)
        for name in PAGES:
            self.assertTrue((self.prefix / "share" / "man" / name).exists(), name)
        self.assertTrue((self.root / "etc" / "poplar" / "poplar.conf").exists())
        for name in ("filter.d/poplar.conf", "jail.d/poplar.conf"):
            self.assertTrue((self.prefix / "share/doc/poplar/examples/fail2ban" / name).exists())

    def test_a_configuration_of_the_operator_stays(self):
        conf = self.root / "etc" / "poplar" / "poplar.conf"
        kept = conf.read_bytes()
        conf.write_bytes(b"# mine\n")
        self.install()
        self.assertEqual(conf.read_bytes(), b"# mine\n")
        conf.write_bytes(kept)

    def test_the_unit_names_what_is_installed(self):
        folder = self.prefix / "lib" / "systemd" / "system"
        unit = "".join((folder / name).read_text() for name in ("poplar.service", "poplar-expire.service"))
        self.assertTrue((folder / "poplar-expire.timer").exists())
        commands = re.findall(r"^Exec\w+=(\S+)", unit, re.M)
        self.assertIn(str(self.prefix / "sbin" / "poplard").removeprefix(str(self.root)), commands)
        for command in commands:
            self.assertTrue(os.access(self.root / command.lstrip("/"), os.X_OK), command)

    @unittest.skipUnless(shutil.which("systemd-sysusers") and os.geteuid() == 0,
                         "needs systemd-sysusers, as root")
    def test_systemd_makes_the_users_and_the_folders(self):
        (self.root / "etc").mkdir(exist_ok=True)
        for tool, words, folder in (("systemd-sysusers", [], "sysusers.d"),
                                    ("systemd-tmpfiles", ["--create"], "tmpfiles.d")):
            out = subprocess.run([tool, f"--root={self.root}", *words,
                                  self.prefix / "lib" / folder / "poplar.conf"],
                                 capture_output=True, text=True)
            self.assertEqual(out.returncode, 0, out.stderr)
        users = dict(line.split(":")[0:3:2] for line in
                     (self.root / "etc" / "passwd").read_text().splitlines())
        for name in ("poplar-front", "poplar-auth", "poplar-mail"):
            self.assertIn(name, users)
        auth = (self.root / "etc" / "poplar" / "auth").stat()
        self.assertEqual((auth.st_mode & 0o7777, auth.st_uid), (0o750, 0))
        self.assertTrue((self.root / "var" / "mail" / "poplar").is_dir())

    def test_make_keeps_the_configuration_in_etc_whatever_the_prefix(self):
        folder = self.root / "folder"
        for prefix in ("/usr/local", "/usr/local", "/opt/mail", "/usr"):
            subprocess.run(["make", "-s", "-C", SOURCE, "configure-install", f"prefix={prefix}",
                            f"install_folder={folder}"], check=True, stdout=subprocess.DEVNULL)
            options = json.loads((folder / "meson-info" / "intro-buildoptions.json").read_text())
            values = {option["name"]: option["value"] for option in options}
            self.assertEqual((values["prefix"], values["sysconfdir"]), (prefix, "/etc"))


if __name__ == "__main__":
    main()
