// moult doctor content and moult doctor self: the server's own end of the ladder.
import { examineContent, examineSelf } from '@moult/doctor/home';
import { verifyTree } from '@moult/server/tree';
import type { ServerOptions } from '../server-flags.ts';
import { requireServer } from '../server-options.ts';
import { deliver, ProgressLine, type ReportOptions } from './deliver.ts';

export type HomeOptions = ServerOptions & ReportOptions & { selfUpdatePort?: string };

/** Checks the content folder and delivers the report. */
export async function doctorContent(options: HomeOptions): Promise<void> {
  const progress = new ProgressLine();
  const report = await examineContent(requireServer(options), (text) => progress.show(() => text));
  progress.end();
  deliver(report, options);
}

/** Checks this server and delivers the report. */
export async function doctorSelf(options: HomeOptions): Promise<void> {
  const server = requireServer(options);
  const { selfUpdatePort } = options;
  const configuredPort = String(server.config.selfUpdatePort);
  deliver(await examineSelf(server, { verifyTree, selfUpdatePort, configuredPort }), options);
}
