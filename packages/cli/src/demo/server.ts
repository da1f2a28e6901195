// The demo's server: the real one, in this process, on free unprivileged ports and with a data directory of its own.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@moult/administration/config';
import { repositoryFile } from '@moult/disk';
import { openLog, startServer } from '@moult/server';

export interface DemoServer {
  url: string;
  /** The operator's CA, as an administrator hands it to a new computer. */
  operatorCertificate: Uint8Array;
  stop(): Promise<void>;
}

/** Throws what startServer throws, for instance when the port is taken. */
export async function startDemoServer(
  { port, releaseFolder }: { port: number; releaseFolder: string },
  dataDir: string,
): Promise<DemoServer> {
  const { config } = loadConfig({
    flags: {
      dataDir,
      port,
      host: '127.0.0.1',
      selfUpdatePort: 0,
      firstCatalog: 'samples',
      agentReleaseDir: releaseFolder,
      consoleDir: repositoryFile('packages/console/dist'),
      stopSeconds: 1,
    },
    environment: {},
  });
  const { log, close } = openLog({ dataDir, level: config.logLevel, toStdout: false });
  const parts = { now: () => new Date(), log, announce: () => undefined, approveSamples: true };
  const server = await startServer(config, parts);
  return {
    url: server.urls.main,
    operatorCertificate: readFileSync(join(dataDir, 'keys', 'operator-ca.cer.pem')),
    async stop() {
      await server.stop();
      close();
    },
  };
}
