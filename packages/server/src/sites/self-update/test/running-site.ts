// Made for tests: the self-update site behind the real front on a real port, with a store of lists.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SelfUpdateEvent } from '../../../../../store/src/index.ts';
import { createAccessLog } from '../../../http/access-log/index.ts';
import { createFront } from '../../../http/front.ts';
import { listen } from '../../../http/listener.ts';
import { createSelfUpdateSite, type SelfUpdateSite } from '../index.ts';
import { makeKeys, type TestKeys, testNow, writeRelease } from './release-folder.ts';

export interface RunningSite {
  url: string;
  port: number;
  folder: string;
  dataDir: string;
  releaseDir: string;
  caFile: string;
  keys: TestKeys;
  site: SelfUpdateSite;
  events: SelfUpdateEvent[];
  counters: Map<string, number>;
  troubles: string[];
  stop(): Promise<void>;
}

export async function startSite(): Promise<RunningSite> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-self-update-'));
  const [dataDir, releaseDir, caFile] = [join(folder, 'data'), join(folder, 'releases'), join(folder, 'ca.pem')];
  writeRelease(releaseDir, 'sus', '5.4.0.1');
  writeRelease(releaseDir, 'wsus', '7.9.0.1');
  const keys = await makeKeys('Operator');
  writeFileSync(caFile, keys.ca.certificatePem);
  const events: SelfUpdateEvent[] = [];
  const counters = new Map<string, number>();
  const troubles: string[] = [];
  const site = await createSelfUpdateSite({
    dataDir,
    releaseDir,
    identity: keys.signer,
    now: () => testNow,
    onTrouble: (message) => troubles.push(message),
    admission: { admit: () => true },
    store: {
      forgetWriteMarks: async () => undefined,
      listKnownIds: async () => new Set(),
      recordSelfUpdateEvents: async (batch) => void events.push(...batch),
      addToCounters: async (amounts) => {
        for (const [name, value] of Object.entries(amounts)) counters.set(name, (counters.get(name) ?? 0) + value);
      },
    },
  });
  const accessLog = createAccessLog({ folder: join(dataDir, 'logs', 'W3SVC1'), now: () => new Date() });
  const log = { error: (...what: unknown[]) => troubles.push(JSON.stringify(what)) } as never;
  const { handle } = createFront({ listener: 'main', sites: [site], accessLog, log, now: () => new Date() });
  const limits = { maxConnections: 100, requestTimeoutMs: 5000, idleTimeoutMs: 5000 };
  const listener = await listen(handle, { host: '127.0.0.1', port: 0, limits });
  const { port } = listener;
  const stop = async () => {
    await listener.stop(100);
    await site.close();
    await accessLog.close();
    rmSync(folder, { recursive: true });
  };
  const url = `http://127.0.0.1:${port}`;
  return { url, port, folder, dataDir, releaseDir, caFile, keys, site, events, counters, troubles, stop };
}

/** Asks until `isTrue`, for at most half a minute. */
export async function eventually(isTrue: () => boolean | Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + 30_000;
  while (Date.now() < deadline) {
    if (await isTrue()) return true;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return false;
}
