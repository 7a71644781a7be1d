"""poplar import and poplar export, with files that other POP3 servers wrote and what they answered to UIDL."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

from harness import BUILD, PATIENCE, ServerCase, main

FOREIGN = pathlib.Path(__file__).resolve().parents[1] / "foreign"
MAILDIRS = [("dovecot", "dovecot/v1"), ("dovecot", "dovecot/v3-fields"), ("dovecot", "dovecot/v3-own"),
            ("dovecot", "dovecot/saved-uidl"), ("courier", "courier/v2-mixed"), ("courier", "courier/v3-own"),
            ("qmail", "qmail/maildir"), ("solid-pop3d", "solid-pop3d/maildir"), ("tpop3d", "solid-pop3d/maildir"),
            ("mailfront", "mailfront/maildir")]
MBOXES = [("dovecot", "dovecot/mbox-own"), ("dovecot", "dovecot/mbox-uids-not-rising"), ("uw", "dovecot/mbox-own"),
          ("mailutils", "mailutils/mbox"), ("popa3d", "popa3d/mbox"), ("solid-pop3d", "solid-pop3d/mbox")]
LISTS = "dovecot-uidlist", "courierpop3dsizelist"

# Unique-ids that nobody can keep: longer than RFC 1939 allows, or given to two messages.
LOST = {"qmail/maildir": {1}, "popa3d/mbox": {5}}


def message(number):
    return (f"From: a{number}@example.org\nTo: u@example.net\nSubject: message {number}\n"
            f"Date: Mon, 13 Nov 2023 22:13:2{number} +0000\nMessage-ID: <m{number}@example.org>\n\n"
            + "".join(f"line {k} of message {number}\n" for k in range(number + 1))).encode()


class ImportCase(ServerCase):
    def setUp(self):
        super().setUp()
        for user in self.p.users:
            shutil.rmtree(self.p.maildir(user))
            self.p.make_maildir(user)
        self.source = self.p.dir / "mail" / "source"
        shutil.rmtree(self.source, ignore_errors=True)

    def give_all(self, folder):
        self.p._give(folder)
        for path in folder.rglob("*"):
            self.p._give(path)

    def fill(self, folder, sample):
        """Make the Maildir of a sample; returns what the server showed."""
        for name in "", "new", "cur", "tmp":
            (folder / name).mkdir(exist_ok=True)
        for line in (FOREIGN / sample / "tree.txt").read_text().splitlines():
            time, octets, number, path = line.split(" ", 3)
            (folder / path).write_bytes(message(int(number)))
            self.assertEqual((folder / path).stat().st_size, int(octets))
            os.utime(folder / path, (int(time), int(time)))
        for name in LISTS:
            if (FOREIGN / sample / name).exists():
                shutil.copy(FOREIGN / sample / name, folder / name)
        self.give_all(folder)
        return self.shown(sample)

    @staticmethod
    def shown(sample):
        return (FOREIGN / sample / "uidl.txt").read_text().splitlines()

    def uidl(self, user="alice"):
        with self.p.login(user) as c:
            return c.listing("UIDL")

    def run_import(self, *args, ok=0):
        out = self.p.run("import", *args)
        self.assertEqual(out.returncode, ok, out.stdout + out.stderr)
        return out

    def report(self, *args, ok=0):
        return [json.loads(line) for line in self.run_import(*args, "--json", ok=ok).stdout.splitlines()]

    def check_shown(self, sample, got):
        wanted, lost = self.shown(sample), LOST.get(sample, set())
        self.assertEqual(len(got), len(wanted))
        self.assertEqual(len({line.split()[1] for line in got}), len(got))
        for number, (line, old) in enumerate(zip(got, wanted), 1):
            if number not in lost:
                self.assertEqual(line, old)

    def state(self, folder):
        """All that is in a folder, with times of modification."""
        return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
                for path in sorted(folder.rglob("*")) if "poplar" not in path.name}


class Maildirs(ImportCase):
    def test_in_place(self):
        for kind, sample in MAILDIRS:
            with self.subTest(kind=kind, sample=sample):
                self.setUp()
                self.fill(self.p.maildir(), sample)
                before = self.state(self.p.maildir())
                self.run_import(kind, "alice")
                self.assertEqual(self.state(self.p.maildir()), before)
                self.check_shown(sample, self.uidl())

    def test_copied(self):
        for kind, sample in MAILDIRS:
            with self.subTest(kind=kind, sample=sample):
                self.setUp()
                self.fill(self.source, sample)
                before = self.state(self.source)
                self.run_import(kind, "--from", str(self.source), "alice")
                self.assertEqual(self.state(self.source), before)
                self.check_shown(sample, self.uidl())
                copies = self.state(self.p.maildir())
                for path, (time, octets) in before.items():
                    if octets is not None and path not in LISTS:
                        self.assertEqual(copies[path], (time, octets))

    def test_again_nothing_changes(self):
        for kind, sample in MAILDIRS:
            with self.subTest(kind=kind, sample=sample):
                self.setUp()
                self.fill(self.source, sample)
                first = self.report(kind, "--from", str(self.source), "alice")[0]
                shown, before = self.uidl(), self.state(self.p.maildir())
                again = self.report(kind, "--from", str(self.source), "alice")[0]
                self.assertTrue(first["changed"])
                self.assertFalse(again["changed"])
                self.assertEqual(again["copied"], 0)
                for count in "messages", "pinned", "derived", "duplicates", "unusable", "without_id":
                    self.assertEqual(again[count], first[count], count)
                self.assertEqual(self.state(self.p.maildir()), before)
                self.assertEqual(self.uidl(), shown)

    def test_dry_run_changes_nothing(self):
        self.fill(self.source, "dovecot/v3-own")
        report = self.report("dovecot", "--dry-run", "--from", str(self.source), "alice")[0]
        self.assertEqual((report["messages"], report["pinned"], report["derived"], report["copied"]), (7, 5, 2, 7))
        self.assertTrue(report["changed"] and report["dry_run"])
        self.assertEqual(sorted(path.name for path in self.p.maildir().iterdir()), ["cur", "new", "tmp"])
        self.assertEqual(self.uidl(), [])

    def test_new_mail_of_the_old_server_is_copied_and_removed_mail_stays_away(self):
        self.fill(self.source, "dovecot/v3-fields")
        args = "dovecot", "--from", str(self.source), "alice"
        self.run_import(*args)
        with self.p.login() as c:
            c.ok("DELE 2")
            c.quit()
        late = self.source / "new" / "1700000006.M6P16.mx1.example.net"
        late.write_bytes(message(1))
        with open(self.source / "dovecot-uidlist", "a", encoding="ascii") as f:
            f.write(f"8 :{late.name}\n")
        self.give_all(self.source)
        report = self.report(*args)[0]
        self.assertEqual((report["copied"], report["removed"]), (1, 1))
        wanted = [line.split()[1] for line in self.shown("dovecot/v3-fields")]
        del wanted[1]
        self.assertEqual([line.split()[1] for line in self.uidl()], [*wanted, "000000086553f100"])

    def test_mail_that_came_after_an_import_in_place_keeps_its_unique_id(self):
        for kind, sample in ("dovecot", "dovecot/v3-own"), ("solid-pop3d", "solid-pop3d/maildir"):
            with self.subTest(kind=kind):
                self.setUp()
                self.fill(self.p.maildir(), sample)
                self.run_import(kind, "alice")
                self.p.put("1800000000.M1P1.here", message(3))
                shown = self.uidl()
                self.assertTrue(shown[-1].endswith(" 1800000000.M1P1.here"))
                self.assertFalse(self.report(kind, "alice")[0]["changed"])
                self.assertEqual(self.uidl(), shown)

    def test_two_files_of_one_base_name_are_both_copied(self):
        self.fill(self.source, "qmail/maildir")
        double = self.source / "new" / "1700000005.M500005P15.mx1.example.net"
        double.write_bytes(message(2))
        self.give_all(self.source)
        report = self.report("qmail", "--from", str(self.source), "alice")[0]
        self.assertEqual((report["messages"], report["copied"], report["duplicates"]), (8, 8, 1))
        with self.p.login() as c:
            self.assertEqual(len(c.listing("LIST")), 8)
        self.assertFalse(self.report("qmail", "--from", str(self.source), "alice")[0]["changed"])

    def test_equal_times_are_reported(self):
        self.fill(self.source, "qmail/maildir")
        for path in list((self.source / "cur").iterdir())[:2]:
            os.utime(path, (1700000000, 1700000000))
        self.assertEqual(self.report("qmail", "--from", str(self.source), "alice")[0]["ties"], 2)

    def test_a_format_of_dovecot(self):
        conf = self.p.dir / "doveconf"
        conf.write_text("# 2.3\npop3_uidl_format = %v.%u\n")
        for args in ("--format", "%v.%u"), ("--config", str(conf)):
            with self.subTest(args=args):
                self.setUp()
                self.fill(self.p.maildir(), "dovecot/v1")
                self.run_import("dovecot", *args, "alice")
                self.assertEqual(self.uidl(), [f"{i} 1700000000.{uid}" for i, uid in enumerate((1, 3, 5, 6, 7), 1)])

    def test_a_control_folder(self):
        control = self.p.dir / "control"
        for inside in "", ".INBOX":
            with self.subTest(inside=inside):
                self.setUp()
                self.fill(self.p.maildir(), "dovecot/v1")
                shutil.rmtree(control, ignore_errors=True)
                (control / "alice" / inside).mkdir(parents=True)
                (self.p.maildir() / "dovecot-uidlist").rename(control / "alice" / inside / "dovecot-uidlist")
                self.run_import("dovecot", "--control", f"{control}/%u", "alice")
                self.check_shown("dovecot/v1", self.uidl())

    def test_without_its_list_a_maildrop_is_not_imported(self):
        for kind, sample in ("dovecot", "dovecot/v1"), ("courier", "courier/v3-own"):
            with self.subTest(kind=kind):
                self.setUp()
                self.fill(self.p.maildir(), sample)
                for name in LISTS:
                    (self.p.maildir() / name).unlink(missing_ok=True)
                out = self.run_import(kind, "alice", ok=1)
                self.assertIn("No such file", out.stderr)
                self.assertFalse((self.p.maildir() / "poplar-uids").exists())

    def test_a_broken_line_is_reported_with_its_number(self):
        self.fill(self.p.maildir(), "dovecot/v1")
        path = self.p.maildir() / "dovecot-uidlist"
        lines = path.read_text().splitlines()
        lines[2] = "rubbish"
        path.write_text("\n".join(lines))
        out = self.run_import("dovecot", "alice")
        self.assertIn("dovecot-uidlist:3: ", out.stderr)
        wanted = [line.split()[1] for line in self.shown("dovecot/v1")]
        del wanted[1]
        self.assertEqual([line.split()[1] for line in self.uidl()], [*wanted, "000000096553f100"])

    def test_a_maildrop_in_use_is_left_alone(self):
        self.fill(self.p.maildir(), "dovecot/v1")
        with self.p.login() as c:
            self.assertIn("in use", self.run_import("dovecot", "alice", ok=1).stderr)
            c.quit()
        self.run_import("dovecot", "alice")


class Mboxes(ImportCase):
    def mbox(self, sample):
        path = self.p.dir / "mail" / "alice.mbox"
        shutil.copy(FOREIGN / sample / "mbox", path)
        self.p._give(path)
        return path

    def test_each_kind(self):
        for kind, sample in MBOXES:
            with self.subTest(kind=kind, sample=sample):
                self.setUp()
                path = self.mbox(sample)
                before = path.read_bytes()
                first = self.report(kind, "--from", f"{path.parent}/%u.mbox", "alice")[0]
                self.assertEqual(path.read_bytes(), before)
                self.assertEqual(first["copied"], len(self.shown(sample)))
                shown = self.uidl()
                self.check_shown(sample, shown)
                again = self.report(kind, "--from", str(path), "alice")[0]
                self.assertFalse(again["changed"])
                self.assertEqual(self.uidl(), shown)

    def test_a_message_whose_status_changes_is_not_copied_again(self):
        path = self.mbox("dovecot/mbox-own")
        self.run_import("dovecot", "--from", str(path), "alice")
        path.write_bytes(path.read_bytes().replace(b"Status: O\n", b"Status: RO\nX-Keywords: x\n"))
        self.assertFalse(self.report("dovecot", "--from", str(path), "alice")[0]["changed"])

    def test_fields_of_dovecot_are_left_out_and_read_mail_is_marked(self):
        path = self.mbox("dovecot/mbox-own")
        self.run_import("dovecot", "--from", str(path), "alice")
        with self.p.login() as c:
            self.assertEqual(c.listing("LIST"), ["1 174", "2 216", "3 237", "4 258"])
            self.assertNotIn(b"X-UID", c.multi("RETR 1"))
        self.assertEqual([name[:3] for name in self.p.names()], ["cur", "new", "new", "new"])

    def test_a_file_that_is_no_mbox(self):
        path = self.p.dir / "mail" / "alice.mbox"
        path.write_bytes(b"Subject: x\n\n")
        self.p._give(path)
        self.assertIn("From ", self.run_import("popa3d", "--from", str(path), "alice", ok=1).stderr)


class Users(ImportCase):
    def test_all_users_in_several_processes(self):
        for user in self.p.users:
            self.fill(self.p.dir / "mail" / user / "Maildir", "dovecot/v1")
        reports = self.report("dovecot", "--all", "--jobs", "3")
        self.assertEqual({r["user"]: r["pinned"] for r in reports}, {"alice": 5, "bob": 5})
        for user in self.p.users:
            self.check_shown("dovecot/v1", self.uidl(user))

    def test_one_bad_user_does_not_stop_the_others(self):
        self.fill(self.p.maildir("bob"), "dovecot/v1")
        self.p.put("1.x", message(1))
        reports = self.report("dovecot", "nobody", "alice", "bob", ok=1)
        self.assertEqual([(r["user"], r["fault"]) for r in reports], [("alice", "setup"), ("bob", None)])

    def test_wrong_arguments(self):
        for args in ((), ("dovecot",), ("nonsense", "alice"), ("dovecot", "--jobs", "0", "alice"),
                     ("dovecot", "--all", "alice"), ("dovecot", "--format", "%x", "alice"),
                     ("dovecot", "--from", "/var/mail/x", "--all"), ("export",)):
            with self.subTest(args=args):
                self.run_import(*args, ok=64)
        self.assertEqual(self.p.run("export", "qmail", "alice").returncode, 64)
        for command in "import", "export":
            self.assertIn("usage: ", self.p.run(command, "--help", check=True).stdout)

    def test_a_name_does_not_lead_elsewhere(self):
        self.assertEqual(self.p.run("import", "qmail", "--from", "/nowhere/%x", "alice").returncode, 64)
        self.assertIn("expand", self.run_import("qmail", "--from", "/%d/x", "alice", ok=1).stderr)


class Killed(ImportCase):
    """An import that is killed at any system call that changes something, and then repeated."""

    CALLS = "openat,openat2,write,rename,renameat,renameat2,fsync,fdatasync,syncfs,mkdirat,unlinkat,utimensat,pwrite64"

    @classmethod
    def setUpClass(cls):
        if not shutil.which("strace"):
            raise unittest.SkipTest("needs strace")
        super().setUpClass()

    def import_until(self, call, number):
        """Kill the import when it makes this call for the number-th time. False: it makes no so many."""
        return subprocess.run(
            ["strace", "-qq", "-f", "-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={number}",
             BUILD / "poplar", "-c", self.p.config, "import", "dovecot", "--from", self.source, "alice"],
            capture_output=True, timeout=PATIENCE, check=False).returncode != 0

    def test_killed_anywhere_and_repeated(self):
        self.fill(self.source, "dovecot/saved-uidl")
        source = self.state(self.source)
        for call in "renameat2", "fsync", "syncfs", "mkdirat", "utimensat", "write":
            for number in range(1, 40):
                shutil.rmtree(self.p.maildir())
                self.p.make_maildir("alice")
                if not self.import_until(call, number):
                    break
                with self.subTest(call=call, number=number):
                    wanted = self.shown("dovecot/saved-uidl")
                    seen = {line.split()[1] for line in self.uidl()}
                    self.assertLessEqual(seen, {line.split()[1] for line in wanted})
                    self.run_import("dovecot", "--from", str(self.source), "alice")
                    self.assertEqual(self.uidl(), wanted)
                    self.assertFalse((self.p.maildir() / "poplar-import").exists())
            self.assertGreater(number, 1, call)
        self.assertEqual(self.state(self.source), source)


class Export(ImportCase):
    def test_dovecot(self):
        self.fill(self.p.maildir(), "courier/v3-own")
        self.run_import("courier", "alice")
        shown = self.uidl()
        self.assertEqual(self.p.run("export", "dovecot", "alice").returncode, 0)
        self.fill_back("dovecot")
        self.assertEqual(self.uidl("bob"), shown)

    def test_courier(self):
        self.fill(self.p.maildir(), "courier/v2-mixed")
        self.run_import("courier", "alice")
        (self.p.maildir() / "courierpop3dsizelist").unlink()
        shown = self.uidl()
        self.assertEqual(self.p.run("export", "courier", "alice").returncode, 0)
        self.fill_back("courier")
        self.assertEqual(self.uidl("bob"), shown)

    def fill_back(self, kind):
        """Import what was exported to another user."""
        self.run_import(kind, "--from", str(self.p.maildir()), "bob")

    def test_what_courier_cannot_have_is_told(self):
        self.fill(self.p.maildir(), "dovecot/v1")
        self.run_import("dovecot", "alice")
        out = self.p.run("export", "courier", "alice")
        self.assertEqual(out.returncode, 1)
        self.assertIn("5 of which have unique-ids", out.stdout)
        self.assertIn("another place", out.stdout)

    def test_a_list_is_not_overwritten(self):
        self.fill(self.p.maildir(), "dovecot/v1")
        self.run_import("dovecot", "alice")
        path = self.p.maildir() / "dovecot-uidlist"
        before = path.read_bytes()
        self.assertEqual(self.p.run("export", "dovecot", "alice").returncode, 1)
        self.assertEqual(path.read_bytes(), before)
        self.assertEqual(self.p.run("export", "dovecot", "--replace", "alice").returncode, 0)
        self.assertNotEqual(path.read_bytes(), before)
        other = self.p.dir / "mail" / "lists"
        other.mkdir()
        self.p._give(other)
        self.assertEqual(self.p.run("export", "dovecot", "--to", str(other), "alice").returncode, 0)
        self.assertTrue((other / "dovecot-uidlist").exists())


if __name__ == "__main__":
    main()
