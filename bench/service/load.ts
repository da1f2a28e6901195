// Machines at work: whole check-ins over kept connections, with the time of each request.
import { Agent, request as httpRequest } from 'node:http';
import { decodeXpress } from '@moult/formats/xpress';
import { type MachineScan, reportedUpdates } from './machines.ts';
import { type Request, requests, scanEvents } from './requests.ts';

export interface Machine {
  id: string;
  name: string;
  scan: MachineScan;
  /** The cookie of its last visit. Undefined on a fresh one. */
  oldCookie: string | undefined;
}

export interface Measured {
  /** Milliseconds of each request. */
  times: number[];
  statuses: Map<number, number>;
  bytes: number;
}

export interface Load {
  measured: Measured;
  /** A machine that was here a day ago: ten requests. */
  checkIn(machine: Machine): Promise<void>;
  /** A machine that knows nothing: its whole scan. */
  firstScan(machine: Machine): Promise<void>;
  send(request: Request): Promise<Buffer>;
  close(): void;
}

export function createLoad(url: string): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const measured: Measured = { times: [], statuses: new Map(), bytes: 0 };

  const send = ({ path, action, body }: Request): Promise<Buffer> => {
    const begun = performance.now();
    const headers = {
      ...{ 'content-type': 'text/xml; charset=utf-8', soapaction: action, 'accept-encoding': 'xpress' },
      'user-agent': 'Windows-Update-Agent/1507.2601.30012.0 Client-Protocol/2.90',
      'content-length': Buffer.byteLength(body),
    };
    return new Promise((resolve, reject) => {
      const sent = httpRequest(url + path, { method: 'POST', agent, headers }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => {
          measured.times.push(performance.now() - begun);
          const status = response.statusCode ?? 0;
          measured.statuses.set(status, (measured.statuses.get(status) ?? 0) + 1);
          const bytes = Buffer.concat(pieces);
          measured.bytes += bytes.length;
          const text = () => lastBlocks(bytes, response.headers['content-encoding']);
          if (status === 200) resolve(text());
          else reject(new Error(`${action} was answered with ${status}: ${bytes.toString().slice(0, 500)}`));
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  };

  /** Up to and including RegisterComputer. Answers the cookie. */
  const begin = async ({ id, name, oldCookie }: Machine): Promise<string> => {
    const lastChange = find(await send(requests.config()), 'LastChange');
    const authorization = find(await send(requests.authorization(id, name)), 'CookieData');
    const cookie = find(await send(requests.cookie(authorization, lastChange, oldCookie)), 'EncryptedData');
    await send(requests.register(cookie, name));
    return cookie;
  };

  const finish = async ({ id, scan }: Machine, cookie: string): Promise<void> => {
    const last = find(await send(requests.drivers(cookie, scan.all)), 'EncryptedData');
    await send(requests.extended(last, scan.toShow));
    await send(requests.report(last, id, scanEvents(updateIds)));
  };

  return {
    measured,
    send,
    async checkIn(machine) {
      const { lacking, all } = machine.scan;
      let cookie = await begin(machine);
      for (const lists of [lacking, all, all]) {
        cookie = find(await send(requests.sync(cookie, lists)), 'EncryptedData');
      }
      await finish(machine, cookie);
    },
    async firstScan(machine) {
      let cookie = await begin(machine);
      for (const page of machine.scan.pages) {
        cookie = find(await send(requests.sync(cookie, page)), 'EncryptedData');
      }
      await finish(machine, cookie);
    },
    close: () => agent.destroy(),
  };
}

export async function atOnce(count: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, work));
}

/** Forgets the figures of the time when everything was warming up. */
export function forget(measured: Measured): void {
  measured.times.length = 0;
  measured.statuses.clear();
}

const updateIds = Array.from(
  { length: reportedUpdates },
  (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`,
);

/** The end of the text is enough for a machine that knows the rest. That part is unpacked. */
function lastBlocks(bytes: Buffer, encoding: string | undefined): Buffer {
  if (encoding !== 'xpress') return bytes;
  const starts: number[] = [];
  for (let at = 0; at < bytes.length; at += 8 + bytes.readUInt32LE(at + 4)) starts.push(at);
  const end = bytes.subarray(starts.at(-2) ?? 0);
  return Buffer.from(decodeXpress(end, { maxBytes: 1_000_000 }, 'wusp'));
}

function find(text: Buffer, element: string): string {
  const begin = text.indexOf(`<${element}>`) + element.length + 2;
  if (begin < element.length + 2) throw new Error(`There is no ${element} in ${text.subarray(0, 500)}`);
  return text.toString('latin1', begin, text.indexOf('</', begin));
}
