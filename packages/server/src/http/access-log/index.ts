// The access log, as IIS 8 to 10 write it by default (W3C extended, u_exYYMMDD.log, UTC): the administrator's own tools
// and the doctor read it. One line per answer, written within a second. A full disk never stops the server.
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { ServerConfig } from '@moult/administration/config';
import type { ServerClock } from '@moult/store/clock';
import { boundedByDisk } from '../../log/retention.ts';
import type { Admission } from '../limits/admission.ts';
import type { Exchange } from '../site.ts';
import { escapeField, stemOf } from './fields.ts';
import { type AccessLogBounds, createLogFile } from './log-file.ts';
import { createRefusalCount, fieldsOfBeginning, type Refusal } from './refused.ts';

export { noteOutcome, outcomeOf } from './outcome.ts';
export type { Refusal } from './refused.ts';

interface SentAnswer {
  status: number;
  substatus: number;
  win32: number;
  /** Of the body. Not among the default fields of IIS. Taken so that a fuller field set needs no other caller. */
  bytes: number;
  timeTakenMs: number;
}

interface LoggedExchange extends Pick<Exchange, 'request' | 'query'> {
  /** By the word of a trusted proxy. Default: whoever has the connection. */
  clientAddress?: string | undefined;
}

export interface AccessLog {
  /** Notes both ends of a connection while it has them: a client that goes away takes its address along. */
  meet(socket: Socket): void;
  /** Notes one answer. Never throws, never waits. */
  record(exchange: LoggedExchange, sent: SentAnswer): void;
  /** Notes what never became a request. Of a burst the first are lines, the rest a `#Remark` with their number. */
  recordRefusal(refusal: Refusal): void;
  /** While held (little space is left), lines are counted and not written. */
  hold(isHeld: boolean): void;
  /** Writes what is not yet written. */
  close(): Promise<void>;
}

interface AccessLogOptions {
  /** One folder per listener, W3SVC1 and so on. Made when missing. */
  folder: string;
  now: () => Date;
  /** How much each client may write into it. Default: as much as it likes. */
  admission?: Pick<Admission, 'admit'>;
  /** Told once when the log cannot be written, and once when it can again. */
  onTrouble?: (message: string) => void;
  /** Without them, files grow and stay. */
  bounds?: AccessLogBounds;
}

interface Ends {
  server: string;
  port: string;
  address: string | undefined;
}

/** Lines about what never became a request, of one second. */
const refusalLines = 100;

/** Field names in the order of IIS 8 to 10. */
export const accessLogFields =
  'date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) ' +
  'sc-status sc-substatus sc-win32-status time-taken';

/** The folder names of the listeners, as IIS numbers its sites. */
export const accessLogFolders = { main: 'W3SVC1', 'self-update': 'W3SVC2', tls: 'W3SVC3', admin: 'W3SVC4' } as const;

/** Bounds of the access logs of a server, by its settings and its clock. */
export function accessLogBounds(
  { dataDir, accessLogDays, accessLogMib }: Pick<ServerConfig, 'dataDir' | 'accessLogDays' | 'accessLogMib'>,
  clock: Pick<ServerClock, 'now' | 'ageingNow'>,
): AccessLogBounds {
  const budgetBytes = boundedByDisk(accessLogMib * 1_048_576, dataDir);
  return {
    folders: Object.values(accessLogFolders).map((name) => join(dataDir, 'logs', name)),
    retention: () => ({ budgetBytes, days: accessLogDays, now: clock.now(), ageingNow: clock.ageingNow() }),
  };
}

/** Opens the log of one listener. The file is made with the first line. */
export function createAccessLog(options: AccessLogOptions): AccessLog {
  const { folder, now, admission, onTrouble = () => undefined, bounds } = options;
  const clock = createClock(now);
  const refusals = createRefusalCount(refusalLines);
  const { remark } = refusals;
  const file = createLogFile({ folder, directives: () => directives(clock().stamp), remark, onTrouble, bounds });
  const ends = new WeakMap<Socket, Ends>();

  const meet = (socket: Socket): Ends => {
    const known = ends.get(socket);
    if (known) return known;
    const { localAddress, localPort = '-', remoteAddress } = socket;
    const met = { server: addressOf(localAddress), port: String(localPort), address: remoteAddress };
    ends.set(socket, met);
    return met;
  };

  return {
    meet: (socket) => void meet(socket),
    record({ request, query, clientAddress }, sent) {
      const { stamp, day } = clock();
      const { server, port, address: connected } = meet(request.socket);
      const address = clientAddress ?? connected;
      const { headers, method = '-', url = '' } = request;
      const line =
        `${stamp} ${server} ${escapeField(method)} ${escapeField(stemOf(url))} ${escapeField(query)} ${port} - ${addressOf(address)} ` +
        `${escapeField(headers['user-agent'])} ${escapeField(headers.referer)} ` +
        `${sent.status} ${sent.substatus} ${sent.win32} ${Math.round(sent.timeTakenMs)}\r\n`;
      if (admission?.admit('access-log-bytes', address, line.length) !== false) file.append(day, line);
    },
    recordRefusal({ socket, status, win32, beginning }) {
      if (!refusals.admit()) return;
      const { stamp, day } = clock();
      const { localAddress, localPort = '-', remoteAddress } = socket;
      file.append(
        day,
        `${stamp} ${addressOf(localAddress)} ${fieldsOfBeginning(beginning)} ${localPort} - ` +
          `${addressOf(remoteAddress)} - - ${status} 0 ${win32} 0\r\n`,
      );
    },
    hold: (isHeld) => file.hold(isHeld),
    close: () => file.close(),
  };
}

function directives(stamp: string): string {
  return (
    `#Software: Moult, in the format of Microsoft Internet Information Services 10.0\r\n#Version: 1.0\r\n` +
    `#Date: ${stamp}\r\n#Fields: ${accessLogFields}\r\n`
  );
}

/** Date and time in UTC, made again once a second. */
function createClock(now: () => Date): () => { stamp: string; day: string } {
  let second = -1;
  let current = { stamp: '', day: '' };
  return () => {
    const date = now();
    const present = Math.floor(date.getTime() / 1000);
    if (present !== second) {
      second = present;
      const text = date.toISOString();
      current = { stamp: `${text.slice(0, 10)} ${text.slice(11, 19)}`, day: text.slice(2, 10).replaceAll('-', '') };
    }
    return current;
  };
}

function addressOf(text: string | undefined): string {
  return text === undefined ? '-' : text.replace(/^::ffff:(?=\d+\.)/i, '');
}
