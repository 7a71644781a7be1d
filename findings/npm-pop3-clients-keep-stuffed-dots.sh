#!/bin/bash
# The POP3 clients of the npm registry fetch a message with a line that begins with a dot.
# A good guess: they take the dot away that the server put in front (RFC 1939 section 3) and return the mail as it is stored.
# Seen: node-pop3, yapople, mailpop3 and poplib all return the line with two dots and leave the last line end out: a stored
# signature no longer verifies, and a mail of dots grows. Three of them also lose octets above 127: node-pop3 and mailpop3 put
# U+FFFD in the place of Latin-1, poplib cuts the high bit off. yapople alone keeps them.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
echo '{"private": true}' >package.json
npm install --silent --no-fund --no-audit node-pop3@0.11.0 yapople@0.4.10 mailpop3@0.1.0 poplib@0.1.7 >/dev/null
for name in node-pop3 yapople mailpop3 poplib; do
	node -p "'$name ' + JSON.parse(require('fs').readFileSync('node_modules/$name/package.json')).version"
done
cat >fetch.mjs <<'END'
import net from 'net';
import { createRequire } from 'module';
const require = createRequire(import.meta.url);

const mail = Buffer.from('Subject: dots\r\n\r\n.one dot\r\ncaf\xe9\r\n', 'latin1');
const wire = Buffer.concat([Buffer.from('+OK\r\n'), Buffer.from(mail.toString('latin1').replace(/^\./gm, '..'), 'latin1'), Buffer.from('.\r\n')]);

const server = net.createServer((peer) => {
  peer.write('+OK ready\r\n');
  peer.on('error', () => {});
  peer.on('data', (data) => {
    for (const line of data.toString().split('\r\n').filter(Boolean)) {
      const word = line.split(' ')[0].toUpperCase();
      if (word === 'RETR') peer.write(wire);
      else if (word === 'STAT') peer.write('+OK 1 31\r\n');
      else peer.write('+OK\r\n');
      if (word === 'QUIT') peer.end();
    }
  });
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const port = server.address().port;

const clients = {
  async 'node-pop3'() {
    const { default: Client } = await import('node-pop3');
    const pop = new Client({ host: '127.0.0.1', port, user: 'alice', password: 'secret' });
    const text = await pop.RETR(1);
    await pop.QUIT();
    return text;
  },
  async yapople() {
    const { Client } = require('yapople');
    const pop = new Client({ host: '127.0.0.1', port, username: 'alice', password: 'secret', tls: false });
    await pop.connect();
    const text = await pop.retrieve(1);
    await pop.quit();
    return text;
  },
  older(name) {
    return new Promise((done) => {
      const Client = require(name);
      const pop = new Client(port, '127.0.0.1', { enabletls: false });
      pop.on('connect', () => pop.login('alice', 'secret'));
      pop.on('login', () => pop.retr(1));
      pop.on('retr', (status, number, text) => { pop.quit(); done(text); });
    });
  },
};
const shown = (text) => JSON.stringify(Buffer.isBuffer(text) ? text.toString('latin1') : text);
console.log('expected ', shown(mail));
let same = true;
const check = (name, text, kept) => {
  const seen = shown(text);
  console.log(name.padEnd(9), seen);
  same &&= seen.includes('\\r\\n..one dot') && !seen.endsWith('\\r\\n"') && seen.includes('café') === kept;
};
check('node-pop3', await clients['node-pop3'](), false);
check('yapople', await clients.yapople(), true);
check('mailpop3', await clients.older('mailpop3'), false);
check('poplib', await clients.older('poplib'), false);
process.exit(same ? 0 : 1);
END
timeout 60 node fetch.mjs
