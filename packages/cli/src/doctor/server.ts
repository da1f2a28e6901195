// moult doctor server URL and moult doctor tls URL: from the outside.
import { examineTls, type TlsOptions } from '@moult/doctor/net';
import { parseServerUrl, reportServer, type ServerOptions } from '@moult/doctor/server';
import { deliver, ProgressLine, type ReportOptions } from './deliver.ts';

export { parseServerUrl };

/** Asks the server and delivers the report. */
export async function doctorServer(address: string, options: ServerOptions & ReportOptions): Promise<void> {
  const url = parseServerUrl(address);
  const progress = new ProgressLine();
  const report = await reportServer(url, options, (text) => progress.show(() => text));
  progress.end();
  deliver(report, options);
}

/** Shakes hands once per TLS version and delivers the report. */
export async function doctorTls(address: string, options: TlsOptions & ReportOptions): Promise<void> {
  deliver(await examineTls(address, options), options);
}
