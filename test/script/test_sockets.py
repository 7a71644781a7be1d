"""Unix sockets of listen-lmtp: who may connect, and how they come and go with the server and its settings."""

import grp
import os
import pathlib
import signal
import socket
import stat
import tempfile
import unittest

from harness import IS_ROOT, PATIENCE, Poplar, main

MAILER, MAILERS = "games", "floppy"  # a user and a group of any Debian, who own nothing of Poplar's


class WithSocket(Poplar):
    """A server with a socket in a folder of its own, which another user may own."""

    def __init__(self, **settings):
        super().__init__(tls=False, settings=settings)

    def prepare(self):
        self.folder = self.dir / "lmtp"
        self.folder.mkdir(mode=0o755)
        self.socket = self.folder / "socket"
        self.extra = {"listen-lmtp": f'{{"{self.socket}"}}', **self.extra}

    def look(self):
        return self.socket.lstat()

    def connects(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(PATIENCE)
            s.connect(os.fspath(self.socket))
            return s.recv(4) == b"220 "


class Sockets(unittest.TestCase):
    def test_a_reload_keeps_the_socket_and_sets_its_mode(self):
        with WithSocket() as p:
            first = p.look()
            self.assertTrue(stat.S_ISSOCK(first.st_mode))
            self.assertEqual(stat.S_IMODE(first.st_mode), 0o660)
            self.assertTrue(p.connects())
            p.extra["lmtp-socket-mode"] = "0600"
            p.write_config()
            p.reload()
            self.assertEqual((p.look().st_ino, stat.S_IMODE(p.look().st_mode)), (first.st_ino, 0o600))
            self.assertTrue(p.connects())
            self.assertEqual(p.run("check").returncode, 0)

    def test_it_goes_with_the_setting_and_at_the_end(self):
        with WithSocket() as p:
            with_it = p.extra["listen-lmtp"]
            for value, there in (("{}", False), (with_it, True)):
                p.extra["listen-lmtp"] = value
                p.write_config()
                p.reload_all()
                self.assertEqual(p.socket.exists(), there)
                self.assertEqual("poplar-lmtp" in p.pids(), there)
            self.assertTrue(p.connects())
            p.stop()
            self.assertFalse(p.socket.exists())

    def test_the_socket_of_a_killed_server_is_replaced(self):
        with WithSocket() as p:
            p.deaths_ok = True
            p.process.send_signal(signal.SIGKILL)
            p.process.wait(PATIENCE)
            self.assertTrue(p.socket.exists())
            p.log.thread.join(PATIENCE)
            p.process.stderr.close()
            p.start()
            self.assertTrue(p.connects())

    def test_what_is_in_the_way_stays_and_is_told(self):
        with WithSocket() as p, tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder) / "other"
            file = pathlib.Path(folder) / "file"
            file.write_text("mine")
            with socket.socket(socket.AF_UNIX) as living:
                living.bind(os.fspath(other))
                living.listen()
                for path, hint, said in ((other, "another program listens there", "Address already in use"),
                                         (file, "a file that is no socket has this name", "File exists"),
                                         ("/nonexistent/lmtp", "make its folder", "No such file or directory")):
                    with self.subTest(path=path):
                        p.extra["listen-lmtp"] = f'{{"{p.socket}", "{path}"}}'
                        p.write_config()
                        mark = p.log.mark()
                        p.reload(pattern="event=reload-refused")
                        self.assertTrue(p.log.find(f'event=listen-failed.*hint="{hint}"', mark))
                        out = p.run("check")
                        self.assertEqual(out.returncode, 78)
                        self.assertIn(f"listen-lmtp: cannot listen on {path}: {said}", out.stdout + out.stderr)
                        self.assertTrue(p.connects())
            self.assertEqual(file.read_text(), "mine")

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_it_has_its_owner_and_group_in_a_folder_of_another_user(self):
        class InAnothersFolder(WithSocket):
            def prepare(self):
                super().prepare()
                os.chown(self.folder, self._uid(MAILER), 0)
                self.folder.chmod(0o700)

        with InAnothersFolder(**{"lmtp-socket-owner": MAILER, "lmtp-socket-group": MAILERS,
                                 "lmtp-socket-mode": "0620"}) as p:
            st = p.look()
            self.assertEqual((st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode)),
                             (p._uid(MAILER), grp.getgrnam(MAILERS).gr_gid, 0o620))
            self.assertTrue(p.connects())
            out = p.run("audit")
            self.assertEqual(out.returncode, 0, out.stdout)
            self.assertIn("poplar-lmtp, pid", out.stdout)
            p.stop()
            self.assertFalse(p.socket.exists())


if __name__ == "__main__":
    main()
