"""Databases of users for the tests: each with the same users, and a way to stop it."""

import base64
import ctypes
import ctypes.util
import os
import pathlib
import pwd
import shutil
import socket
import sqlite3
import subprocess
import unicodedata

from harness import BUILD, IS_ROOT, Poplar, free_port, wait_until

_crypt = ctypes.CDLL(ctypes.util.find_library("crypt")).crypt
_crypt.restype = ctypes.c_char_p


def hashed(password):
    return b"{CRYPT}" + _crypt(password, b"$6$rounds=1000$poplartest")


# Every octet of ASCII but NUL and the line's end, which no PASS can hold; and characters beyond it that
# SASLprep leaves as they are.
OCTETS = [bytes(b for b in range(1, 128) if b not in b"\r\n"),
          "".join(c for c in [*map(chr, range(0xc0, 0x130)), "大"] if unicodedata.normalize("NFKC", c) == c).encode()]

# Name: password, fields.
USERS = {
    b"right": (b"secret", {}),
    b"octets-1": (OCTETS[0], {}),
    b"octets-2": (OCTETS[1], {}),
    "m\u00fcller".encode(): (b"secret", {}),
    b"o'brien": (b"secret", {}),
    b"st*r": (b"secret", {}),
    b"pa(r)en": (b"secret", {}),
    b"back\\slash": (b"secret", {}),
    b"com,ma=x+y": (b"secret", {}),
    b"%n%s%u": (b"secret", {}),
    b"off": (b"secret", {"disabled": b"yes"}),
    b"elsewhere": (b"secret", {"allow_nets": b"192.0.2.0/24"}),
    b"here": (b"secret", {"allow_nets": b"127.0.0.0/8"}),
    b"odd": (b"secret", {"disabled": b"perhaps"}),
}

# Names that nobody has, but that a careless database would find somebody by.
STRANGERS = [b"nobody", b"*", b"righ*", b"st.r", b"'OR/**/1=1--", b"right'--", b"\"right\"",
             b"*)(uid=*", b"right)(|(uid=*", b"*)(|(objectClass=*)", b"righ\\2a", b"righ\\74",
             b"right,ou=people", b"right%00", b"%u", b"?1", b"$1", b"%n%s", b"right;", b"\xff\xfe",
             b"righ\xc3", b"right\x01", b"../right", b"x" * 240]


def folder_of(name):
    """The name as place_maildrop() writes it."""
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_@+"
    return "".join(chr(c) if c in plain or (c == ord(".") and i) else f"%{c:02x}"
                   for i, c in enumerate(name))


class Database:
    """What the tests need of each kind."""

    name, driver = "tested", None
    walls = "own"
    settings = ""
    timeout = "10s"  # more than any of them needs
    cache = "cache = none"  # the tests of a kind ask it, not memory
    users = USERS
    tells = True  # of users who have not shown a password

    def __init__(self, settings=""):
        self.more = settings

    @staticmethod
    def missing():
        """What has to be installed, or None."""

    def section(self):
        return (f'database {self.name} {{\ndriver = {self.driver}\ntimeout = {self.timeout}\n'
                f'{self.cache}\n{self.settings}\n{self.more}\n}}\n')

    def prepare(self, folder):
        """Make it, in a folder that everybody can read."""

    def wrapper(self):
        """What has to be around the server."""
        return []

    def stop(self):
        """Make it not answer: -ERR [SYS/TEMP] for those in it."""

    def go_on(self):
        pass

    def end(self):
        """For good."""


class Server(Poplar):
    """alice is in the users file, which is asked first; all others in the database."""

    def __init__(self, database, **kwargs):
        self.database = database
        first = 'database "the file" { driver = passwd-file }\n'
        kwargs["settings"] = {"failure-delay": "0"} | kwargs.get("settings", {})
        super().__init__(users={"alice": "secret"}, tls=False,
                         sections=first + database.section(), **kwargs)

    def prepare(self):
        folder = self.dir / "database"
        folder.mkdir()
        self.database.prepare(folder)
        for name in self.database.users:
            home = self.dir / "mail" / folder_of(name)
            home.mkdir()
            self._give(home)

    def wrapper(self):
        return self.database.wrapper()

    def __exit__(self, *exc):
        try:
            self.stop()
        finally:
            self.database.end()
            super().__exit__(*exc)


class Sqlite(Database):
    driver = "sqlite"
    settings = ('path = "{dir}/database/users.db"\n'
                'query-find = "SELECT password, disabled, allow_nets FROM users WHERE name = %u"')

    def prepare(self, folder):
        self.path = folder / "users.db"
        self.make(self.path)

    def make(self, path):
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE users (name TEXT, password TEXT, disabled TEXT, allow_nets TEXT)")
        for name, (password, fields) in self.users.items():
            db.execute("INSERT INTO users VALUES (?, ?, ?, ?)",
                       [x and x.decode() for x in (name, hashed(password), fields.get("disabled"),
                                                   fields.get("allow_nets"))])
        db.commit()
        db.close()

    def stop(self):
        self.path.rename(self.path.with_suffix(".away"))

    def go_on(self):
        self.path.with_suffix(".away").rename(self.path)


class SqliteWal(Sqlite):
    """A writer has it open: what it has written stands in files beside."""

    def make(self, path):
        super().make(path)
        self.writer = sqlite3.connect(path)
        self.writer.execute("PRAGMA journal_mode = WAL")
        self.writer.execute("UPDATE users SET disabled = disabled")
        self.writer.commit()

    def end(self):
        self.writer.close()


class SqliteRunAs(Sqlite):
    settings = Sqlite.settings + "\nrun-as = games"


class Pam(Database):
    driver, walls = "pam", "none"
    tells = False
    settings = 'service = poplar-test\nservice-dir = "{dir}/database/pam.d"'
    users = {k: v for k, v in USERS.items() if not v[1]} | {b"expired": (b"secret", {"x": b"y"})}

    @staticmethod
    def missing():
        if not (BUILD.parent / "test" / "pam_test.so").exists():
            return "libpam0g-dev was not there when this was built"

    def prepare(self, folder):
        shutil.copy(BUILD.parent / "test" / "pam_test.so", folder)
        (folder / "pam.d").mkdir()
        text = "".join(f"{kind} required {folder}/pam_test.so {folder}/users\n"
                       for kind in ("auth", "account"))
        (folder / "pam.d" / "poplar-test").write_text(text)
        (folder / "users").write_text("".join(f"{name.hex()} {password.hex()}\n"
                                              for name, (password, _) in self.users.items()))
        self.down = folder / "users.down"

    def stop(self):
        self.down.touch()

    def go_on(self):
        self.down.unlink()


class Postgresql(Database):
    driver = "postgresql"
    settings = ('connection = "host={dir}/database dbname=postgres user=poplar"\n'
                'password-file = "{dir}/database/password"\n'
                'query-find = "SELECT password, disabled, allow_nets FROM users WHERE name = %u"')

    @staticmethod
    def program(name):
        found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        return str(found[-1]) if found else None

    @classmethod
    def missing(cls):
        if not cls.program("initdb"):
            return "postgresql is not installed"

    def run(self, *command, **kwargs):
        as_whom = {"user": "postgres", "group": "postgres", "extra_groups": []} if IS_ROOT else {}
        done = subprocess.run(command, capture_output=True, cwd="/", **as_whom, **kwargs)
        assert done.returncode == 0, done.stderr + done.stdout
        return done

    def prepare(self, folder):
        self.data = folder / "data"
        self.folder = folder
        if IS_ROOT:
            shutil.chown(folder, "postgres", "postgres")
        self.run(self.program("initdb"), "-D", self.data, "-A", "peer", "-N", "-E", "UTF8",
                 "--locale=C.UTF-8")
        owner = "postgres" if IS_ROOT else pwd.getpwuid(os.getuid()).pw_name
        (self.data / "pg_hba.conf").write_text(f"local all {owner} peer\n"
                                               "local all poplar scram-sha-256\n")
        with open(self.data / "postgresql.conf", "a") as f:
            f.write(f"listen_addresses = ''\nunix_socket_directories = '{folder}'\nfsync = off\n")
        (folder / "password").write_text("the server's own\nand no more\n")
        self.go_on()
        sql = ["CREATE TABLE users (name text, password text, disabled text, allow_nets text);",
               "CREATE ROLE poplar LOGIN PASSWORD 'the server''s own';",
               "GRANT SELECT ON users TO poplar;"]
        for name, (password, fields) in self.users.items():
            values = [name, hashed(password), fields.get("disabled"), fields.get("allow_nets")]
            sql.append("INSERT INTO users VALUES (%s);" % ", ".join(
                "NULL" if v is None else f"convert_from('\\x{v.hex()}', 'UTF8')" for v in values))
        self.run(self.program("psql"), "-h", folder, "-v", "ON_ERROR_STOP=1", "postgres",
                 input="\n".join(sql).encode())

    def control(self, *args):
        self.run(self.program("pg_ctl"), "-D", self.data, "-w", "-l", self.folder / "log", *args)

    def stop(self):
        self.control("stop", "-m", "fast")

    def go_on(self):
        self.control("start")

    end = stop


class Ldap(Database):
    """The name of an entry here is its uid."""

    driver = "ldap"
    attributes = {"disabled": b"employeeType", "allow_nets": b"carLicense", "home": b"description"}
    common = ('uri = "ldap://127.0.0.1:{port}"\nstart-tls = yes\nca-file = "{dir}/database/ca.pem"\n'
              'attributes = {"disabled=employeeType", "allow-nets=carLicense", "home=description", '
              '"user=uid"')
    settings = common + ', "password=userPassword"}\n' + (
        'passwords = stored\nbase = "ou=people,dc=test"\nbind-dn = "cn=admin,dc=test"\n'
        'password-file = "{dir}/database/password"')

    @staticmethod
    def missing():
        if not shutil.which("slapd", path=os.environ["PATH"] + ":/usr/sbin"):
            return "slapd is not installed"

    def section(self):
        self.port = free_port()
        return super().section().replace("{port}", str(self.port))

    def prepare(self, folder):
        self.folder = folder
        (folder / "data").mkdir()
        (folder / "password").write_text("the server's own\n")
        # For localhost, libldap expects a certificate for the machine's own name.
        names = {"localhost", socket.gethostname(), socket.getfqdn()}
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "key.pem", "-out",
                        folder / "ca.pem", "-days", "3", "-subj", "/CN=127.0.0.1", "-addext",
                        "subjectAltName=IP:127.0.0.1," + ",".join(f"DNS:{n}" for n in names)],
                       check=True, capture_output=True)
        schema = "".join(f"include /etc/ldap/schema/{s}.schema\n"
                         for s in ("core", "cosine", "inetorgperson"))
        (folder / "slapd.conf").write_text(
            f"{schema}modulepath /usr/lib/ldap\nmoduleload back_mdb\n"
            f"pidfile {folder}/pid\nTLSCertificateFile {folder}/ca.pem\n"
            f"TLSCertificateKeyFile {folder}/key.pem\nsecurity tls=1\n"
            f"database mdb\nsuffix dc=test\ndirectory {folder}/data\nmaxsize 10485760\n"
            "rootdn cn=admin,dc=test\nrootpw \"the server's own\"\n"
            "access to attrs=userPassword by anonymous auth by * none\n"
            "access to * by self read by anonymous read\n")
        self.slapd("-T", "add", input=self.ldif(), check=True)
        self.process = None
        self.go_on()

    def slapd(self, *args, **kwargs):
        return subprocess.run(["/usr/sbin/slapd", *args, "-f", self.folder / "slapd.conf"],
                              capture_output=True, **kwargs)

    def ldif(self):
        def b(value):
            return base64.b64encode(value)

        out = (b"dn: dc=test\nobjectClass: domain\ndc: test\n\n"
               b"dn: ou=people,dc=test\nobjectClass: organizationalUnit\nou: people\n\n")
        for name, (password, fields) in self.users.items():
            escaped = b"".join(b"\\%02x" % c if chr(c) in '\\,+"<>;=#' else bytes([c])
                               for c in name)
            out += (b"dn:: " + b(b"uid=" + escaped + b",ou=people,dc=test")
                    + b"\nobjectClass: inetOrgPerson\ncn: x\nsn: x\nuid:: " + b(name)
                    + b"\nuserPassword:: " + b(hashed(password)) + b"\n")
            for field, attribute in self.attributes.items():
                if field in fields:
                    out += attribute + b": " + fields[field] + b"\n"
            out += b"\n"
        return out

    def go_on(self):
        self.process = subprocess.Popen(
            ["/usr/sbin/slapd", "-d", "0", "-h", f"ldap://127.0.0.1:{self.port}", "-f",
             self.folder / "slapd.conf"], stderr=subprocess.DEVNULL)

        def answers():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0

        wait_until(answers)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    end = stop


class LdapBind(Ldap):
    settings = (Ldap.common.replace("ldap://127.0.0.1", "ldap://localhost")
                + '}\nbase = "ou=people,dc=test"')


class LdapTemplate(Ldap):
    tells = False
    settings = Ldap.common + '}\nbind-template = "uid=%u,ou=people,dc=test"'


class Checkpassword(Database):
    tells = False
    driver, walls = "checkpassword", "none"
    settings = 'program = {"/usr/bin/python3", "{dir}/database/check.py", "an argument"}'

    def prepare(self, folder):
        (folder / "users").write_text(repr(self.users))
        (folder / "check.py").write_text(
            "import os, sys\n"
            f"folder = {str(folder)!r}\n"
            "if os.path.exists(folder + '/down'): sys.exit(111)\n"
            "name, password, when, rest = os.read(3, 513).split(b'\\0')\n"
            "users = eval(open(folder + '/users').read())\n"
            "assert set(os.environ) <= {'PATH', 'PROTO', 'SERVICE', 'TCPREMOTEIP', 'LC_CTYPE'}\n"
            "assert os.environ['TCPREMOTEIP'] == '127.0.0.1' and sys.argv[1] == 'an argument'\n"
            "assert sorted(os.listdir('/proc/self/fd')) == list('0123456')\n"
            "if name not in users: sys.exit(3)\n"
            "if users[name][0] != password: sys.exit(1)\n"
            "fields = users[name][1]\n"
            "os.environb[b'EXTRA'] = ' '.join(fields).encode()\n"
            "for key, value in fields.items(): os.environb[key.encode()] = value\n"
            "os.execv(sys.argv[2], sys.argv[2:])\n")
        self.down = folder / "down"

    def stop(self):
        self.down.touch()

    def go_on(self):
        self.down.unlink()


class System(Database):
    """The system's users in a mount name space of the server's own."""

    driver, walls = "system", "none"
    settings = "run-as-group = shadow"
    users = {b"right": (b"secret", {}), b"octets-1": (OCTETS[0], {}), b"octets-2": (OCTETS[1], {}),
             b"expired": (b"secret", {"x": b"y"})}

    @staticmethod
    def missing():
        if not IS_ROOT or subprocess.run(["unshare", "-m", "true"]).returncode:
            return "needs root and mount name spaces"

    def prepare(self, folder):
        self.folder = folder
        passwd = pathlib.Path("/etc/passwd").read_bytes()
        # Everybody has a line there: without one a user's password cannot be told.
        shadow = b"".join(b"%s:*:19000:0:99999:7:::\n" % line.split(b":")[0]
                          for line in passwd.splitlines())
        mail = pwd.getpwnam("mail")
        for name, (password, fields) in self.users.items():
            home = folder.parent / "mail" / folder_of(name)
            passwd += b"%s:x:%d:%d::%s:/bin/false\n" % (name, mail.pw_uid, mail.pw_gid,
                                                        os.fsencode(home))
            shadow += b"%s:%s:19000:0:99999:7::%s:\n" % (
                name, hashed(password).removeprefix(b"{CRYPT}"), b"100" if fields else b"")
        (folder / "passwd").write_bytes(passwd)
        (folder / "shadow").write_bytes(shadow)
        shutil.chown(folder / "shadow", 0, "shadow")
        (folder / "shadow").chmod(0o640)

    def wrapper(self):
        # The copies stand over /etc for the server and what it starts, for nobody else.
        return ["unshare", "-m", "sh", "-c",
                "for f in passwd shadow; do mount --bind $0/$f /etc/$f; done; exec \"$@\"",
                self.folder]

    def stop(self):
        (self.folder / "shadow").chmod(0o600)

    def go_on(self):
        (self.folder / "shadow").chmod(0o640)


class PamUnix(System):
    """The usual stack, which runs a helper of its own to see shadow passwords; as root."""

    driver = "pam"
    settings = Pam.settings + "\nrun-as = root"

    def prepare(self, folder):
        super().prepare(folder)
        (folder / "pam.d").mkdir()
        (folder / "pam.d" / "poplar-test").write_text(
            "auth required pam_unix.so\naccount required pam_unix.so\n")

    def stop(self):
        (self.folder / "pam.d").rename(self.folder / "away")

    def go_on(self):
        (self.folder / "away").rename(self.folder / "pam.d")
