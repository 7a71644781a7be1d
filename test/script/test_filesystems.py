"""The store on file systems that number files in their own ways, each mounted for itself.

A folder may tell another number of a file than stat(2) does (overlayfs after a copy up), or
give numbers at every look-up (most of FUSE); many know no RENAME_NOREPLACE. What cannot be
mounted here is skipped.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import BUILD, IS_ROOT, Poplar, main, on_wire, unstuff

SCENARIO = BUILD.parent / "test" / "scenario"
SFTP = "/usr/lib/openssh/sftp-server"

# In a mount namespace of its own: $M is where the file system goes, $T a folder for all else.
# mount_it may be called again after a umount; what it needs once stands before it.
EXT = """
dd if=/dev/zero of=$T/image bs=1M count=8 2>/dev/null
mkfs.%s -q -F $T/image >/dev/null
"""
OVERLAY = """
mkdir $T/low $T/up
%s
mkdir $T/up/u $T/up/w
fill $T/low
mount_it() { mount -t overlay overlay -o lowerdir=$T/low,upperdir=$T/up/u,workdir=$T/up/w $M; }
"""
MOUNTS = {
    "tmpfs": "mount_it() { mountpoint -q $M || mount -t tmpfs tmpfs $M; }",
    "ext4": EXT % "ext4" + "mount_it() { mount -o loop $T/image $M; }",
    "ext2": EXT % "ext2" + "mount_it() { mount -o loop $T/image $M; }",
    "overlay": OVERLAY % "",
    "overlay over two file systems": OVERLAY % "mount -t tmpfs tmpfs $T/low; mount -t tmpfs tmpfs $T/up",
    "bindfs": "mkdir $T/below; mount_it() { bindfs -o allow_other $T/below $M; }",
    "mergerfs": "mkdir $T/below; mount_it() { mergerfs -o allow_other $T/below $M; }",
    "unionfs": "mkdir $T/below; mount_it() { unionfs -o allow_other $T/below=RW $M; }",
    "sshfs": """
mkdir $T/below
printf '#!/bin/sh\\nexec %s\\n' >$T/ssh
chmod 755 $T/ssh
mount_it() { sshfs -o ssh_command=$T/ssh none:$T/below $M; }
""" % SFTP,
    "fuse2fs": EXT % "ext4" + """
mount_it() {
    fuse2fs -f -o fakeroot $T/image $M >/dev/null 2>&1 & daemon=$!
    until mountpoint -q $M; do kill -0 $daemon; done
}
""",
}
PROLOGUE = """
set -eu
daemon=
fill() { $SCENARIO $1 maildir fill; }
"""
EPILOGUE = """
# A daemon may write to its disk behind the umount.
away() { umount $M && wait $daemon; }
again() { [ "$NAME" = tmpfs ] || { away && mount_it; }; }
try() { $SCENARIO $M maildir $1 | sed "s/^/$2 /"; }
mount_it 2>$T/trouble || { cat $T/trouble; exit 77; }
[ -d $M/u ] || fill $M
mail=$M/u/Maildir
mv $mail/new/1001.x $mail/cur/1001.x:2,S
printf 'a\\n' >$mail/new/2000.t
printf 'bc\\n' >$mail/cur/2000.t:2,S
try look first
ls $mail/new $mail/cur | grep -c ,I= | sed 's/^/renamed /'
try look second
again
try look remounted
try commit commit
try look after
again
try look last
ls $mail/new $mail/cur | sed 's/^/name /'
away
"""


@unittest.skipUnless(IS_ROOT and shutil.which("unshare"), "to mount takes root and unshare")
class Mounted(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="poplar-test-"))
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        (self.dir / "m").mkdir()

    def session_with(self, name):
        env = dict(os.environ, SCENARIO=str(SCENARIO), M=str(self.dir / "m"), T=str(self.dir), NAME=name)
        out = subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c",
                              PROLOGUE + MOUNTS[name] + EPILOGUE], env=env, capture_output=True, text=True, timeout=120)
        if out.returncode in (77, 127) or "not found" in out.stderr:
            self.skipTest(f"cannot be mounted here: {(out.stdout + out.stderr).strip()[-200:]}")
        self.assertEqual((out.returncode, out.stderr), (0, ""), out.stdout)
        steps = {}
        for line in out.stdout.splitlines():
            step, _, rest = line.partition(" ")
            steps.setdefault(step, []).append(rest)
        return steps

    def check(self, name):
        steps = self.session_with(name)
        mail = ["one 8 1000.x", "two 8 1001.x", "three 7 1002.x", "four 6 1003.x"]
        duplicates = steps["first"][4:]
        self.assertEqual(steps["first"], mail + duplicates)
        self.assertRegex(" ".join(sorted(duplicates)), r"^a 3 2000\.t,I=\w{16} bc 4 2000\.t,I=\w{16}$")
        self.assertEqual(steps["renamed"], ["2"])
        for step in ("second", "remounted"):
            self.assertEqual(steps[step], steps["first"], step)
        self.assertEqual(steps["commit"], steps["first"] + ["left 4"])
        left = [mail[1], mail[3], *duplicates]
        self.assertEqual(steps["after"], left)
        self.assertEqual(steps["last"], left)
        self.assertIn("1001.x:2,S", steps["name"])
        self.assertNotIn("1000.x", " ".join(steps["name"]))


class Fuse:
    """Alice's home is on a file system of FUSE."""

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        below = pathlib.Path(self.stack.enter_context(tempfile.TemporaryDirectory(prefix="poplar-test-")))
        self.p = self.stack.enter_context(Poplar(tls=False))
        self.home = self.p.maildir().parent
        self.p._give(below)
        os.chmod(below, 0o755)
        self.mount = [self.program, "-o", "allow_other,nonempty", below, self.home]
        if not shutil.which(self.program):
            self.skipTest(f"no {self.program}")
        out = subprocess.run(self.mount, capture_output=True, text=True)
        if out.returncode:
            self.skipTest(f"cannot be mounted here: {out.stderr.strip()[-200:]}")
        self.stack.callback(subprocess.run, ["umount", "-l", self.home], check=True)
        self.p.make_maildir("alice")

    def test_what_is_fetched_and_deleted_is_gone(self):
        mail = {f"{n}.x": b"Subject: %d\n\nx\n" % n for n in range(1, 6)}
        for name, octets in mail.items():
            self.p.put(name, octets)
        for left in (5, 4, 3):
            c = self.p.login()
            uids = [line.split()[1] for line in c.listing("UIDL")]
            self.assertEqual(len(uids), left)
            for i, uid in enumerate(uids, 1):
                self.assertEqual(unstuff(c.multi(f"RETR {i}")), on_wire(mail[uid]))
            c.ok("DELE 2")
            self.assertRegex(c.quit(), rf"^\+OK .* {left - 1} messages left")
            self.assertNotIn(f"new/{uids[1]}", self.p.names())
            subprocess.run(["umount", self.home], check=True)
            subprocess.run(self.mount, check=True)

    def test_a_name_that_came_in_the_session_goes_too(self):
        """The kernel tells for a second how many names the file had before."""
        self.p.put("1.x", b"Subject: 1\n\nx\n")
        box = self.p.maildir()
        c = self.p.login()
        unstuff(c.multi("RETR 1"))
        os.stat(box / "new" / "1.x")
        os.link(box / "new" / "1.x", box / "cur" / "1.x:2,S")
        c.ok("DELE 1")
        self.assertRegex(c.quit(), r"^\+OK")
        self.assertEqual(self.p.names(), [])

    def test_a_name_that_came_before_goes_too(self):
        self.p.put("1.x", b"Subject: 1\n\nx\n")
        box = self.p.maildir()
        os.stat(box / "new" / "1.x")
        os.link(box / "new" / "1.x", box / "cur" / "1.x:2,S")
        c = self.p.login()
        c.ok("DELE 1")
        self.assertRegex(c.quit(), r"^\+OK")
        self.assertEqual(self.p.names(), [])


@unittest.skipUnless(IS_ROOT, "to mount takes root")
class ServedWithoutNumbers(Fuse, unittest.TestCase):
    """Numbers are given at every look-up."""

    program = "mergerfs"


@unittest.skipUnless(IS_ROOT, "to mount takes root")
class ServedWithNumbers(Fuse, unittest.TestCase):
    """Files keep the numbers that they have below."""

    program = "bindfs"


def add_tests():
    for name in MOUNTS:
        def test(self, name=name):
            self.check(name)
        setattr(Mounted, "test_a_session_on_" + name.replace(" ", "_"), test)


add_tests()

if __name__ == "__main__":
    main()
