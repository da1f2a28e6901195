// Syslog messages (RFC 5424), and the ways that carry them: UDP (RFC 5426), TCP with counted octets (RFC 6587), TLS (RFC 5425).
import { createSocket } from 'node:dgram';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SyslogTarget } from '@moult/administration/config';
import { ServerError } from '@moult/store/errors';

interface SyslogMessage {
  at: Date;
  /** Of this server. */
  host: string;
  /** The kind of message, such as audit. */
  kind: string;
  text: string;
}

interface SyslogLine {
  /** Settles when the system took the message. Rejects when it did not, or not in time. */
  send(message: SyslogMessage): Promise<void>;
  close(): void;
}

/** Facility 13 (log audit), severity 5 (notice). */
const priority = 13 * 8 + 5;

/** The octets of a message. Control characters of the text are escaped, so that it stays one line. */
export function encodeSyslog({ at, host, kind, text }: SyslogMessage, processId: number): Buffer {
  const name = host.replace(/[^\x21-\x7e]/g, '').slice(0, 255) || '-';
  const head = `<${priority}>1 ${at.toISOString()} ${name} moult ${processId} ${kind} - `;
  const escaped = text.replace(/\p{Cc}/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  // The mark says that the text is UTF-8.
  return Buffer.from(`${head}\ufeff${escaped}`);
}

interface LineOptions {
  /** Certificates (PEM) that certify the other side, in place of those of the system. */
  ca?: string | undefined;
  timeoutMs: number;
}

/** Opens a way when the first message wants it, and again after it broke. */
export function openSyslog(target: SyslogTarget, options: LineOptions): SyslogLine {
  return target.way === 'udp' ? overUdp(target) : overStream(target, options);
}

function overUdp({ host, port }: SyslogTarget): SyslogLine {
  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4').unref();
  // A refusal that comes back later belongs to no message.
  socket.on('error', () => undefined);
  return {
    send: (message) =>
      new Promise((resolve, reject) =>
        socket.send(encodeSyslog(message, process.pid), port, host, (error) => (error ? reject(error) : resolve())),
      ),
    close: () => socket.close(),
  };
}

function overStream(target: SyslogTarget, { ca, timeoutMs }: LineOptions): SyslogLine {
  let open: Promise<Socket> | undefined;
  const forget = (socket?: Socket) => {
    socket?.destroy();
    open = undefined;
  };
  return {
    async send(message) {
      open ??= connected(target, ca, timeoutMs);
      const socket = await open.catch((error) => {
        forget();
        throw error;
      });
      if (socket.destroyed) {
        forget(socket);
        throw new ServerError('SERVER_REFUSED', `${target.host}:${target.port} closed the connection.`);
      }
      const bytes = encodeSyslog(message, process.pid);
      await written(socket, Buffer.concat([Buffer.from(`${bytes.length} `), bytes]), timeoutMs).catch((error) => {
        forget(socket);
        throw error;
      });
    },
    close: () => void open?.then((socket) => socket.destroy()).catch(() => undefined),
  };
}

function connected({ way, host, port }: SyslogTarget, ca: string | undefined, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket =
      way === 'tls' ? connectTls({ host, port, ...name, ...(ca !== undefined && { ca }) }) : connect({ host, port });
    const late = setTimeout(() => socket.destroy(new Error(`${host}:${port} does not answer`)), timeoutMs);
    socket.once(way === 'tls' ? 'secureConnect' : 'connect', () => {
      clearTimeout(late);
      resolve(socket);
    });
    socket.on('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    // Nothing is said to a sender of messages. Octets that come are passed over.
    socket.resume();
    socket.once('end', () => socket.destroy());
    socket.unref();
  });
}

function written(socket: Socket, bytes: Buffer, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the other side takes no more messages')), timeoutMs);
    socket.write(bytes, (error) => {
      clearTimeout(late);
      if (error) reject(error);
      else resolve();
    });
  });
}
