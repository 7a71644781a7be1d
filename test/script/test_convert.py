"""poplar convert: configurations that the real servers accept become one that poplard starts with, and
users log in with the same passwords to the same mail."""

import contextlib
import json
import os
import pathlib
import pwd
import shutil
import sqlite3
import stat
import subprocess
import tempfile
import unittest

from databases import Ldap
from harness import BUILD, IS_ROOT, PATIENCE, Client, Log, free_port, main

MESSAGE = b"Subject: moved\r\n\r\na line\r\n.\r\n"  # on the wire
# What Poplar needs on a machine without users of its own.
SITE = "run-dir = {dir}/run\nfronts = 1\ngrace = 5s\nfront-user = nobody\nauth-user = daemon\n"
# Debian's default configurations, without their comments.
COURIER = {
    "pop3d": """PIDFILE=/run/courier/pop3d.pid
MAXDAEMONS=40
MAXPERIP=4
POP3AUTH=""
POP3AUTH_ORIG="PLAIN LOGIN CRAM-MD5 CRAM-SHA1 CRAM-SHA256"
POP3AUTH_TLS=""
POP3AUTH_TLS_ORIG="LOGIN PLAIN"
POP3_PROXY=0
PORT=110
ADDRESS=0
TCPDOPTS="-nodnslookup -noidentlookup"
LOGGEROPTS="-name=pop3d"
POP3DSTART=YES
MAILDIRPATH=Maildir
MIME_UNICODE_MESSAGE_TYPE="message/global"
""",
    "pop3d-ssl": """SSLPORT=995
SSLADDRESS=0
SSLPIDFILE=/run/courier/pop3d-ssl.pid
SSLLOGGEROPTS="-name=pop3d-ssl"
POP3DSSLSTART=YES
POP3_STARTTLS=YES
POP3_TLS_REQUIRED=0
COURIERTLS=/usr/bin/couriertls
TLS_STARTTLS_PROTOCOL="$TLS_PROTOCOL"
TLS_CERTFILE=/etc/courier/pop3d.pem
TLS_DHPARAMS=/etc/courier/dhparams.pem
TLS_TRUSTCERTS=/etc/ssl/certs/ca-certificates.crt
TLS_VERIFYPEER=NONE
TLS_CACHEFILE=/var/lib/courier/couriersslimapcache
TLS_CACHESIZE=524288
MAILDIRPATH=Maildir
""",
    "authdaemonrc": """authmodulelist="authpam"
authmodulelistorig="authuserdb authpam authpgsql authldap authmysql authsqlite authcustom authpipe"
daemons=5
authdaemonvar=/run/courier/authdaemon
DEBUG_LOGIN=0
DEFAULTOPTIONS=""
LOGGEROPTS=""
"""}
CYRUS = {
    "imapd.conf": """configdirectory: /var/lib/cyrus
proc_path: /run/cyrus/proc
mboxname_lockpath: /run/cyrus/lock
defaultpartition: default
partition-default: /var/spool/cyrus/mail
partition-news: /var/spool/cyrus/news
newsspool: /var/spool/news
altnamespace: no
unixhierarchysep: no
lmtp_downcase_rcpt: yes
allowanonymouslogin: no
popminpoll: 1
autocreate_quota: 0
umask: 077
sieveusehomedir: false
sievedir: /var/spool/sieve
httpmodules: caldav carddav
hashimapspool: true
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auto_transition: no
tls_client_ca_dir: /etc/ssl/certs
tls_session_timeout: 1440
lmtpsocket: /run/cyrus/socket/lmtp
idlesocket: /run/cyrus/socket/idle
notifysocket: /run/cyrus/socket/notify
syslog_prefix: cyrus
""",
    "cyrus.conf": """START {
	recover		cmd="/usr/sbin/cyrus ctl_cyrusdb -r"
}
SERVICES {
	imap		cmd="imapd -U 30" listen="imap" prefork=0 maxchild=100
	pop3		cmd="pop3d -U 30" listen="pop3" prefork=0 maxchild=50
	lmtpunix	cmd="lmtpd" listen="/run/cyrus/socket/lmtp" prefork=0 maxchild=20
	notify		cmd="notifyd" listen="/run/cyrus/socket/notify" proto="udp" prefork=1
}
EVENTS {
	checkpoint	cmd="/usr/sbin/cyrus ctl_cyrusdb -c" period=30
}
"""}
# Virtual users of one uid, their mail by domain and name; as docker-mailserver has it.
DOVECOT = """protocols = pop3
listen = 127.0.0.1
base_dir = {dir}/dovecot-run
state_dir = {dir}/dovecot-state
log_path = /dev/stderr
ssl = no
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
first_valid_uid = 1
first_valid_gid = 1
mail_uid = mail
mail_gid = mail
mail_location = maildir:{dir}/mail/%d/%n
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = scheme=SHA512-CRYPT username_format=%u {dir}/auth/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {dir}/auth/users
  default_fields = uid=mail gid=mail home={dir}/mail/%d/%n/home
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {port}
  }}
  chroot =
}}
service anvil {{
  chroot =
}}
"""


def hashed(password):
    return subprocess.run(["openssl", "passwd", "-6", "-salt", "saltsalt", password], check=True,
                          capture_output=True, text=True).stdout.strip()


class Convert(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="poplar-test-"))
        self.dir.chmod(0o755)
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.port = free_port()

    def write(self, name, text):
        path = self.dir / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def run_convert(self, *args, stdin=None):
        return subprocess.run([BUILD / "poplar", "convert", *args], input=stdin, capture_output=True, text=True,
                              timeout=PATIENCE)

    def is_read(self, text):
        """poplard reads the result: each setting is what the result says."""
        path = self.write("result.conf", text)
        shown = subprocess.run([BUILD / "poplar", "-c", path, "config"], capture_output=True, text=True,
                               timeout=PATIENCE)
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))
        return dict(line.split(" = ", 1) for line in shown.stdout.splitlines() if " = " in line)

    # -- files that the real servers accept

    @unittest.skipUnless(shutil.which("doveconf") and os.path.exists("/etc/dovecot/conf.d"), "needs Dovecot")
    def test_debians_dovecot(self):
        from_files = self.run_convert("dovecot", "/etc/dovecot")
        self.assertEqual(from_files.returncode, 2, from_files.stderr)
        self.assertIn("mail_location: The mail is in mbox files", from_files.stderr)
        self.assertIn("# 10-master.conf:", from_files.stdout)
        shown = subprocess.run(["doveconf", "-nP"], capture_output=True, text=True, check=True).stdout
        from_output = self.run_convert("dovecot", "-", stdin=shown)
        self.assertEqual(from_output.returncode, 2)
        one, other = self.is_read(from_files.stdout), self.is_read(from_output.stdout)
        one.pop("lmtp-socket-mode"), other.pop("lmtp-socket-mode")  # the files have the listener, the output has not
        self.assertEqual(one, other)
        self.assertEqual(one["tls-key"], '{"/etc/dovecot/private/dovecot.key"}')

    @unittest.skipUnless(shutil.which("doveconf"), "needs Dovecot")
    def test_every_setting_that_doveconf_prints_is_known(self):
        shown = subprocess.run(["doveconf", "-aP"], capture_output=True, text=True, check=True).stdout
        result = self.run_convert("dovecot", "-", stdin=shown)
        self.assertNotIn("is it misspelt", result.stderr)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(self.is_read(result.stdout)["listen-tls"], '{"*:995"}')

    def test_debians_courier(self):
        for name, text in COURIER.items():
            self.write(f"courier/{name}", text)
        result = self.run_convert("courier", self.dir / "courier")
        self.assertEqual(result.returncode, 0, result.stderr)
        settings = self.is_read(result.stdout)
        self.assertEqual(settings["listen"], '{"*:110"}')
        self.assertEqual(settings["max-connections-per-address"], "4")
        self.assertEqual(settings["uidl-format"], '"courier"')
        self.assertEqual(settings["\tdriver"], "pam")

    def test_debians_cyrus(self):
        for name, text in CYRUS.items():
            self.write(f"cyrus/{name}", text)
        result = self.run_convert("cyrus", self.dir / "cyrus")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertNotIn("misspelt", result.stderr)
        self.assertIn("imapd.conf:5 partition-default: The mail is in Cyrus' own spool", result.stderr)
        settings = self.is_read(result.stdout)
        self.assertEqual((settings["listen"], settings["login-delay"]), ('{"*:110"}', "1m"))

    # -- servers that run

    @contextlib.contextmanager
    def running(self, command, ready):
        with subprocess.Popen(command, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              start_new_session=True) as process:
            log = Log(process.stderr)
            try:
                log.wait(ready)
                yield log
            finally:
                process.terminate()
                process.wait(PATIENCE)
                log.thread.join(PATIENCE)  # it reads to the end, which the last child makes

    def put_mail(self, maildir):
        """A message, in a Maildir of the user mail, below a folder that everybody may pass."""
        owner = pwd.getpwnam("mail")
        for folder in (*reversed(maildir.parents), maildir, *(maildir / name for name in ("new", "cur", "tmp"))):
            if not folder.exists():
                folder.mkdir(mode=0o711)
            if self.dir in folder.parents:
                os.chown(folder, owner.pw_uid, owner.pw_gid)
        message = maildir / "new" / "1700000001.M1P1.host"
        message.write_bytes(MESSAGE[:-3].replace(b"\r\n", b"\n"))
        os.chown(message, owner.pw_uid, owner.pw_gid)

    def prepare(self):
        for name in ("run", "dovecot-run", "dovecot-state"):
            (self.dir / name).mkdir()
        self.put_mail(self.dir / "mail" / "example.org" / "alice")

    def log_in(self, user, password):
        """The first message, as it is sent. None: the password is wrong."""
        with Client(self.port) as c:
            c.ask(f"USER {user}")
            return c.multi("RETR 1") if c.ask(f"PASS {password}").startswith("+OK") else None

    def become(self, conf, more=""):
        """Convert, add what the test's machine needs, and let poplar check judge."""
        out = self.dir / "poplar.conf"
        result = self.run_convert("dovecot", conf, "--output", out)
        self.assertIn(result.returncode, (0, 2), result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(stat.S_IMODE(out.stat().st_mode), 0o600)
        with out.open("a") as f:
            f.write(SITE.format(dir=self.dir) + more)
        check = subprocess.run([BUILD / "poplar", "-c", out, "check"], capture_output=True, text=True,
                               timeout=PATIENCE)
        self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
        return out, result.stderr

    @unittest.skipUnless(IS_ROOT and shutil.which("dovecot"), "needs Dovecot, and root")
    def test_the_same_users_log_in_as_in_dovecot(self):
        self.prepare()
        users = self.write("auth/users", f"alice@example.org:{hashed('secret')}::::::\n")
        os.chown(users, 0, pwd.getpwnam("daemon").pw_gid)
        users.chmod(0o644)
        conf = self.write("dovecot/dovecot.conf", DOVECOT.format(dir=self.dir, port=self.port))
        logins = (("alice@example.org", "secret"), ("Alice@Example.ORG", "secret"),
                  ("alice@example.org", "wrong"), ("bob@example.org", "secret"))
        with self.running(["dovecot", "-F", "-c", conf], "starting up"):
            before = [self.log_in(*login) for login in logins]
        self.assertEqual(before, [MESSAGE, MESSAGE, None, None])
        out, notes = self.become(conf)
        with self.running([BUILD / "poplard", "-c", out], "event=ready"):
            self.assertEqual([self.log_in(*login) for login in logins], before)
        self.assertIn(f'maildir = "{self.dir}/mail/%d/%n"', " ".join(out.read_text().split()))
        self.assertNotIn("is it misspelt", notes)

    @unittest.skipUnless(IS_ROOT, "needs root")
    def test_users_of_sql(self):
        """As an ISP's guide has it, with two queries; the database is SQLite, which needs no server."""
        self.prepare()
        database = self.dir / "db" / "users.db"
        database.parent.mkdir()
        with sqlite3.connect(database) as db:
            db.execute("CREATE TABLE virtual_users (email TEXT, password TEXT, quota INT)")
            db.execute("INSERT INTO virtual_users VALUES ('alice@example.org', ?, 7)",
                       (hashed("secret"),))
        db.close()
        uid = pwd.getpwnam("mail").pw_uid
        sql = self.write("sql.conf.ext", f"""driver = sqlite
connect = {database}
default_pass_scheme = SHA512-CRYPT
password_query = \\
  SELECT email AS user, password FROM virtual_users WHERE email = '%u'
user_query = SELECT '{self.dir}/mail/%d/%n/home' AS home, {uid} AS uid, {uid} AS gid \\
  FROM virtual_users WHERE email = '%n@%d'
""")
        text = DOVECOT.format(dir=self.dir, port=self.port)
        text = text[:text.index("passdb")] + "!include_try nothing.conf\n!include auth.conf\n" + text[text.index("service pop3"):]
        conf = self.write("dovecot/dovecot.conf", text)
        self.write("dovecot/auth.conf", f"passdb {{\n  driver = sql\n  args = {sql}\n}}\n"
                                        f"userdb {{\n  driver = sql\n  args = {sql}\n}}\n")
        (self.dir / "auth").mkdir()
        out, _ = self.become(conf, f"users = {self.dir}/auth/users\n")
        with self.running([BUILD / "poplard", "-c", out], "event=ready"):
            self.assertEqual(self.log_in("alice@example.org", "secret"), MESSAGE)
            self.assertIsNone(self.log_in("alice@example.org", "wrong"))
            self.assertIsNone(self.log_in("alice' OR '1'='1@example.org", "secret"))

    @unittest.skipIf(not IS_ROOT or Ldap.missing(), "needs root, and slapd")
    def test_users_of_ldap(self):
        self.prepare()
        directory = Ldap()
        directory.users = {b"alice@example.org": (b"secret", {})}
        directory.section()  # chooses the port
        (self.dir / "database").mkdir()
        directory.prepare(self.dir / "database")
        self.addCleanup(directory.end)
        ldap = self.write("ldap.conf.ext", f"""uris = ldap://127.0.0.1:{directory.port}
tls = yes
tls_ca_cert_file = {self.dir}/database/ca.pem
auth_bind = yes
base = ou=people,dc=test
pass_filter = (&(objectClass=inetOrgPerson)(uid=%u))
""")
        text = DOVECOT.format(dir=self.dir, port=self.port)
        conf = self.write("dovecot/dovecot.conf", text[:text.index("passdb")]
                          + f"passdb {{\n  driver = ldap\n  args = {ldap}\n}}\n"
                          + "userdb {\n  driver = static\n  args = uid=mail gid=mail\n}\n"
                          + text[text.index("service pop3"):])
        (self.dir / "auth").mkdir()
        out, _ = self.become(conf, f"users = {self.dir}/auth/users\n")
        with self.running([BUILD / "poplard", "-c", out], "event=ready"):
            self.assertEqual(self.log_in("alice@example.org", "secret"), MESSAGE)
            self.assertIsNone(self.log_in("alice@example.org", "wrong"))

    # -- the command itself

    PGSQL = "driver = pgsql\nconnect = host=db dbname=m user=m password=s3cret\n" \
            "default_pass_scheme = CRYPT\npassword_query = SELECT password FROM u WHERE id = '%u'\n"

    def test_passwords_of_databases_go_to_files(self):
        self.write("sql", self.PGSQL)
        conf = self.write("d.conf", f"passdb {{\n driver = sql\n args = {self.dir}/sql\n}}\n")
        printed = self.run_convert("dovecot", conf)
        self.assertEqual(printed.returncode, 2)
        self.assertNotIn("s3cret", printed.stdout + printed.stderr + self.run_convert("dovecot", "--json", conf).stdout)
        out, secret = self.dir / "poplar.conf", self.dir / "sql.password"
        self.assertEqual(self.run_convert("dovecot", "--output", out, conf).returncode, 2)
        self.assertEqual(secret.read_text(), "s3cret")
        for path in (out, secret):
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        self.assertIn(f'password-file = "{secret}"', out.read_text())
        secret.write_text("mine")
        again = self.run_convert("dovecot", "--output", out, conf)
        self.assertEqual(again.returncode, 1)
        self.assertIn(f"cannot write {secret}: File exists", again.stderr)
        self.assertEqual(secret.read_text(), "mine")
        self.assertEqual(self.run_convert("dovecot", "--output", out, "--replace", conf).returncode, 2)
        self.assertEqual(secret.read_text(), "s3cret")

    def test_a_copy_of_another_machine(self):
        """Paths in the configuration begin in the folder of --root."""
        self.write("etc/sql", self.PGSQL)
        conf = self.write("etc/d.conf", "passdb {\n driver = sql\n args = /etc/sql\n}\n!include more.conf\n")
        self.write("etc/more.conf", "login_greeting = hello\n")
        self.assertEqual(self.run_convert("dovecot", conf).returncode, 1)
        result = self.run_convert("dovecot", "--root", self.dir, conf)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn('greeting       = "hello"  # more.conf:1 login_greeting', result.stdout)

    def test_mistakes_have_their_line(self):
        cases = (("service {\n", "d.conf:1: a section is not closed"),
                 ("a = b\n!include none.conf\n", "d.conf:2: cannot include"),
                 ("passdb {\n driver = sql\n args = /none\n}\n", "d.conf:3: cannot read the file"),
                 ("ssl_cert = </c\nfirst_valid_uid = 4294967295\n", "the result has a mistake"))
        for text, said in cases:
            conf = self.write("d.conf", text)
            result = self.run_convert("dovecot", conf)
            self.assertEqual(result.returncode, 1, text)
            self.assertIn(said, result.stderr)
        self.assertEqual(self.run_convert("dovecot", self.dir / "none").returncode, 1)
        for args in ((), ("dovecot",), ("exchange", "/x"), ("dovecot", "/x", "/y"), ("dovecot", "--replace", "/x"),
                     ("dovecot", "--what", "/x")):
            self.assertEqual(self.run_convert(*args).returncode, 64, args)

    def test_everything_has_a_counterpart(self):
        conf = self.write("d.conf", "protocols = pop3\nssl = no\nmail_location = maildir:/srv/%u\n")
        result = self.run_convert("dovecot", conf)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("Without a counterpart", result.stderr)

    def test_json(self):
        conf = self.write("d.conf", 'login_greeting = "hi"\nimap_id_log = x\nsslcert = y\n')
        result = self.run_convert("dovecot", "--json", conf)
        self.assertEqual((result.returncode, result.stderr), (2, ""))
        told = json.loads(result.stdout)
        self.assertIn({"database": None, "name": "greeting", "value": '"hi"', "list": False,
                       "from": "d.conf:1 login_greeting"}, told["settings"])
        notes = {note["setting"]: note for note in told["notes"]}
        self.assertEqual((notes["imap_id_log"]["kind"], notes["imap_id_log"]["line"]), ("needless", 2))
        self.assertEqual((notes["sslcert"]["kind"], notes["sslcert"]["file"]), ("none", str(conf)))


if __name__ == "__main__":
    main()
