#!/bin/bash
# mutt logs in over TLS at a POP3 server that offers SCRAM-SHA-256-PLUS beside SCRAM-SHA-256 and USER.
# A good guess: mutt, which is built with GNU SASL, binds to the channel, or passes the mechanism over and takes the next.
# Seen: it sends AUTH SCRAM-SHA-256-PLUS, cancels with "*", and does not read the server's answer to that. So it takes that -ERR
# for the answer to its next command, USER, and gives up: a right password does not get in while the mechanism is offered. Without
# the -PLUS in CAPA the same mutt goes on from a refused AUTH to USER and PASS.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq mutt=2.2.12-0.1~deb12u2 libtokyocabinet9=1.4.48-15 libgpgme11=1.18.0-3+deb12u1 libgsasl18=2.2.0-1+deb12u2 \
	libgssglue1=0.7-1.1 libntlm0=1.6-4 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$PWD/root/usr/lib/$(uname -m)-linux-gnu
export LD_LIBRARY_PATH TERM=vt100 HOME=$work
root/usr/bin/mutt -v | head -1
openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost 2>/dev/null
python3 - <<'END'
import os, pty, socket, ssl, subprocess, sys, threading

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")


def session(listener, mechanisms, heard, done):
    """Offers the mechanisms; lets USER and PASS in, and refuses what AUTH begins."""
    peer = context.wrap_socket(listener.accept()[0], server_side=True)
    peer.sendall(b"+OK ready\r\n")
    inside = False
    for line in peer.makefile("rb"):
        word = line.strip().decode()
        heard.append(word if inside else word.split(" ")[0] + (" " + word.split(" ")[1] if word.startswith("AUTH") else ""))
        if inside:
            inside = False
            peer.sendall(b"-ERR that is over\r\n")
        elif word.startswith("CAPA"):
            peer.sendall(b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\nSASL " + mechanisms + b"\r\n.\r\n")
        elif word.startswith("AUTH") and len(word.split()) > 1 and word.split()[1].endswith("-PLUS"):
            inside = True
            peer.sendall(b"+ \r\n")
        elif word.startswith("AUTH"):
            peer.sendall(b"-ERR not now\r\n")
        elif word.startswith("STAT"):
            peer.sendall(b"+OK 0 0\r\n")
        elif word.startswith("UIDL"):
            peer.sendall(b"+OK\r\n.\r\n")
        else:
            peer.sendall(b"+OK\r\n")
    done.set()


def dialogue(mechanisms):
    listener, heard, done = socket.create_server(("127.0.0.1", 0)), [], threading.Event()
    threading.Thread(target=session, args=(listener, mechanisms, heard, done), daemon=True).start()
    with open("rc", "w") as rc:
        rc.write(f'set pop_user=alice\nset pop_pass=secret\nset ssl_ca_certificates_file="{os.getcwd()}/cert.pem"\n'
                 'set certificate_file=~/none\nset pop_checkinterval=0\n'
                 'set pop_reconnect=no\nset pop_delete=no\nset folder=~\nset quit=yes\n')
    master, slave = pty.openpty()
    mutt = subprocess.Popen(["root/usr/bin/mutt", "-n", "-F", "rc", "-f", f"pops://alice@localhost:{listener.getsockname()[1]}/",
                             "-e", "push q"], stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)

    def read():
        try:
            while os.read(master, 65536):
                pass
        except OSError:
            pass

    threading.Thread(target=read, daemon=True).start()
    done.wait(60)
    mutt.kill()
    mutt.wait()
    return heard


plus = dialogue(b"SCRAM-SHA-256-PLUS SCRAM-SHA-256")
print("expected with -PLUS offered: ... USER PASS STAT")
print("seen with -PLUS offered:    ", " ".join(plus))
plain = dialogue(b"SCRAM-SHA-256")
print("seen without -PLUS:         ", " ".join(plain))
sys.exit(0 if "AUTH SCRAM-SHA-256-PLUS" in plus and "PASS" not in plus and "STAT" not in plus and "STAT" in plain else 1)
END
