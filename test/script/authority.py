"""A certificate authority in a folder: certificates, revocation lists, OCSP responses."""

import os
import pathlib
import subprocess


def openssl(*args):
    return subprocess.run(["openssl", *args], check=True, capture_output=True).stdout


class Authority:
    """A self-signed one or, with a signer, one whose certificate the signer issues."""

    def __init__(self, folder, name="Root", signer=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.signer = signer
        self.cert, self.key = self.folder / "ca.pem", self.folder / "ca.key"
        self.config = self.folder / "ca.cnf"
        (self.folder / "index").write_text("")
        (self.folder / "index.attr").write_text("unique_subject = no\n")
        (self.folder / "crlnumber").write_text("01\n")
        self.config.write_text(
            f"[ca]\ndefault_ca=c\n[c]\ndatabase={self.folder}/index\nnew_certs_dir={self.folder}\n"
            f"rand_serial=yes\ndefault_md=sha256\npolicy=p\ncrlnumber={self.folder}/crlnumber\n"
            "default_crl_days=30\nemail_in_dn=no\nutf8=yes\n[p]\ncommonName=supplied\n")
        if signer:
            self.cert, self.key = signer.issue(f"ca-{name}", f"/CN={name}",
                                               "basicConstraints=critical,CA:TRUE")
        else:
            openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", self.key, "-out", self.cert, "-subj", f"/CN={name}", "-days", "90",
                    "-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature")

    def issue(self, name, subject="/CN=localhost", ext="subjectAltName=DNS:localhost", kind="ec",
              dates=("-days", "60")):
        """A certificate, its issuers behind it where they are not the root, and its key."""
        cert, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        csr, ext_file = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        algorithm = (["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec"
                     else ["rsa", "-pkeyopt", "rsa_keygen_bits:2048"])
        openssl("req", "-new", "-newkey", *algorithm, "-nodes", "-keyout", key, "-out", csr,
                "-subj", subject, "-utf8")
        ext_file.write_text(ext + "\n")
        openssl("ca", "-batch", "-config", self.config, "-keyfile", self.key, "-cert", self.cert,
                "-in", csr, "-out", cert, "-notext", "-extfile", ext_file, *dates)
        cert.write_text(cert.read_text() + self.chain())
        return cert, key

    def chain(self):
        """What stands behind a certificate of ours: ourselves and so on, but for the root."""
        return self.cert.read_text() if self.signer else ""

    def expired(self, name, **kwargs):
        return self.issue(name, dates=("-startdate", "20200101000000Z", "-enddate",
                                       "20200102000000Z"), **kwargs)

    def revoke(self, cert):
        openssl("ca", "-config", self.config, "-keyfile", self.key, "-cert", self.cert,
                "-revoke", cert)

    def crl(self):
        return openssl("ca", "-config", self.config, "-keyfile", self.key, "-cert", self.cert,
                       "-gencrl").decode()

    def ocsp(self, cert, days=7):
        """The response about a certificate, in DER."""
        out = self.folder / "response.der"
        openssl("ocsp", "-index", self.folder / "index", "-CA", self.cert, "-rsigner", self.cert,
                "-rkey", self.key, "-issuer", self.cert, "-cert", cert, "-no_nonce",
                "-ndays", str(days), "-noverify", "-respout", out)
        return out.read_bytes()


def replace(path, contents):
    """As a whole, by a rename."""
    new = pathlib.Path(f"{path}.new")
    new.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    os.rename(new, path)
