"""Processes die; the others survive, the log says so, logins work, no mail is lost."""

import os
import pathlib
import signal
import subprocess
import unittest

from harness import BUILD, IS_ROOT, PATIENCE, Client, Log, Poplar, alive, free_port, hold, main, wait_until

MAIL = {f"{i}.x": b"message %d\n" % i for i in range(1, 6)}


def is_walled_in(pid):
    with open(f"/proc/{pid}/status") as f:
        return "\nSeccomp:\t2\n" in f.read()


class Deaths(unittest.TestCase):
    def start(self, **kwargs):
        p = Poplar(**kwargs)
        p.__enter__()
        p.deaths_ok = True
        self.addCleanup(p.__exit__)
        for name, octets in MAIL.items():
            p.put(name, octets)
        return p

    def kill(self, p, role, sig=signal.SIGKILL):
        """Kill every process of the role; the others must be who they were."""
        before = p.pids()
        for pid in before[role]:
            os.kill(pid, sig)
        for pid in before[role]:
            p.log.wait(rf"event=child-died role={role} pid={pid} "
                       rf"cause=\"signal {int(sig)} ")
        for other, pids in before.items():
            if other != role:
                self.assertTrue(all(alive(pid) for pid in pids),
                                other)
        return before

    def check_works(self, p):
        c = p.login()
        self.assertEqual(c.listing("UIDL"), [f"{i} {n}" for i, n in enumerate(MAIL, 1)])
        for i, octets in enumerate(MAIL.values(), 1):
            self.assertEqual(c.multi(f"RETR {i}"), octets.replace(b"\n", b"\r\n") + b".\r\n")
        c.quit()
        self.assertEqual(p.names(), sorted("new/" + n for n in MAIL))

    def test_a_front(self):
        p = self.start()
        c, tls = p.login(), p.login("bob", tls=True)
        c.ok("DELE 1")
        self.kill(p, "poplar-front")
        self.assertEqual(c.rest(), b"")
        tls.close()
        self.check_works(p)
        p.login("bob", tls=True).quit()

    def test_auth(self):
        p = self.start()
        c = p.login()
        c.ok("DELE 5")
        self.kill(p, "poplar-auth")
        self.assertEqual(c.ask("STAT"), "+OK 4 44")
        self.assertEqual(c.multi("RETR 1"), b"message 1\r\n.\r\n")
        p.login("bob").quit()
        c.ok("RSET")
        c.quit()
        self.check_works(p)

    def test_auth_in_the_middle_of_a_login(self):
        """The one whose question was under way is told to try again; those behind are served."""
        p = self.start(settings={"auth-threads": "1", "fronts": "1"},
                       users={"alice": "secret", "bob": "hunter2"})
        auth = p.pids()["poplar-auth"][0]
        p.connect().close()  # so the front has been told what it may offer
        hold(auth)
        clients = [p.connect() for _ in range(5)]
        for c in clients:
            c.ok("USER bob")
            c.send(b"PASS hunter2\r\n")
        self.kill(p, "poplar-auth")
        for c in clients:
            self.assertRegex(c.line(), rb"^(-ERR \[SYS/TEMP\]|\+OK|-ERR \[IN-USE\]) ")
            c.close()
        self.check_works(p)

    def test_drop(self):
        p = self.start()
        c = p.login()
        c.ok("DELE 1")
        self.kill(p, "poplar-drop")
        self.assertEqual(c.rest(), b"")
        self.check_works(p)

    def test_drop_in_the_middle_of_a_commit(self):
        """Stopped before it can act, then killed: an error is answered, nothing is gone."""
        p = self.start()
        c = p.login()
        c.ok("DELE 1")
        drop = p.pids()["poplar-drop"][0]
        hold(drop)
        c.send(b"QUIT\r\n")
        self.kill(p, "poplar-drop")
        self.assertTrue(c.line().startswith(b"-ERR [SYS/TEMP] "))
        self.assertEqual(c.rest(), b"")
        self.check_works(p)

    def leave_in_the_middle_of_a_commit(self, tls):
        """The client goes when poplar-drop has its QUIT, but cannot act yet."""
        p = self.start(settings={"fronts": "1"})
        c = p.login(tls=tls)
        c.ok("DELE 1")
        drop = p.pids()["poplar-drop"][0]
        hold(drop)
        mark = p.log.mark()
        c.ok("NOOP\r\nQUIT")  # an answer to the first says that the second was read
        c.reset()
        with p.connect() as d:
            d.capa()  # the only front has heard of the reset
        return p, drop, mark

    def test_the_log_tells_what_a_commit_removed_when_the_client_had_gone(self):
        for tls in (False, True):
            p, drop, mark = self.leave_in_the_middle_of_a_commit(tls)
            os.kill(drop, signal.SIGCONT)
            line = p.log.wait("event=session ", start=mark)
            self.assertRegex(line, "messages=5 .* deleted=1 .* left=4 .* end=hangup")
            self.assertNotIn("new/1.x", p.names())

    def test_drop_in_the_middle_of_a_commit_when_the_client_had_gone(self):
        p, _, mark = self.leave_in_the_middle_of_a_commit(False)
        self.kill(p, "poplar-drop")
        line = p.log.wait("event=session ", start=mark)
        self.assertRegex(line, "deleted=0 .* left=5 .* end=hangup")
        self.check_works(p)

    def test_drop_in_the_middle_of_a_login(self):
        p = self.start()
        drop = p.pids()["poplar-drop"][0]
        hold(drop)
        c = p.connect()
        c.ok("USER alice")
        c.send(b"PASS secret\r\n")
        d = p.connect()  # the same front or the other: it must not be held up
        d.capa()
        self.kill(p, "poplar-drop")
        answer = c.line()
        if not answer.startswith(b"+OK"):  # it was not asked before the next one was there
            self.assertTrue(answer.startswith(b"-ERR [SYS/TEMP] "))
            c.login("alice", "secret")
        c.quit()
        self.check_works(p)

    def test_everyone_at_once(self):
        p = self.start()
        for role in ("poplar-drop", "poplar-auth", "poplar-front"):
            for pid in p.pids()[role]:
                os.kill(pid, signal.SIGKILL)
        p.log.wait("event=child-died", count=4)
        self.check_works(p)

    def test_one_that_dies_again_and_again_waits_longer(self):
        p = self.start()
        for n in range(1, 5):
            mark = p.log.mark()
            pid = p.pids()["poplar-auth"][0]
            os.kill(pid, signal.SIGKILL)
            line = p.log.wait("event=child-died role=poplar-auth", start=mark)
            wait_until(lambda: p.pids().get("poplar-auth", [pid]) != [pid])
            self.assertIn("restart-in=0.000" if n == 1 else "restart-in=0.", line)
        self.assertIn("restart-in=0.400", line)
        self.check_works(p)

    def test_a_forbidden_system_call_is_told(self):
        p = self.start()
        p.sigsys_ok = True
        self.kill(p, "poplar-drop", signal.SIGSYS)
        self.assertIn("sandbox forbids", p.log.wait("event=child-died role=poplar-drop"))
        self.check_works(p)

    def test_poplard_itself(self):
        """Sessions go on, logins work; the next poplard ends what was left behind."""
        p = self.start()
        c = p.login()
        before = p.pids()
        p.process.kill()
        p.process.wait()
        for role in ("poplar-front", "poplar-auth", "poplar-drop"):
            p.log.wait(rf"event=parent-gone role={role}")
            self.assertTrue(all(alive(pid) for pid in before[role]))
        self.assertEqual(c.multi("RETR 1"), b"message 1\r\n.\r\n")
        c.quit()
        self.check_works(p)
        old = p.process
        log = p.log
        p.start()
        old.stderr.close()
        del log
        p.log.wait("event=orphan-ended", count=4)
        for role in ("poplar-front", "poplar-auth", "poplar-drop"):
            self.assertFalse(any(alive(pid) for pid in before[role]))
        self.check_works(p)


class Ends(unittest.TestCase):
    def test_sigterm_ends_everything(self):
        with Poplar() as p:
            idle, fresh = p.login(), p.connect()
            pids = [pid for pids in p.pids().values() for pid in pids]
            p.process.terminate()
            self.assertEqual(p.process.wait(PATIENCE), 0)
            self.assertEqual((idle.rest(), fresh.rest()), (b"", b""))
            self.assertFalse(any(alive(pid) for pid in pids))
            p.log.wait("event=stopped")
            self.assertEqual(p.log.find("event=child-killed"), [])

    def test_a_reply_under_way_may_end(self):
        with Poplar(settings={"grace": "60s"}) as p:  # more than this reader needs
            size = 40_000_000
            path = p.put("1.x", b"")
            os.truncate(path, size)
            c = p.login()
            c.ok("RETR 1")
            p.process.terminate()
            p.log.wait("event=stopping")
            self.assertEqual(len(c.lines()), size + 2 + 3)
            self.assertEqual(c.rest(), b"")
            self.assertEqual(p.process.wait(PATIENCE), 0)

    def test_the_grace_time_is_an_end(self):
        with Poplar(settings={"grace": "1s"}) as p:
            path = p.put("1.x", b"")
            os.truncate(path, 400_000_000)
            c = p.login()
            c.send(b"RETR 1\r\n")
            c.line()
            p.process.terminate()
            self.assertEqual(p.process.wait(PATIENCE), 0)
            self.assertFalse(c.rest().endswith(b"\r\n.\r\n"))

    def test_a_stuck_child_is_killed(self):
        with Poplar(settings={"grace": "1s"}) as p:
            p.deaths_ok = True
            hold(p.pids()["poplar-drop"][0])
            p.process.terminate()
            self.assertEqual(p.process.wait(PATIENCE), 0)
            p.log.wait("event=child-killed role=poplar-drop")


class Reloads(unittest.TestCase):
    def test_sessions_go_on_across_a_reload(self):
        with Poplar() as p:
            p.put("1.x", b"x\n")
            p.extra["greeting"] = '"Hello again"'
            p.write_config()
            c = p.login()
            old = p.pids()
            p.reload()
            with p.connect() as d:
                self.assertEqual(d.greeting, b"+OK Hello again")
                d.ok("USER alice")
                self.assertTrue(d.err("PASS secret").startswith("-ERR [IN-USE]"))
            self.assertEqual(c.multi("RETR 1"), b"x\r\n.\r\n")
            c.ok("DELE 1")
            c.quit()
            self.assertEqual(p.names(), [])
            for role in ("poplar-front", "poplar-auth", "poplar-drop"):
                wait_until(lambda: not any(alive(pid) for pid in old[role]))
            p.login().quit()
            self.assertEqual(p.log.find("event=child-died"), [])

    def test_a_broken_configuration_changes_nothing(self):
        with Poplar() as p:
            old = p.pids()
            good = p.config.read_text()
            p.config.write_text(good + "idle-timeout = 1s\n")
            line = p.reload("event=configuration")
            self.assertIn(f"poplar.conf:{good.count(chr(10)) + 1}: idle-timeout: expected", line)
            p.log.wait("event=reload-refused")
            self.assertEqual(p.pids(), old)
            p.login().quit()
            p.config.write_text(good)
            p.reload()
            p.login().quit()

    @unittest.skipUnless(IS_ROOT, "needs executables of its own to spoil one")
    def test_a_generation_that_does_not_start_takes_no_client(self):
        """poplar-lookup dies when everything else of the new generation is ready. Only who is
        ready as a whole may accept: here the front before is slow to."""
        class Apart(Poplar):
            def wrapper(self):
                return ["sh", "-c", 'cd "$0" && exec "$@"', self.dir]

        with Apart(unprivileged=True, settings={"fronts": "1"}) as p:
            p.deaths_ok = True
            old = p.pids()
            c = p.login()
            # A shell in its place, which runs the file that its one argument names.
            (p.dir / "bin" / "poplar-lookup").write_bytes(pathlib.Path("/bin/sh").read_bytes())
            (p.dir / "plain").write_text("kill -STOP $$\n")
            good = p.config.read_text()
            p.config.write_text(good + "database x { driver = system\nprocesses = 1 }\n")
            p.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "poplar-lookup" in p.pids())
            new = p.pids()
            wait_until(lambda: all(role == "poplard" or is_walled_in(pid) for role in old
                                   for pid in new[role]))
            hold(old["poplar-front"][0])
            with p.connect(greet=False) as d:
                start = p.log.mark()
                p.run("audit")  # meanwhile the new front could err
                os.kill(new["poplar-lookup"][0], signal.SIGKILL)
                p.log.wait("event=generation-failed generation=2", start=start)
                wait_until(lambda: p.pids() == old)
                os.kill(old["poplar-front"][0], signal.SIGCONT)
                self.assertEqual(d.line(), b"+OK Poplar ready")
                d.login("bob", "hunter2")
                d.quit()
            c.quit()
            # The next one that is good takes over, as soon as this one is cleared away.
            p.config.write_text(good)
            wait_until(lambda: "event=reloaded" in p.reload("event=reload(ed|-refused)"))
            p.login().quit()

    def test_a_certificate_that_cannot_be_used_changes_nothing(self):
        with Poplar() as p:
            old = p.pids()
            (p.dir / "tls" / "cert.pem").write_text("nonsense")
            lines = p.config.read_text().splitlines()
            number = next(i for i, line in enumerate(lines, 1) if line.startswith("tls-certificate"))
            p.reload("event=certificate-refused .*setting=tls-certificate "
                     f"line={number} .*read a PEM certificate")
            p.log.wait("event=reload-refused")
            self.assertEqual(p.pids(), old)
            p.login(tls=True).quit()
            p.make_certificate()
            p.reload()
            p.login(tls=True).quit()

    def test_ports_come_and_go(self):
        with Poplar() as p:
            was = p.port
            p.port = free_port()
            p.write_config()
            p.reload()
            p.login().quit()
            wait_until(lambda: is_refused(was))  # the fronts before end on their own


def is_refused(port):
    try:
        Client(port).close()
    except ConnectionRefusedError:
        return True
    except (ConnectionResetError, EOFError):
        pass  # it was in the queue of a socket that is closed now
    return False


class Starts(unittest.TestCase):
    def failed(self, p, *expected):
        done = subprocess.run([BUILD / "poplard", "-c", p.config], stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, text=True, timeout=PATIENCE)
        self.assertNotEqual(done.returncode, 0)
        for text in expected:
            self.assertIn(text, done.stderr)
        return done

    def test_what_is_wrong_at_the_start_is_told(self):
        with Poplar() as p:
            self.failed(p, "another poplard runs there")
            p.extra["run-dir"] = f'"{p.dir}/run2"'
            p.write_config()
            self.failed(p, "event=listen-failed", "Address already in use")
            p.stop()
            for key, value, expected in (
                    ("mail-root", '"/nowhere"', "open mail-root"),
                    ("users", '"/nowhere/users"', "open directory"),
                    ("tls-certificate", '"/nowhere/cert"', "event=certificate-refused"),
                    ("tls-key", '"/etc/passwd"', "read a PEM private key"),
                    ("bogus", "1", "no such option 'bogus'"),
                    ("listen", '{"1.2.3.4:1"}', "event=listen-failed")):
                p.extra = {key: value}
                p.write_config()
                self.failed(p, expected)
            p.extra = {"tls-key": f'"{p.dir}/tls/other.key"'}
            p.make_certificate("other")
            p.write_config()
            self.failed(p, "match private key and certificate")

    def test_without_root(self):
        """Started by anyone, as that user, with the same walls."""
        with Poplar(unprivileged=True) as p:
            p.put("1.x", b"x\n")
            c = p.login(tls=True)
            self.assertEqual(c.multi("RETR 1"), b"x\r\n.\r\n")
            c.ok("DELE 1")
            c.quit()
            self.assertEqual(p.names(), [])
            out = p.run("audit")
            self.assertEqual(out.returncode, 0, out.stdout)
            for pids in p.pids().values():
                for pid in pids:
                    with open(f"/proc/{pid}/status") as f:
                        self.assertIn(f"Uid:\t{p.mail_uid}\t", f.read())


if __name__ == "__main__":
    main()
