"""What an operator sees of mistakes: poplar check, poplard and poplar reload agree on them, and only
those that no start can live with keep the server from starting."""

import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import unittest

from harness import BUILD, IS_ROOT, PATIENCE, Log, Poplar, hold, main, no_system_log, open_files, wait_until

UNIT = pathlib.Path(__file__).resolve().parents[2] / "dist" / "poplar.service"


def start(p):
    """Another poplard with the same configuration: its exit status, and all that it said."""
    out = subprocess.run([BUILD / "poplard", "-c", p.config], capture_output=True, text=True,
                         timeout=PATIENCE)
    return out.returncode, out.stderr


def configure(p, **values):
    p.extra = p.standard | {k.replace("_", "-"): v for k, v in values.items()}
    p.write_config()


@contextlib.contextmanager
def stopped(**kwargs):
    """A folder with all that a server needs, and no server."""
    with Poplar(**kwargs) as p:
        p.stop()
        p.standard = dict(p.extra)
        yield p


class Starting(unittest.TestCase):
    def test_what_hurts_some_keeps_nobody_else_out(self):
        """A line that cannot be read, homes elsewhere, missing and linked, a missing board."""
        with stopped(sections='board news { maildir = "{dir}/mail/none" readers = {"*"} }\n',
                     settings={"xtnd": "yes"}) as p:
            with open(p.dir / "auth" / "users", "a") as f:
                f.write("broken\nlost:{PLAIN}x::::/elsewhere\nodd:{ROT13}x\ngone:{PLAIN}x\n"
                        "linked:{PLAIN}x\nslow:{PLAIN}x::::::login-delay=forever\n")
            (p.dir / "mail" / "linked").symlink_to("alice")
            out = p.run("check")
            self.assertEqual(out.returncode, 1, out.stderr)
            for said in ("users:3: no user name", "user lost: cannot find maildrop below mail-root",
                         "users:5: password scheme is not known", "user gone: cannot open Maildir gone/Maildir: No such file",
                         "user linked: cannot open", "users:8: login-delay", "board news: "):
                self.assertIn(said, out.stderr)
            self.assertNotIn("poplar: error", out.stderr)
            p.start()
            p.login().quit()
            for name in ("gone", "linked"):
                with p.connect() as c:
                    c.ok(f"USER {name}")
                    self.assertIn("[SYS/PERM]", c.err("PASS x"))
            self.assertEqual(p.run("reload").returncode, 0)

    @unittest.skipUnless(IS_ROOT, "needs root to be other users")
    def test_a_maildir_that_its_keeper_cannot_read_is_trouble(self):
        with stopped() as p:
            maildir = p.dir / "mail" / "alice" / "Maildir"
            self.assertEqual(p.run("check").returncode, 0)
            os.chown(maildir, 0, 0)
            maildir.chmod(0o700)
            out = p.run("check")
            self.assertEqual(out.returncode, 1, out.stderr)
            self.assertRegex(out.stderr, r"user alice: cannot open Maildir alice/Maildir: Permission denied")
            maildir.chmod(0o755)
            self.assertEqual(p.run("check").returncode, 0)

    def test_a_users_file_that_cannot_be_read_is_told_at_start(self):
        """... before anybody logs in, and the file counts once it is there."""
        with stopped() as p:
            users = p.dir / "auth" / "users"
            kept = users.rename(users.with_name("kept"))
            p.start()
            p.log.wait("event=users-missing")
            kept.rename(users)
            p.login().quit()

    def test_the_exit_status_tells_whether_a_restart_is_of_use(self):
        """... and the unit does not try where it is not."""
        unit = UNIT.read_text()
        never = set(map(int, re.search(r"^RestartPreventExitStatus=(.*)$", unit, re.M)[1].split()))
        self.assertRegex(unit, r"(?m)^Restart=on-failure$")
        self.assertRegex(unit, r"(?m)^RestartSec=[1-9]")
        self.assertRegex(unit, r"(?m)^StartLimitIntervalSec=0$")
        with stopped() as p, socket.create_server(("127.0.0.1", 0)) as other:
            cases = [({"max_errors": "many"}, 78), ({"tls_key": '"/nowhere"'}, 78),
                     ({"tls_ciphers": '"TYPO"'}, 78),
                     ({"listen": f'{{"127.0.0.1:{other.getsockname()[1]}"}}'}, 1),
                     ({"listen": '{"192.0.2.1:110"}'}, 1), ({"mail_root": '"/nowhere"'}, 1)]
            if IS_ROOT:
                cases += [({"front_user": "nosuchuser"}, 78), ({"mail_user": "root"}, 78)]
            for values, status in cases:
                configure(p, **values)
                self.assertEqual(start(p)[0], status, values)
                self.assertEqual(p.run("check").returncode, 78, values)
                self.assertEqual(status in never, status == 78)
            out = subprocess.run([BUILD / "poplard", "x"], capture_output=True)
            self.assertEqual(out.returncode, 64)
            self.assertIn(64, never)

    def test_several_mistakes_are_told_at_once(self):
        with stopped() as p:
            configure(p, mail_root='"/nowhere"', run_dir='"/no/where"', tls_key='"/nowhere/key"')
            out = p.run("check")
            self.assertEqual(out.returncode, 78)
            for said in ("mail-root: expected a folder", "run-dir: expected a folder",
                         "tls-key: cannot open /nowhere/key"):
                self.assertRegex(out.stderr, rf"error: {p.config}:\d+: {said}")
            self.assertIn(": 3 errors", out.stderr)


class Agreement(unittest.TestCase):
    """What poplar check says, poplard says too, in the same words."""

    def agree(self, p, weight, said):
        out = p.run("check")
        lines = [line for line in out.stderr.splitlines() if said in line]
        self.assertEqual(len(lines), 1, out.stderr)
        text = lines[0].partition(f"{weight}: ")[2] if weight else lines[0].partition(": ")[2]
        self.assertTrue(text, lines[0])
        if weight in ("trouble", "warning"):
            p.start()
            log = "\n".join(p.log.lines)
            p.stop()
            self.assertEqual(out.returncode, 1 if weight == "trouble" else 0, out.stderr)
        else:
            status, log = start(p)
            self.assertEqual((status, out.returncode), (78, 78))
        self.assertIn(text, re.sub(r"\\(.)", r"\1", log))

    def test_addresses(self):
        with stopped() as p:
            configure(p, listen=f'{{"127.0.0.1:{p.port}", "*:{p.port}"}}')
            self.agree(p, "", "expected an address and port of its own")
            configure(p, listen=f'{{"127.0.0.1:{p.tls_port}"}}')
            self.agree(p, "", "of listen takes already")

    def test_units_names_and_quotes(self):
        with stopped() as p:
            for values, said in (({"failure_delay": "5"}, "which has no unit"),
                                 ({"lisen": "{}"}, "did you mean listen?"),
                                 ({"greeting": '"x'}, "a quoted text is opened"),
                                 ({"maildir": '"${POPLAR_NO_SUCH}"'}, "no such variable"),
                                 ({"mechanisms": "{}"}, "nobody could log in")):
                configure(p, **values)
                self.agree(p, "", said)

    @unittest.skipUnless(IS_ROOT, "needs root to be other users")
    def test_users_of_the_system(self):
        with stopped() as p:
            for values, weight, said in (
                    ({"front_user": "mail"}, "warning", "front-user: expected a user of its own"),
                    ({"auth_user": "nosuchuser"}, "error", "auth-user: expected a user of this"),
                    ({"mail_user": "root"}, "error", "mail-user: expected a user other than root")):
                configure(p, **values)
                self.agree(p, weight, said)

    def test_files_that_others_may_write_or_read(self):
        with stopped() as p:
            (p.dir / "auth" / "users").chmod(0o666)
            self.agree(p, "warning", "users: expected a file for its owner alone to change")
            p.write_users()
            (p.dir / "tls" / "cert.key").chmod(0o644)
            self.agree(p, "warning", "tls-key: expected a private key for few to read")

    def test_a_users_file_that_is_a_link(self):
        """One that stays in its folder is read as logins do, one that leads out cannot be."""
        with stopped() as p:
            path = p.dir / "auth" / "users"
            path.rename(p.dir / "auth" / "real")
            path.symlink_to("real")
            self.assertEqual(p.run("check").returncode, 0)
            (p.dir / "auth" / "real").rename(p.dir / "real")
            path.unlink()
            path.symlink_to("../real")
            self.agree(p, "trouble", "a symbolic link that leads out of its folder")

    def test_homes_that_are_links_or_missing(self):
        """poplar-drop says it at the login."""
        with Poplar() as p:
            mail = p.dir / "mail"
            (mail / "alice").rename(mail / "real")
            (mail / "alice").symlink_to("real")
            (mail / "bob").rename(mail / "bobby")
            said = p.run("check").stderr
            for name in p.users:
                with p.connect() as c:
                    c.ok(f"USER {name}")
                    c.err(f"PASS {p.users[name]}")
                line = p.log.wait(f"event=open-failed user={name} ")
                doing, what, error = re.search(r'doing="(.*?)" what=(\S+) error="(.*?)"', line).groups()
                self.assertIn(f"trouble: user {name}: cannot {doing} {what}: {error}: expected", said)

    def test_a_log_that_nobody_listens_to(self):
        with no_system_log(), stopped() as p:
            configure(p, log="syslog")
            out = p.run("check")
            self.assertEqual(out.returncode, 0)
            self.assertIn("log: expected a system log at /dev/log, found none", out.stderr)
            p.process = subprocess.Popen([BUILD / "poplard", "-c", p.config], stderr=subprocess.PIPE)
            p.log = Log(p.process.stderr)
            p.log.wait(re.escape(out.stderr.partition("warning: ")[2].strip()))


class Reload(unittest.TestCase):
    def test_what_it_tells_is_what_came_of_it(self):
        with Poplar() as p:
            standard = dict(p.extra)

            def configure(**values):
                p.extra = standard | {k.replace("_", "-"): v for k, v in values.items()}
                p.write_config()

            configure(greeting='"the second"')
            out = p.run("reload")
            self.assertEqual((out.returncode, out.stderr), (0, ""))
            self.assertIn("reloaded", out.stdout)
            p.await_newest_fronts()
            with p.connect() as c:
                self.assertIn(b"the second", c.greeting)
            configure(greeting='"the third"', mail_root='"/nowhere"')
            out = p.run("reload")
            self.assertEqual(out.returncode, 1)
            self.assertIn("/nowhere", out.stderr)
            self.assertIn("not reloaded: the old configuration stays in force", out.stderr)
            configure(idle_timeout="1s")
            self.assertEqual(p.run("reload").returncode, 78)
            with p.connect() as c:
                self.assertIn(b"the second", c.greeting)
            # A warning is told, and keeps nothing from being taken in.
            (p.dir / "auth" / "users").chmod(0o666)
            configure()
            out = p.run("reload")
            self.assertEqual(out.returncode, 0)
            self.assertIn("for its owner alone to change", out.stderr)

    def test_many_at_once_are_done_one_after_the_other(self):
        """None is refused since another is under way, and each tells of its own configuration."""
        with Poplar() as p:
            runs = [subprocess.Popen([BUILD / "poplar", "-c", p.config, "reload"],
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                    for _ in range(8)]
            for run in runs:
                said = run.communicate(timeout=PATIENCE)[0]
                self.assertEqual(run.returncode, 0, said)
            self.assertEqual(p.log.find("event=reload-"), [])
            p.login().quit()

    def test_without_a_server_or_when_it_ends(self):
        with Poplar() as p:
            hold(p.pids()["poplard"][0])
            run = subprocess.Popen([BUILD / "poplar", "-c", p.config, "reload"],
                                   stderr=subprocess.PIPE, text=True)
            wait_until(lambda: "pidfd" in "".join(open_files(run.pid).values()))
            pids = [pid for role in p.pids().values() for pid in role]
            p.deaths_ok = True
            for pid in pids:
                os.kill(pid, signal.SIGKILL)
            self.assertIn("poplard has ended", run.communicate(timeout=PATIENCE)[1])
            self.assertEqual(run.returncode, 1)
            p.process.wait(PATIENCE)
            out = p.run("reload")
            self.assertEqual(out.returncode, 1)
            self.assertIn("does not run", out.stderr)


class LogFile(unittest.TestCase):
    """Standard error is a file, as with "poplard 2>/var/log/poplar.log"."""

    def start(self, p, mode="wb"):
        self.path = p.dir / "poplar.log"
        with open(self.path, mode) as f:
            p.process = subprocess.Popen([BUILD / "poplard", "-c", p.config], stderr=f)
        self.wait("event=ready")

    def wait(self, text, path=None):
        wait_until(lambda: (path or self.path).exists() and text in (path or self.path).read_text())

    def end(self, p):
        p.process.terminate()
        self.assertEqual(p.process.wait(PATIENCE), 0)
        p.process = None

    def test_it_is_rotated_by_rename_and_a_reload(self):
        with stopped() as p:
            self.start(p)
            old = p.dir / "poplar.log.1"
            session = p.login()
            self.path.rename(old)
            self.assertEqual(p.run("reload").returncode, 0)
            self.wait("event=reloaded")
            self.assertNotIn("event=reloaded", old.read_text())
            p.await_newest_fronts()
            self.assertEqual(self.path.stat().st_mode, old.stat().st_mode)
            p.login("bob").quit()
            self.wait("event=session user=bob")
            session.quit()  # of the old processes
            wait_until(lambda: "event=session user=alice" in old.read_text() + self.path.read_text())
            self.end(p)
            self.assertIn("event=stopped", self.path.read_text())

    def test_it_is_rotated_by_copy_and_truncation(self):
        with stopped() as p:
            self.start(p)
            os.truncate(self.path, 0)
            p.login().quit()
            self.wait("event=session")
            self.assertNotIn("\0", self.path.read_text())
            self.end(p)


class Stopping(unittest.TestCase):
    def test_a_child_that_is_killed_then_is_no_alarm(self):
        with Poplar(settings={"grace": "1s"}) as p:
            p.deaths_ok = True
            front = p.pids()["poplar-front"][0]
            hold(front)
            p.stop()
            self.assertRegex(p.log.find(f"event=child-died role=poplar-front pid={front}")[0],
                             r" notice event=child-died .*signal 9")
            self.assertEqual(p.log.find(" crit "), [])


if __name__ == "__main__":
    main()
