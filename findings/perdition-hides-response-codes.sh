#!/bin/bash
# perdition, a POP3 proxy of Debian, tells a client that a login failed.
# A good guess: the client gets the server's reply, with its response code: [IN-USE] means "try again", [AUTH] "ask for another password".
# Seen: by default every refusal becomes "-ERR failed: Re-Authentication Failure", so that a locked maildrop looks like a wrong
# password. With --server_resp_line (-o), which the manual describes as being about success, the server's own refusal comes through.
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
import socket, subprocess, sys, threading

server = socket.create_server(("127.0.0.1", 0))


def serve():
    while True:
        peer, _ = server.accept()
        peer.sendall(b"+OK ready\r\n")
        for line in peer.makefile("rb"):
            peer.sendall(b"-ERR [IN-USE] another session has the maildrop\r\n" if line.startswith(b"PASS") else b"+OK\r\n")
        peer.close()


def refusal(*options):
    """What the client reads after PASS."""
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    inside, _ = listener.accept()
    proxy = subprocess.Popen(["root/usr/sbin/perdition.pop3", "-i", "-s", "127.0.0.1", "-p", str(server.getsockname()[1]),
                              "-f", "/dev/null", "-u", "nobody", "--ssl_mode", "none", "-M", "", *options],
                             stdin=inside, stdout=inside, stderr=subprocess.DEVNULL)
    client.settimeout(30)
    replies = client.makefile("rb")
    replies.readline()
    client.sendall(b"USER alice\r\n")
    replies.readline()
    client.sendall(b"PASS secret\r\n")
    line = replies.readline()
    proxy.kill()
    proxy.wait()
    return line.decode().strip()


threading.Thread(target=serve, daemon=True).start()
plain, passed = refusal(), refusal("-o")
print("expected:    -ERR [IN-USE] another session has the maildrop")
print("seen:       ", plain)
print("seen with -o:", passed)
sys.exit(0 if "[IN-USE]" not in plain and "[IN-USE]" in passed else 1)
END
