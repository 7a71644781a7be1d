"""A real Poplar in a folder of its own, and a plain client, for the scripts beside this file.

Nothing here waits for time: a test waits for a line of the log, for octets, or for the end
of a process or connection, with a limit after which it fails.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import pathlib
import pwd
import random
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BUILD = pathlib.Path(os.environ.get("POPLAR_BUILD", "build")).resolve() / "src"
PATIENCE = 60.0
IS_ROOT = os.geteuid() == 0
PIDFD_GETFD = 438  # the number of the system call, the same on all architectures
TCP_ESTABLISHED = 1

# A sanitizer cannot look for leaks in a process that may not be traced.
os.environ["ASAN_OPTIONS"] = "detect_leaks=0"


def _ports():
    """Ports that nobody has, below those that the kernel gives to clients. Scripts run side by
    side: each takes blocks of ports for itself by a name that the kernel gives to one only, and
    that is free again when the script ends."""
    claims = []
    while True:
        first, claim = random.randrange(10240, 32768, 64), socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0poplar-test-ports-{first}")
        except OSError:
            claim.close()
            continue
        claims.append(claim)
        for port in range(first, first + 64):
            if _is_free(port):
                yield port


def _is_free(port):
    with socket.socket() as s:
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_free_ports = _ports()


def free_port():
    """A port that nobody else has, nor gets from here."""
    return next(_free_ports)


class Log:
    """The lines that poplard and its children wrote, and a way to wait for one. What a process wrote
    before it answered a client is there when the client has the answer: whoever looks at the lines
    first takes what the pipe holds, because the thread that reads may not have run yet."""

    open = []  # the logs of the servers that run

    def __init__(self, pipe):
        self.pipe = pipe
        self.taken = []
        self.begun = b""  # of a line whose end has not come
        self.changed = threading.Condition()
        self.ended = False
        os.set_blocking(pipe.fileno(), False)
        self.thread = threading.Thread(target=self._read, daemon=True)
        Log.open.append(self)
        self.thread.start()

    def _read(self):
        poll = select.poll()
        poll.register(self.pipe, select.POLLIN)
        while not self.ended:
            poll.poll()
            self._take()
        Log.open.remove(self)

    def _take(self):
        with self.changed:
            while not self.ended:
                try:
                    got = os.read(self.pipe.fileno(), 65536)
                except BlockingIOError:
                    return
                self.ended = not got
                *whole, self.begun = (self.begun + got).split(b"\n")
                self.taken += [line.decode("utf-8", "backslashreplace") for line in whole]
                self.changed.notify_all()

    @property
    def lines(self):
        self._take()
        return self.taken

    def tail(self):
        return "the log:\n" + "\n".join(self.taken[-40:])

    def find(self, pattern, start=0):
        return [line for line in self.lines[start:] if re.search(pattern, line)]

    def wait(self, pattern, count=1, start=0, patience=PATIENCE):
        """The count-th line that matches, from line number start on. Each line is looked at once:
        the reader must not wait for those who search, or poplard finds its pipe full. The reader
        gets some seconds in any case: this process may have stood still for as long as we wait.
        Other lines that keep coming give no more time."""
        end, found, at, extra = time.monotonic() + patience, [], start, None
        while len(found) < count:
            with self.changed:
                self.changed.wait_for(lambda: self.ended or len(self.taken) > at,
                                      max(5, end - time.monotonic()))
                new = self.taken[at:]
            if extra is None and time.monotonic() > end:
                extra = time.monotonic() + 5
            found += [line for line in new if re.search(pattern, line)]
            at += len(new)
            if len(found) < count and (not new or (extra and time.monotonic() > extra)):
                raise AssertionError(f"no line matches {pattern!r}; {self.tail()}")
        return found[count - 1]

    def mark(self):
        return len(self.lines)


class Poplar:
    """A server with users and Maildirs. Use as a context manager."""

    def __init__(self, users=None, settings=None, tls=True, unprivileged=False, sections=""):
        self.users = users if users is not None else {"alice": "secret", "bob": "hunter2"}
        self.extra = settings or {}
        self.sections = sections  # of poplar.conf; {dir} is the server's folder
        self.tls = tls
        self.unprivileged = unprivileged or not IS_ROOT
        self.deaths_ok = False  # a test that kills says so
        self.sigsys_ok = False
        self.port = free_port()
        self.tls_port = free_port() if tls else None
        self.process = None

    # -- the folder

    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="poplar-test-"))
        self.dir.chmod(0o755)
        for name in ("auth", "mail", "run", "tls"):
            (self.dir / name).mkdir()
        self.mail_uid = self._uid("mail") if IS_ROOT else os.getuid()
        if self.unprivileged and IS_ROOT:
            self.mail_uid = self._uid("nobody")
        self._give(self.dir / "mail")
        if self.unprivileged:
            self._give(self.dir / "run")
        self.prepare()
        if self.tls:
            self.make_certificate()
        self.write_users()
        self.write_config()
        for name in self.users:
            self.make_maildir(name)
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exc):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def wrapper(self):
        """A command that starts poplard, for those who need one."""
        return []

    def prepare(self):
        """For those who have more to put into the folder before the server starts."""

    @staticmethod
    def _uid(name):
        return pwd.getpwnam(name).pw_uid

    def _give(self, path):
        if IS_ROOT:
            gid = pwd.getpwuid(self.mail_uid).pw_gid
            os.chown(path, self.mail_uid, gid, follow_symlinks=False)

    def make_certificate(self, name="cert", days=30, subject="/CN=localhost"):
        key, cert = self.dir / "tls" / f"{name}.key", self.dir / "tls" / f"{name}.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-days",
             str(days), "-subj", subject, "-addext",
             "subjectAltName=DNS:localhost,IP:127.0.0.1"],
            check=True, capture_output=True)
        key.chmod(0o644 if self.unprivileged else 0o600)
        return cert, key

    def write_users(self):
        text = ""
        for name, value in self.users.items():
            text += (value if value.startswith(name + ":") else f"{name}:{{PLAIN}}{value}") + "\n"
        new = self.dir / "auth" / ".users"
        new.write_bytes(text.encode("utf-8", "surrogateescape"))
        if IS_ROOT and not self.unprivileged:
            os.chown(new, 0, pwd.getpwnam("daemon").pw_gid)
            new.chmod(0o640)
        new.rename(self.dir / "auth" / "users")

    def write_config(self):
        values = {
            "listen": f'{{"127.0.0.1:{self.port}"}}',
            "listen-tls": f'{{"127.0.0.1:{self.tls_port}"}}' if self.tls else "{}",
            "users": f'"{self.dir}/auth/users"',
            "mail-root": f'"{self.dir}/mail"',
            "run-dir": f'"{self.dir}/run"',
            "fronts": "2",
            "failure-delay": "50ms",
            "failure-delay-max": "50ms",
            "grace": "5s",
            "log-level": "debug",
        }
        if self.tls:
            values["tls-certificate"] = f'"{self.dir}/tls/cert.pem"'
            values["tls-key"] = f'"{self.dir}/tls/cert.key"'
        if IS_ROOT and not self.unprivileged:
            values |= {"front-user": "nobody", "auth-user": "daemon", "mail-user": "mail"}
        values |= self.extra
        self.config = self.dir / "poplar.conf"
        self.config.write_text("".join(f"{k} = {v}\n" for k, v in values.items()
                                       if v is not None)
                               + self.sections.replace("{dir}", str(self.dir)))

    # -- mail

    def maildir(self, user="alice"):
        return self.dir / "mail" / user / "Maildir"

    def make_maildir(self, user):
        root = self.maildir(user)
        for path in (root.parent, root, root / "new", root / "cur", root / "tmp"):
            path.mkdir(exist_ok=True)
            path.chmod(0o700)
            self._give(path)

    def put(self, name, octets, user="alice"):
        """A message as an MTA delivers it: written in tmp, moved into new or cur."""
        folder, _, base = name.partition("/") if "/" in name else ("new", "", name)
        temporary = os.fsencode(self.maildir(user) / "tmp") + b"/" + os.urandom(8).hex().encode()
        with open(temporary, "wb") as f:
            f.write(octets)
        self._give(temporary)
        target = os.fsencode(self.maildir(user) / folder) + b"/" + os.fsencode(base)
        os.rename(temporary, target)
        return target

    def names(self, user="alice"):
        root = self.maildir(user)
        return sorted(f"{d}/{n}" for d in ("new", "cur") for n in os.listdir(root / d))

    # -- life

    def start(self):
        folder, kwargs = BUILD, {}
        if self.unprivileged and IS_ROOT:
            folder = self.dir / "bin"  # the checkout may lie where only root can go
            shutil.copytree(BUILD, folder, ignore=lambda _, names: [
                n for n in names if not re.fullmatch("poplard?|poplar-[a-z]+", n)])
            entry = pwd.getpwuid(self.mail_uid)
            kwargs = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        self.process = subprocess.Popen([*self.wrapper(), folder / "poplard", "-c", self.config], stderr=subprocess.PIPE,
                                        stdin=subprocess.DEVNULL, pipesize=1 << 20, **kwargs)
        self.log = Log(self.process.stderr)
        self.log.wait(r"event=ready")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                for pid in self.pids().values():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid[0], signal.SIGKILL)
                self.process.kill()
                raise
        if self.process:
            self.log.thread.join(PATIENCE)
            self.process.stderr.close()
            bad = self.log.find("Sanitizer|runtime error:")
            if not self.sigsys_ok:
                bad += self.log.find("sandbox forbids")
            if not self.deaths_ok:
                bad += self.log.find("event=child-died|event=child-killed|event=log-lines-lost")
            if bad:
                raise AssertionError("it should not have come to this:\n" + "\n".join(bad) + "\n...\n"
                                     + "\n".join(self.log.lines[-60:]))

    def reload(self, pattern="event=reloaded"):
        """Reload, and return the line that says so once the new fronts alone take clients: a front of before may
        accept one until it has read that it is to drain, which is after poplard's line."""
        mark = self.log.mark()
        self.process.send_signal(signal.SIGHUP)
        line = self.log.wait(pattern, start=mark)
        if "event=reloaded" in line:
            self.await_newest_fronts()
        return line

    def await_newest_fronts(self):
        """Until no front of an earlier configuration accepts."""
        def old():
            fronts = [(pid, generation) for role, pid, generation in self.workers() if role == "poplar-front"]
            newest = max(generation for _, generation in fronts)
            return [pid for pid, generation in fronts if generation < newest]

        wait_until(lambda: not any(map(listens, old())))

    def reload_all(self):
        """Reload, and wait until all processes of before have ended. None may have a session."""
        generation = int(re.search(r"generation=(\d+)", self.reload())[1])
        wait_until(lambda: {of for _, _, of in self.workers()} == {generation})

    def workers(self):
        """Role, pid and generation of each process beside poplard, as the state file says."""
        entries = [line.split() for line in (self.dir / "run" / "state").read_text().splitlines()]
        return [(e[0], int(e[1]), int(e[5])) for e in entries if e[0].startswith("poplar-")]

    def pids(self):
        """Role to list of pids, as the state file says."""
        found = {}
        for line in (self.dir / "run" / "state").read_text().splitlines():
            role, pid = line.split()[:2]
            if role != "build" and not role.startswith("listen"):
                found.setdefault(role, []).append(int(pid))
        return found

    def run(self, *args, input=None, check=False, **kwargs):
        """The command line tool."""
        return subprocess.run([BUILD / "poplar", "-c", self.config, *args], input=input,
                              capture_output=True, text=True, check=check,
                              timeout=PATIENCE, **kwargs)

    # -- clients

    def connect(self, greet=True):
        return Client(self.port, greet=greet)

    def login(self, user="alice", password=None, tls=False):
        client = Client(self.tls_port, tls=True) if tls else self.connect()
        client.login(user, password or self.users[user])
        return client

    def memory(self, role):
        """The most memory (KiB) that any process of the role ever had resident."""
        most = 0
        for pid in self.pids()[role]:
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            most = max(most, int(re.search(r"VmHWM:\s+(\d+)", status)[1]))
        return most

    def descriptors(self, role):
        """How many descriptors the processes of the role have open."""
        return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in self.pids()[role])


def tls_context(**kwargs):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextlib.contextmanager
def showing_logs():
    """A failure for want of an answer shows the last lines that the servers wrote."""
    try:
        yield
    except TimeoutError as e:
        for log in list(Log.open):
            e.add_note(log.tail())
        raise


class Client:
    """A client that says and hears octets, and hides nothing."""

    def __init__(self, port, greet=True, tls=False, context=None, source="127.0.0.1", first=b""):
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE, (source, 0))
        self.sock.sendall(first)
        self.buffer = bytearray()
        if tls:
            self.start_tls(context)
        if greet:
            self.greeting = self.line()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    @showing_logs()
    def start_tls(self, context=None):
        self.sock = (context or tls_context()).wrap_socket(self.sock,
                                                           server_hostname="localhost")

    def close(self):
        self.sock.close()

    def reset(self):
        """End the connection with a reset, as a crashed machine's router would."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def send(self, octets):
        if isinstance(octets, str):
            octets = octets.encode("utf-8", "surrogateescape")
        self.sock.sendall(octets)

    @showing_logs()
    def _more(self):
        """Wait for octets. What has come is appended to one buffer and looked through once, so
        that a reply costs time in proportion to its length."""
        more = self.sock.recv(65536)
        if not more:
            raise EOFError(f"connection ended; left over: {bytes(self.buffer[-80:])!r}")
        self.buffer += more

    def _upto(self, end):
        """Wait for `end`; how many octets lead up to it, itself included."""
        start = 0
        while (at := self.buffer.find(end, start)) < 0:
            start = max(0, len(self.buffer) - len(end) + 1)
            self._more()
        return at + len(end)

    def line(self):
        line = self.take(self._upto(b"\n"))
        assert line.endswith(b"\r\n"), line
        return line[:-2]

    def lines(self):
        """A multi-line reply behind its first line, as it stands on the wire, with the dot."""
        if self.need(3) == b".\r\n":
            return self.take(3)
        return self.take(self._upto(b"\r\n.\r\n"))

    def need(self, count):
        """The next `count` octets, which stay to be read."""
        while len(self.buffer) < count:
            self._more()
        with memoryview(self.buffer) as view:
            return bytes(view[:count])

    def take(self, count):
        """The next `count` octets."""
        octets = self.need(count)
        del self.buffer[:count]
        return octets

    def rest(self):
        """Everything up to the end of the connection."""
        with contextlib.suppress(ConnectionResetError, EOFError):
            while True:
                self._more()
        return self.take(len(self.buffer))

    def ask(self, command):
        """`command` is a text, or octets."""
        if isinstance(command, str):
            command = command.encode("utf-8", "surrogateescape")
        self.send(command + b"\r\n")
        return self.line().decode("utf-8", "surrogateescape")

    def ok(self, command):
        reply = self.ask(command)
        if not reply.startswith("+OK"):
            raise AssertionError(f"{command!r} was answered {reply!r}")
        return reply

    def err(self, command):
        reply = self.ask(command)
        if not reply.startswith("-ERR"):
            raise AssertionError(f"{command!r} was answered {reply!r}")
        return reply

    def multi(self, command):
        self.ok(command)
        return self.lines()

    def listing(self, command="LIST"):
        return self.multi(command).decode().splitlines()[:-1]

    def capa(self):
        return set(self.listing("CAPA"))

    def login(self, user, password):
        self.ok(f"USER {user}")
        return self.ok(f"PASS {password}")

    def quit(self):
        reply = self.ask("QUIT")
        rest = self.rest()
        assert rest == b"", rest
        self.close()
        return reply


def unstuff(wire):
    """What a client keeps of a multi-line reply: without the dots, without the end."""
    assert wire == b".\r\n" or wire.endswith(b"\r\n.\r\n"), wire[-10:]
    lines = wire[:-3].split(b"\r\n")
    return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)


def on_wire(stored):
    """A stored message as RFC 1939 wants it: LF to CRLF, a missing last line end added."""
    out = re.sub(rb"(?<!\r)\n", b"\r\n", stored)
    return out if not out or out.endswith(b"\r\n") else out + b"\r\n"


def wait_until(claim, patience=PATIENCE):
    """For what the system tells in no other way, such as the end of a foreign process."""
    end = time.monotonic() + patience
    while not claim():
        if time.monotonic() > end:
            raise AssertionError("it did not come true in time")
        threading.Event().wait(0.01)


def state_of(task):
    """The state of a process or thread ("/proc/1", "/proc/1/task/1"), X when there is none: it
    may have gone between the opening of its file and the reading."""
    try:
        return pathlib.Path(task, "stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


class Work:
    """What the processes do from here on. The times are seconds."""

    def __init__(self, pids):
        self.pids = pids
        self.before = self._times()

    def _times(self):
        """Of each thread: how long it has run, and how long it could have but had no processor."""
        times = {}
        for pid in self.pids:
            for thread in pathlib.Path(f"/proc/{pid}/task").glob("*"):
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    ran, queued, _ = (thread / "schedstat").read_text().split()
                    times[thread.name] = int(ran) / 1e9, int(queued) / 1e9
        return times

    def _passed(self, which):
        now = self._times()
        return sum(times[which] - self.before.get(thread, (0, 0))[which] for thread, times in now.items())

    def ran(self):
        return self._passed(0)

    def queued(self):
        return self._passed(1)


def alive(pid):
    return state_of(f"/proc/{pid}") not in "ZX"


@contextlib.contextmanager
def no_system_log():
    """The place of the machine's log stays empty for one test at a time, on a machine that has none."""
    with open(pathlib.Path(tempfile.gettempdir(), "poplar-test-log.lock"), "a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists("/dev/log"):
            raise unittest.SkipTest("this machine has a system log")
        yield "/dev/log"


@contextlib.contextmanager
def system_log():
    """A Log of what the machine's programs say to the machine's log; a test that is not root's is skipped.
    All of it is taken at once: other programs, such as those of other tests, would wait for their turn."""
    if not IS_ROOT:
        raise unittest.SkipTest("needs root to stand in for the system log")

    def pass_on():
        while line := server.recv(8192):
            os.write(into, line.replace(b"\n", b" ") + b"\n")
        os.close(into)

    with no_system_log() as path, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)
        out, into = os.pipe()
        thread = threading.Thread(target=pass_on, daemon=True)
        with os.fdopen(out, "rb") as pipe:
            log = Log(pipe)
            thread.start()
            try:
                os.chmod(path, 0o666)
                yield log
            finally:
                os.unlink(path)
                server.shutdown(socket.SHUT_RD)
                thread.join()
                log.thread.join()


def open_files(pid):
    """A process's descriptors, and where each leads. What comes or goes meanwhile may be missing."""
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
    return found


@contextlib.contextmanager
def taken(pid, number):
    """A copy of a socket that another process has; None if it has none of this number. What a socket is, is asked of
    itself: the lists in /proc/net lack some that are there, while others come and go."""
    fd = -1
    with contextlib.suppress(ProcessLookupError):
        pidfd = os.pidfd_open(pid)
        fd = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, pidfd, number, 0)
        error = ctypes.get_errno()
        os.close(pidfd)
        if fd < 0 and error not in (errno.EBADF, errno.ESRCH):
            raise OSError(error, "pidfd_getfd")
    if fd < 0:
        yield None
        return
    with socket.socket(fileno=fd) as sock:
        yield sock


def sockets_that(pid, test):
    """The numbers of a process's sockets for which `test` holds; each is given as a copy."""
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for number, target in open_files(pid).items():
            if target.startswith("socket:["):
                with taken(pid, number) as sock:
                    if sock and test(sock):
                        found.append(number)
    return found


def listens(pid):
    """Has the process a socket by which it accepts TCP connections?"""
    return bool(sockets_that(pid, lambda sock: sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)))


def is_read_by_its_peer(sock):
    """Has the server read all that this client, which sends nothing meanwhile, has sent?"""
    ends = [f":{end[1]:04X}" for end in (sock.getpeername(), sock.getsockname())]
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines():
        words = line.split()
        if words[1].endswith(ends[0]) and words[2].endswith(ends[1]):
            return words[4].endswith(":00000000")
    # The list lacks the server's end: because that is gone, if the client has heard of its end.
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != TCP_ESTABLISHED


def hold(pid):
    """Stop a process, every thread of it."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: all(state_of(task) in "TX"
                           for task in pathlib.Path(f"/proc/{pid}/task").iterdir()))


class ServerCase(unittest.TestCase):
    """A test case with one server for all its tests; each test starts without mail."""

    kwargs = {}

    @classmethod
    def setUpClass(cls):
        cls.p = Poplar(**cls.kwargs)
        cls.p.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.p.__exit__()

    def setUp(self):
        for user in self.p.users:
            for name in self.p.names(user):
                os.unlink(os.fsencode(self.p.maildir(user)) + b"/" + os.fsencode(name))


class _Tap(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0

    def _say(self, ok, test, note="", story=""):
        self.number += 1
        print(f"{'ok' if ok else 'not ok'} {self.number} - {test.id().split('.', 1)[1]}{note}")
        for line in story.splitlines():
            print("# " + line)
        sys.stdout.flush()

    def addSuccess(self, test):
        self._say(True, test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._say(True, test, f" # SKIP {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._say(False, test, story=self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._say(False, test, story=self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            story = (self.failures + self.errors)[-1][1]
            self._say(False, test, f" {subtest.params}", story)


def alone(test):
    """Marks a test, or a class of them, that needs the machine for itself, as one that measures
    time does: tools/test runs it when all others are over."""
    test.alone = True
    return test


def chosen(tests, part):
    """Those tests that belong to the part: "alone", or "shared" for the others."""
    suite = unittest.TestSuite()
    for test in tests:
        if isinstance(test, unittest.TestSuite):
            suite.addTest(chosen(test, part))
            continue
        method = getattr(test, test.id().rpartition(".")[2], None)
        is_alone = getattr(test, "alone", False) or getattr(method, "alone", False)
        if is_alone == (part == "alone"):
            suite.addTest(test)
    return suite


def main():
    """Run the script's tests and print TAP."""
    names = sys.argv[1:] or None
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    if names:
        suite = unittest.defaultTestLoader.loadTestsFromNames(names, sys.modules["__main__"])
    if part := os.environ.get("POPLAR_TESTS"):
        suite = chosen(suite, part)
    print("TAP version 13")
    result = _Tap()
    suite.run(result)
    print(f"1..{result.number}")
    sys.exit(0 if result.wasSuccessful() else 1)
