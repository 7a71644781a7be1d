"""A Kerberos server on loopback, and its clients' side."""

import os
import shutil
import socket
import subprocess

from harness import IS_ROOT, free_port, wait_until

IS_HERE = bool(shutil.which("kinit")) and os.path.exists("/usr/sbin/krb5kdc")


class Realm:
    name = "POPLAR.TEST"

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.keytab, self.port = folder / "keytab", free_port()
        (folder / "krb5.conf").write_text(
            f"[libdefaults]\ndefault_realm = {self.name}\ndns_lookup_kdc = false\n"
            "dns_lookup_realm = false\ndns_canonicalize_hostname = false\nrdns = false\n"
            f"[realms]\n{self.name} = {{\n kdc = 127.0.0.1:{self.port}\n}}\n")
        (folder / "kdc.conf").write_text(
            f"[kdcdefaults]\nkdc_listen = 127.0.0.1:{self.port}\nkdc_tcp_listen = 127.0.0.1:{self.port}\n"
            f"[realms]\n{self.name} = {{\n database_name = {folder}/principal\n"
            f" key_stash_file = {folder}/stash\n acl_file = {folder}/acl\n}}\n")
        self.env = os.environ | {"KRB5_CONFIG": str(folder / "krb5.conf"), "KRB5CCNAME": f"FILE:{folder}/tickets",
                                 "KRB5_KDC_PROFILE": str(folder / "kdc.conf")}
        self.run("/usr/sbin/kdb5_util", "create", "-s", "-r", self.name, "-P", "master")
        for principal in ("alice", "carol", "bob/admin"):
            self.run("/usr/sbin/kadmin.local", "-q", f"addprinc -pw secret {principal}")
        for principal in ("imap/localhost", "pop/localhost"):
            self.run("/usr/sbin/kadmin.local", "-q", f"addprinc -randkey {principal}")
            self.run("/usr/sbin/kadmin.local", "-q", f"ktadd -k {self.keytab} {principal}")
        if IS_ROOT:
            shutil.chown(self.keytab, "daemon")
        self.kdc = subprocess.Popen(["/usr/sbin/krb5kdc", "-n"], env=self.env, stderr=subprocess.PIPE,
                                    stdout=subprocess.DEVNULL)
        wait_until(self.answers)

    def run(self, *command, **kwargs):
        return subprocess.run(command, env=self.env, check=True, capture_output=True, timeout=60, **kwargs)

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 5).close()
            return True
        except OSError:
            return False

    def ticket(self, principal):
        self.run("kinit", principal, input=b"secret\n")

    def end(self):
        self.kdc.terminate()
        self.kdc.wait()
        self.kdc.stderr.close()
