// The server's side of bench/static-file.ts: the real front, access log, self-update site and file serving, in a process
// of its own. Prints its URL.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOperatorCa, createOperatorSigner } from '@moult/formats/authenticode';
import { createAccessLog } from '../../packages/server/src/http/access-log/index.ts';
import { createFront } from '../../packages/server/src/http/front.ts';
import { listen } from '../../packages/server/src/http/listener.ts';
import type { Site } from '../../packages/server/src/http/site.ts';
import { createOpenFiles, serveFile } from '../../packages/server/src/http/static-file/index.ts';
import { createSelfUpdateSite } from '../../packages/server/src/sites/self-update/index.ts';

const folder = process.argv[2] ?? '.';
const now = () => new Date();

const ca = await createOperatorCa({ commonName: 'Bench CA', now: now() });
const identity = await createOperatorSigner(ca, { commonName: 'Bench signing', now: now() });
const releaseDir = join(folder, 'releases');
mkdirSync(releaseDir);
writeFileSync(join(folder, 'ca.pem'), ca.certificatePem);

const selfUpdate = await createSelfUpdateSite({
  dataDir: join(folder, 'data'),
  releaseDir,
  identity,
  store: {
    recordSelfUpdateEvents: async () => undefined,
    addToCounters: async () => undefined,
    forgetWriteMarks: async () => undefined,
    listKnownIds: async () => new Set(),
  },
  admission: { admit: () => true },
  now,
  onTrouble: (message) => console.error(message),
});
const openFiles = createOpenFiles();
const content: Site = {
  name: 'content',
  listeners: ['main'],
  matches: ({ route }) => route.startsWith('/content/'),
  serve: (exchange) => {
    const file = { folder: join(folder, 'content'), name: 'file.bin', contentType: 'application/octet-stream' };
    return serveFile(exchange, file, openFiles);
  },
};
const log = { error: (...what: unknown[]) => console.error(...what) } as never;
const accessLog = createAccessLog({ folder: join(folder, 'logs'), now });
const { handle } = createFront({ listener: 'main', sites: [selfUpdate, content], accessLog, log, now });
const limits = { maxConnections: 1000, requestTimeoutMs: 60_000, idleTimeoutMs: 60_000 };
const { port } = await listen(handle, { host: '127.0.0.1', port: 0, limits });
console.log(`http://127.0.0.1:${port}`);
