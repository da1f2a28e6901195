// Arguments in, exit code out (0 fine, 1 refused):
//   client --metadata-dir D init ROOT
//   client --metadata-dir D --metadata-url U refresh
//   client --metadata-dir D --metadata-url U download --target-name N --target-base-url B --target-dir T
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createHttpFetch, downloadTarget, openStore, UpdateClient } from '@moult/releases/client';
import { parseMetadata } from '@moult/releases/metadata';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'metadata-dir': { type: 'string' },
    'metadata-url': { type: 'string' },
    'target-name': { type: 'string', multiple: true },
    'target-base-url': { type: 'string' },
    'target-dir': { type: 'string' },
  },
});

try {
  await run();
} catch (error) {
  console.error(error instanceof Error ? `${error.name}: ${error.message}` : error);
  process.exitCode = 1;
}

async function run(): Promise<void> {
  const directory = required('metadata-dir');
  const [command, root] = positionals;
  if (command === 'init') return init(directory, root);
  const fetch = createHttpFetch({ userAgent: 'moult-conformance', limits: { tries: 1 } });
  const client = new UpdateClient({
    store: openStore(directory, undefined),
    fetch,
    metadataUrls: [required('metadata-url')],
    now: () => new Date(),
    mode: 'strict',
  });
  await client.refresh();
  if (command === 'refresh') return;
  if (command !== 'download') throw new Error(`unknown command ${command}`);
  const folder = required('target-dir');
  for (const name of values['target-name'] ?? []) {
    const target = await client.find(name);
    if (!target) throw new Error(`no role names the target ${name}`);
    const file = join(folder, encodeURIComponent(name));
    await downloadTarget(target, file, {
      fetch,
      targetUrls: [required('target-base-url')],
      consistent: client.root.consistent_snapshot === true,
      keepPartial: false,
    });
  }
}

function init(directory: string, root: string | undefined): void {
  if (root === undefined) throw new Error('init needs the file of a root');
  const bytes = readFileSync(root);
  parseMetadata('root', bytes);
  mkdirSync(directory, { recursive: true });
  openStore(directory, undefined).save('root', bytes);
}

function required(name: 'metadata-dir' | 'metadata-url' | 'target-base-url' | 'target-dir'): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
}
