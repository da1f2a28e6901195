// One HTTP exchange of a client of the floods, from an address of this machine.
import { type Agent, request as httpRequest } from 'node:http';
import type { Request } from '../service/requests.ts';

export interface Answer {
  status: number;
  body: string;
}

/** Sends a SOAP request, or a GET for a path alone. Rejects when the connection breaks. */
export function send(url: string, agent: Agent, asked: Request | string): Promise<Answer> {
  const { path, action, body } = typeof asked === 'string' ? { path: asked, action: '', body: undefined } : asked;
  const headers = body !== undefined && {
    'content-type': 'text/xml; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    soapaction: action,
  };
  return new Promise((resolve, reject) => {
    const options = { method: body === undefined ? 'GET' : 'POST', agent, headers: { ...headers } };
    const sent = httpRequest(url + path, options, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString() }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The text of the first element of this name. */
export function textOf(name: string, { status, body }: Answer): string {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(body)?.[1];
  if (found === undefined) throw new Error(`There is no ${name} in an answer with status ${status}.`);
  return found;
}
