// The proof over TLS (RFC 8737) on the port of HTTPS. The authority asks for the protocol `acme-tls/1` and must get a
// certificate of its own kind. All other clients get the usual one. Node chooses a certificate before it knows the
// protocol. So, while an order waits, the first message of each connection decides who answers it.
import type { Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import { createSecureContext, createServer, type Server } from 'node:tls';
import type { Challenges } from './challenges.ts';

export type ShownCertificates = Pick<Challenges, 'certificateFor' | 'hasCertificates'>;

/** In the ClientHello a protocol has its length before its name (RFC 7301). */
const asked = Buffer.from('\x0aacme-tls/1', 'latin1');

/** Call it right after `server` was made. Without an order under way it costs nothing. */
export function openAlpnDoor(server: HttpsServer, shown: ShownCertificates, waitMs: number): void {
  const usual = server.listeners('connection') as ((socket: Socket) => void)[];
  const proving = createProvingServer(shown, waitMs);
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const take = () => {
      for (const listener of usual) listener.call(server, socket);
    };
    if (!shown.hasCertificates()) return take();
    peek(socket, waitMs, (beginning) => {
      if (beginning.includes(asked)) proving.emit('connection', socket);
      else take();
    });
  });
}

/** Answers the handshake and nothing else. It listens nowhere. */
function createProvingServer(shown: ShownCertificates, waitMs: number): Server {
  const proving = createServer({
    ALPNProtocols: ['acme-tls/1'],
    handshakeTimeout: waitMs,
    SNICallback(name, done) {
      const certificate = shown.certificateFor(name);
      if (certificate) done(null, createSecureContext(certificate));
      else done(new Error('no order for this name'));
    },
  });
  proving.on('secureConnection', (socket) => {
    socket.on('error', () => socket.destroy());
    socket.setTimeout(waitMs, () => socket.destroy());
    socket.end();
  });
  proving.on('tlsClientError', (_error, socket) => socket.destroy());
  return proving;
}

/** The first message, which stays readable. One that does not send it within the time is closed. */
function peek(socket: Socket, waitMs: number, found: (beginning: Buffer) => void): void {
  let beginning = Buffer.alloc(0);
  const give = () => {
    for (let next: Buffer | null = socket.read(); next !== null; next = socket.read())
      beginning = Buffer.concat([beginning, next]);
    if (!isWhole(beginning)) {
      socket.once('readable', give);
      return;
    }
    leave();
    socket.unshift(beginning);
    found(beginning);
  };
  const end = () => socket.destroy();
  const timer = setTimeout(end, waitMs);
  const leave = () => {
    clearTimeout(timer);
    socket.off('error', end);
    socket.off('end', end);
    socket.off('close', leave);
  };
  socket.on('error', end);
  socket.on('end', end);
  socket.on('close', leave);
  socket.once('readable', give);
}

/** A whole record of TLS (RFC 8446, 5.1), or bytes that are not the beginning of one. It may come in several packets. */
function isWhole(beginning: Buffer): boolean {
  if (beginning.length === 0) return false;
  if (beginning[0] !== handshake) return true;
  if (beginning.length < headBytes) return false;
  const length = beginning.readUInt16BE(3);
  return length > recordBytes || beginning.length >= headBytes + length;
}

const handshake = 22;
const headBytes = 5;
const recordBytes = 16_384;
