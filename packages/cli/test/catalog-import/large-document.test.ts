// The largest documents there are (47 MB) go through an import within 300 MB of memory, in every container that they
// travel in. Each command is a process of its own, whose greatest memory the system tells.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { deriveCore, deriveExtended, deriveLocalized, parseUpdateDocument } from '@moult/catalog';
import { createCabinet } from '@moult/formats/cab';
import { openStore } from '@moult/store';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import { largeUpdate } from './large-update.ts';

const program = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const meter = new URL('peak-memory.mjs', import.meta.url).href;
const documentBytes = 47_000_000;
const limitKib = 300 * 1024;

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'moult-large-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function serverIn(name: string): Promise<string> {
  const dataDir = join(folder, name);
  const now = new Date();
  await loadOrCreateOperatorKeys(dataDir, { now, isClockBelieved: true });
  await (await openStore(join(dataDir, 'moult.sqlite'), { now: () => now })).close();
  return dataDir;
}

function importing(path: string, dataDir: string): { counts: number[]; peakKib: number; stderr: string } {
  const peak = join(folder, 'peak');
  const args = [program, 'catalog', 'import', path, '--data-dir', dataDir, '--json'];
  const env = { ...process.env, NODE_OPTIONS: `--import=${meter}`, PEAK_MEMORY: peak };
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  const report = JSON.parse(stdout);
  const counts = [report.new, report.changed, report.unchanged, report.refused];
  return { counts, peakKib: Number(readFileSync(peak, 'utf8')), stderr };
}

/** Cut anywhere, also inside of characters. */
function* encoded(texts: Iterable<string>, encoding: 'utf8' | 'utf16le'): Generator<Buffer> {
  for (const text of texts) {
    const bytes = Buffer.from(text, encoding);
    yield bytes.subarray(0, 3);
    yield bytes.subarray(3);
  }
}

function* record(): Generator<string> {
  let length = 0;
  for (const text of largeUpdate(documentBytes)) length += text.length;
  yield `00000000-0000-0000-0000-00000000000a,000000c8,${length.toString(16).padStart(8, '0')},`;
  yield* largeUpdate(documentBytes);
  yield '\r\n';
}

function* nested(): Generator<string> {
  yield '<ExportPackage><Updates><Update>';
  yield* largeUpdate(documentBytes);
  yield '</Update></Updates></ExportPackage>';
}

/** An offline scan file with nothing but this update. */
function scan(): Buffer {
  const document = parseUpdateDocument([...largeUpdate(documentBytes)].join(''));
  const modified = new Date(0);
  const member = (name: string, text: string | undefined) => ({ name, bytes: Buffer.from(text ?? ''), modified });
  const fragments = [
    member('c\\1', deriveCore(document)),
    member('x\\1', deriveExtended(document)),
    member('l\\en\\1', deriveLocalized(document, 'en')),
  ];
  const nested = { name: 'package2.cab', bytes: createCabinet(fragments, { compression: 'mszip' }), modified };
  return Buffer.from(createCabinet([nested], { compression: 'mszip' }));
}

const containers: [what: string, name: string, bytes: () => Iterable<Buffer>, isGzip: boolean][] = [
  ['a document in UTF-8', 'utf8.xml', () => encoded(largeUpdate(documentBytes), 'utf8'), false],
  ['a document in UTF-16', 'utf16.xml', () => encoded(largeUpdate(documentBytes / 2), 'utf16le'), false],
  ['a record of an export package', 'record.xml.gz', () => encoded(record(), 'utf8'), true],
  ['the fragments of an offline scan file', 'scan.cab', () => [scan()], false],
  ['a document inside of another one', 'nested.xml.gz', () => encoded(nested(), 'utf8'), true],
];

describe('a document of 47 MB', () => {
  for (const [what, name, bytes, isGzip] of containers) {
    it(`is imported within 300 MB of memory: ${what}`, async () => {
      const path = join(folder, name);
      await pipeline([Readable.from(bytes()), ...(isGzip ? [createGzip({ level: 1 })] : []), createWriteStream(path)]);
      const dataDir = await serverIn(`data-${name}`);
      const first = importing(path, dataDir);
      assert.deepEqual(first.counts, [1, 0, 0, 0], first.stderr);
      assert.ok(first.peakKib < limitKib, `${first.peakKib} KiB`);
      if (name !== 'utf8.xml') return;
      const again = importing(path, dataDir);
      assert.deepEqual(again.counts, [0, 0, 1, 0], again.stderr);
      assert.ok(again.peakKib < limitKib, `${again.peakKib} KiB the second time`);
      rmSync(path);
    });
  }

  it('is refused within 300 MB when another one has its identity', async () => {
    const dataDir = await serverIn('data-conflict');
    const path = join(folder, 'conflict.xml');
    for (const [components, counts] of [
      ['a', [1, 0, 0, 0]],
      ['b', [0, 0, 0, 1]],
    ] as const) {
      await pipeline(
        Readable.from(encoded(largeUpdate(documentBytes, { components }), 'utf8')),
        createWriteStream(path),
      );
      const run = importing(path, dataDir);
      assert.deepEqual([run.counts, run.peakKib < limitKib], [counts, true], `${run.peakKib} KiB ${run.stderr}`);
    }
  });
});
