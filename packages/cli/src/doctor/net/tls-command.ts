// moult doctor tls URL: what a TLS port shows to clients old and new.
import { UsageError } from '../../terminal.ts';
import { deliver, type ReportOptions } from '../report/deliver.ts';
import { makeReport } from '../report/report.ts';
import { readCa } from './ca.ts';
import { collectTlsFacts } from './tls.ts';
import { observeTls } from './tls-rungs.ts';

export interface TlsOptions extends ReportOptions {
  ca?: string;
}

/** Shakes hands once per TLS version and delivers the report. */
export async function doctorTls(address: string, options: TlsOptions): Promise<void> {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(address) ? address.replace(/^http:/i, 'https:') : `https://${address}`;
  if (!URL.canParse(text) || new URL(text).protocol !== 'https:')
    throw new UsageError(`"${address}" is not an address; for example https://server:8531`);
  const url = new URL(text);
  const ca = readCa(options.ca);
  const facts = await collectTlsFacts(url, { ca, timeoutMs: 6_000 });
  const looked = facts.attempts.map(({ version, connected, cipher, code, message }) => ({
    what: `${url.origin} ${version.replace('TLSv', 'TLS ')}`,
    result: connected ? `yes, ${cipher}` : `no, ${code} ${message}`.trim(),
  }));
  deliver(makeReport(url.origin, observeTls(facts, new Date()), looked), options);
}
