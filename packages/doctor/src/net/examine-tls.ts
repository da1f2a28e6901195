// The answers of a TLS port to old and new clients.
import { RequestError } from '../errors.ts';
import { type DoctorReport, makeReport } from '../report/report.ts';
import { readCa } from './ca.ts';
import { collectTlsFacts } from './tls.ts';
import { observeTls } from './tls-rungs.ts';

export interface TlsOptions {
  /** A file of certificates that the clients trust. */
  ca?: string;
}

/** Shakes hands once per TLS version. Throws RequestError for a text that is not an address. */
export async function examineTls(address: string, options: TlsOptions): Promise<DoctorReport> {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address.replace(/^http:/i, 'https:') : `https://${address}`;
  if (!URL.canParse(text) || new URL(text).protocol !== 'https:')
    throw new RequestError(`"${address}" is not an address; for example https://server:8531`);
  const url = new URL(text);
  const ca = readCa(options.ca);
  const facts = await collectTlsFacts(url, { ca, timeoutMs: 6_000 });
  const looked = facts.attempts.map(({ version, connected, cipher, code, message }) => ({
    what: `${url.origin} ${version.replace('TLSv', 'TLS ')}`,
    result: connected ? `yes, ${cipher}` : `no, ${code} ${message}`.trim(),
  }));
  return makeReport(url.origin, observeTls(facts, new Date()), looked);
}
