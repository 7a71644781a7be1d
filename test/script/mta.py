"""Mail transfer agents as Debian packages them, each in a root of its own.

Their packages exclude each other, and their paths and users are built in. So a test fetches the packages, and unpacks
them over a copy of the machine's root (an overlay whose changes are in memory) in name spaces of its own. Everything
that runs there ends with the test.
"""

import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import BUILD, IS_ROOT, PATIENCE, Log

TOP = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = BUILD.parent / "packages"
DIST = TOP / "dist"

# The first process there: it mounts, unpacks, says so, and waits for the end of its input.
SETUP = r"""
set -e
dir=$1; top=$2; shift 2
mount -t tmpfs -o mode=755 tmpfs "$dir/root"
cd "$dir/root"
mkdir upper work all
mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/root/upper,workdir=$dir/root/work" all
for deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x --keep-directory-symlink -C all; done
mount --rbind /dev all/dev
mount -t proc proc all/proc
for shared in "$dir" "$top"; do
	mkdir -p "all$shared"
	mount --rbind "$shared" "all$shared"
done
echo ready
exec chroot all cat
"""


def fetched(*names):
    """The files of these packages, and of those that they need and this machine lacks."""
    PACKAGES.mkdir(exist_ok=True)
    with open(PACKAGES / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for attempt in range(2):
            with tempfile.TemporaryDirectory() as empty:  # or what apt has in its cache is not named
                plan = _apt("-o", f"Dir::Cache::archives={empty}", "--print-uris", "--no-install-recommends", "install", *names)
            files = re.findall(r"^'\S+' (\S+\.deb) ", plan.stdout, re.M)
            missing = [f for f in files if not (PACKAGES / f).exists()]
            if plan.returncode == 0 and (not missing or _download(missing)):
                return [PACKAGES / f for f in files]
            if attempt == 0 and _apt("update").returncode:
                break
    raise unittest.SkipTest(f"the packages of {' '.join(names)} cannot be fetched")


def _apt(*args, **kwargs):
    return subprocess.run(["apt-get", "-qq", *args], capture_output=True, text=True, timeout=300, check=False,
                          env={**os.environ, "LC_ALL": "C"}, **kwargs)


def _download(files):
    """Fetch into a folder of their own first, so that an interrupted download leaves no part of a file."""
    with tempfile.TemporaryDirectory(dir=PACKAGES) as folder:
        if _apt("download", *(re.sub(r"_.*", "", f) for f in files), cwd=folder).returncode:
            return False
        for f in os.listdir(folder):
            os.rename(os.path.join(folder, f), PACKAGES / f)
    return all((PACKAGES / f).exists() for f in files)


class Root:
    """A copy of the machine's root with some packages more. Use as a context manager. `folder` is the same inside and
    outside."""

    def __init__(self, *packages, users=()):
        if not IS_ROOT:
            raise unittest.SkipTest("needs root, as the mail transfer agents do")
        if not shutil.which("apt-get"):
            raise unittest.SkipTest("needs Debian's packages")
        self.packages = fetched(*packages)
        self.users = users
        self.log = None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="poplar-mta-"))
        self.folder.chmod(0o755)
        (self.folder / "root").mkdir()
        self.first = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", SETUP, "sh", self.folder, TOP,
             *self.packages], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            if self.first.stdout.readline() != b"ready\n":
                why = self.first.stderr.read().decode(errors="replace").strip()
                raise unittest.SkipTest(f"no root of its own can be made here: {why}")
            children = pathlib.Path(f"/proc/{self.first.pid}/task/{self.first.pid}/children").read_text()
            self.pid = int(children.split()[0])
            self._add_users()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc):
        self.end()
        self.first.stdin.close()
        self.first.wait(PATIENCE)
        self.first.stdout.close()
        self.first.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _add_users(self):
        for number, name in enumerate(self.users, 64100):
            entry = f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin"
            self.run("sh", "-c", f"grep -q ^{name}: /etc/passwd || echo '{entry}' >>/etc/passwd; "
                                 f"grep -q ^{name}: /etc/group || echo '{name}:x:{number}:' >>/etc/group")

    def command(self, *args):
        return ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--root",
                f"--wd=/proc/{self.pid}/root", *args]

    def run(self, *args, ok=(0,), **kwargs):
        """Run a command there, and wait for its end."""
        kwargs = {"input": b""} | kwargs
        out = subprocess.run(self.command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE,
                             check=False, **kwargs)
        if out.returncode not in ok:
            raise AssertionError(f"{args} ended with {out.returncode}: {out.stdout!r} {out.stderr!r}; {self.tail()}")
        return out

    def serve(self, *args):
        """Start a program there whose log is its standard error, which self.log reads."""
        self.daemon = subprocess.Popen(self.command(*args), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE)
        self.log = Log(self.daemon.stderr)

    def end(self):
        """End what serve() has started, if it has not ended."""
        if self.log:
            self.run("kill", "-TERM", "-1", ok=(0, 1))  # all but the first process
            self.daemon.wait(PATIENCE)
            self.log.thread.join(PATIENCE)
            self.daemon.stderr.close()
        self.log = None

    def tail(self):
        return self.log.tail() if self.log else ""

    def write(self, path, text, mode="w"):
        """Write a file there."""
        self.run("mkdir", "-p", os.path.dirname(path))
        self.run("sh", "-c", f"cat {'>>' if mode == 'a' else '>'} {path}", input=text.encode())


def dist(name, **changes):
    """A file of dist/ as it is, but for the places that a comment there tells to fill in, which are words of the file,
    such as /run/poplar/lmtp."""
    text = (DIST / name).read_text()
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text
