// One question to a web server, as a client asks it: is a cabinet there, or the file of the status pings?

import { createHash } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { readCabinet } from '@moult/formats/cab';
import { treeBounds } from '../../bounds.ts';

export interface CabinetProbe {
  path: string;
  /** For people: `200, a cabinet of 9,414 bytes`, `404`, `no answer (ECONNREFUSED)`. */
  answer: string;
  fine: boolean;
  status: number | undefined;
  /** The system's word for a failed connection. */
  errorCode: string | undefined;
  /** The server's own name. */
  server: string;
  contentType: string;
  /** SHA-256 of the cabinet, hexadecimal. '' without one. */
  digest: string;
}

/** Never rejects. TLS certificates are not judged: the question is whether the file is there. */
export function probeCabinet(at: { host: string; port: number; path: string; secure: boolean }): Promise<CabinetProbe> {
  const { host, port, path, secure } = at;
  return new Promise((resolve) => {
    const failed = (errorCode: string) =>
      resolve({
        path,
        answer: `no answer (${errorCode})`,
        fine: false,
        status: undefined,
        errorCode,
        server: '',
        contentType: '',
        digest: '',
      });
    const options = {
      host,
      port,
      path,
      agent: false,
      timeout: treeBounds.probeMs,
      headers: { 'User-Agent': 'Moult-Health-Check' },
    };
    const request = secure ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options);
    const overall = setTimeout(
      () => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })),
      treeBounds.probeMs,
    );
    request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    request.on('error', (error) => failed('code' in error ? String(error.code) : error.message));
    request.on('close', () => clearTimeout(overall));
    request.on('response', (response) => {
      collect(response).then(
        (body) => resolve(judge(path, response, body)),
        (error: Error) => failed('code' in error ? String(error.code) : error.message),
      );
    });
    request.end();
  });
}

async function collect(response: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response) {
    length += part.length;
    if (length > treeBounds.maxProbeBytes) throw new Error('answer too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function judge(path: string, { statusCode: status, headers }: IncomingMessage, body: Buffer): CabinetProbe {
  const contentType = headers['content-type'] ?? '';
  const base = { path, status, errorCode: undefined, server: String(headers.server ?? ''), contentType, digest: '' };
  if (status !== 200) return { ...base, answer: String(status), fine: false };
  // The file of the status pings: any 200 is success for a client, whatever is in it.
  if (!path.endsWith('.cab')) return { ...base, answer: '200', fine: true };
  try {
    readCabinet(body);
    const digest = createHash('sha256').update(body).digest('hex');
    return { ...base, digest, answer: `200, a cabinet of ${body.length.toLocaleString('en')} bytes`, fine: true };
  } catch {
    const what = /html/i.test(contentType) ? 'a web page in place of the cabinet' : 'not a cabinet';
    return { ...base, answer: `200, but ${what}`, fine: false };
  }
}
