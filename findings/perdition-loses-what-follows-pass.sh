#!/bin/bash
# perdition, a POP3 proxy of Debian, hands a connection to the server behind it once that server has taken PASS.
# A good guess: what a client pipelined behind PASS goes to the server too, as nginx does it.
# Seen: perdition drops those octets. A client that sends USER, PASS, STAT and QUIT in one segment waits for ever;
# the server hears no STAT. Behind the login CAPA is the server's, so that clients see PIPELINING there and are right to use it.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
apt-get download -qq perdition=2.2-3.2+b1 libdb5.3=5.3.28+dfsg2-1 libgdbm6=1.23-3 libidn12=1.41-1 libnsl2=1.3.0-2 \
	libpopt0=1.19+dfsg-1 libvanessa-adt1=0.0.9-2+b2 libvanessa-logger0=0.0.10-3.1 libvanessa-socket2=0.0.13-1+b3 2>/dev/null
for package in *.deb; do dpkg -x "$package" root; done
LD_LIBRARY_PATH=$(find "$PWD/root" -name '*.so.*' -printf '%h\n' | sort -u | paste -sd:)
export LD_LIBRARY_PATH
root/usr/sbin/perdition.pop3 --help 2>&1 | head -1
python3 - <<'END'
import os, socket, subprocess, sys, threading

heard, noop = [], threading.Event()
server = socket.create_server(("127.0.0.1", 0))


def serve():
    peer, _ = server.accept()
    peer.sendall(b"+OK ready\r\n")
    for line in peer.makefile("rb"):
        heard.append(line.strip().decode())
        peer.sendall(b"+OK\r\n")
        if line.startswith(b"NOOP"):
            noop.set()


threading.Thread(target=serve, daemon=True).start()
listener = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(listener.getsockname())
inside, _ = listener.accept()
proxy = subprocess.Popen(["root/usr/sbin/perdition.pop3", "-i", "-s", "127.0.0.1", "-p", str(server.getsockname()[1]),
                          "-f", "/dev/null", "-u", "nobody", "--ssl_mode", "none", "-M", ""],
                         stdin=inside, stdout=inside, stderr=subprocess.DEVNULL)
client.settimeout(30)
replies = client.makefile("rb")
replies.readline()
client.sendall(b"USER alice\r\nPASS secret\r\nSTAT\r\n")
while b"You are so in" not in replies.readline():
    pass
# What follows the reply reaches the server: so STAT, which was sent before it, would have come first.
client.sendall(b"NOOP\r\n")
good = noop.wait(30)
proxy.kill()
proxy.wait()
print("expected at the server: USER PASS STAT NOOP")
print("seen at the server:    ", " ".join(line.split()[0] for line in heard))
sys.exit(0 if good and "STAT" not in heard else 1)
END
