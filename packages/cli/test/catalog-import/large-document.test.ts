// The largest documents there are (47 MB) go through an import within 300 MB of memory. So does what they travel in: there a
// quarter of the length is enough to see what grows with it, against a lower limit. Each command is a process of its own,
// whose greatest memory the system tells.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { deriveCore, deriveExtended, deriveLocalized, parseUpdateDocument } from '@moult/catalog';
import { createCabinet } from '@moult/formats/cab';
import { openStore } from '@moult/store';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import { largeUpdate } from './large-update.ts';

const program = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const meter = new URL('peak-memory.mjs', import.meta.url).href;
const largest = { bytes: 47_000_000, limitKib: 300 * 1024 };
/** One more copy of the text, in two bytes a character, is beyond the limit. An offline scan file has a pass of its own. */
const smaller = { bytes: 12_000_000, limitKib: 180 * 1024, scanLimitKib: 216 * 1024 };

let runs = 0;
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

interface Run {
  stdout: string;
  stderr: string;
  peakKib: number;
}

async function moult(...args: string[]): Promise<Run> {
  const peak = join(folder, `${++runs}.peak`);
  const env = { ...process.env, NODE_OPTIONS: `--import=${meter}`, PEAK_MEMORY: peak };
  // An update that is refused ends the command with 1.
  const run = await promisify(execFile)(process.execPath, [program, ...args, '--json'], { env }).catch(
    (error) => error,
  );
  return { stdout: String(run.stdout), stderr: String(run.stderr), peakKib: Number(readFileSync(peak, 'utf8')) };
}

/** `counts`: new, changed, unchanged, refused. */
async function importWithin(limitKib: number, path: string, dataDir: string, counts: number[]): Promise<void> {
  const run = await moult('catalog', 'import', path, '--data-dir', dataDir);
  const report = JSON.parse(run.stdout);
  assert.deepEqual([report.new, report.changed, report.unchanged, report.refused], counts, run.stderr);
  assert.ok(run.peakKib < limitKib, `${path}: ${run.peakKib} KiB`);
}

/** Cut anywhere, also inside of characters. */
function* encoded(texts: Iterable<string>, encoding: 'utf8' | 'utf16le'): Generator<Buffer> {
  for (const text of texts) {
    const bytes = Buffer.from(text, encoding);
    yield bytes.subarray(0, 3);
    yield bytes.subarray(3);
  }
}

const text = (components = 'a') => largeUpdate(smaller.bytes, { components });

function* record(): Generator<string> {
  let length = 0;
  for (const piece of text()) length += piece.length;
  yield `00000000-0000-0000-0000-00000000000a,000000c8,${length.toString(16).padStart(8, '0')},`;
  yield* text();
  yield '\r\n';
}

function* nested(): Generator<string> {
  yield '<ExportPackage><Updates><Update>';
  yield* text();
  yield '</Update></Updates></ExportPackage>';
}

/** An offline scan file with nothing but this update. */
function scan(): Buffer {
  const document = parseUpdateDocument([...text()].join(''));
  const modified = new Date(0);
  const member = (name: string, fragment: string | undefined) => ({
    name,
    bytes: Buffer.from(fragment ?? ''),
    modified,
  });
  const fragments = [
    member('c\\1', deriveCore(document)),
    member('x\\1', deriveExtended(document)),
    member('l\\en\\1', deriveLocalized(document, 'en')),
  ];
  const inner = { name: 'package2.cab', bytes: createCabinet(fragments, { compression: 'mszip' }), modified };
  return Buffer.from(createCabinet([inner], { compression: 'mszip' }));
}

async function written(name: string, bytes: Iterable<Buffer>): Promise<string> {
  const path = join(folder, name);
  const packer = name.endsWith('.gz') ? [createGzip({ level: 1 })] : [];
  await pipeline([Readable.from(bytes), ...packer, createWriteStream(path)]);
  return path;
}

const isNew = [1, 0, 0, 0];
const { limitKib, scanLimitKib } = smaller;

describe('a large document is imported within its memory', { concurrency: 2 }, () => {
  it('47 MB, in UTF-8', async () => {
    const path = await written('largest.xml', encoded(largeUpdate(largest.bytes), 'utf8'));
    await importWithin(largest.limitKib, path, await serverIn('data-largest'), isNew);
  });

  it('in UTF-16', async () => {
    const path = await written('utf16.xml', encoded(largeUpdate(smaller.bytes / 2), 'utf16le'));
    await importWithin(limitKib, path, await serverIn('data-utf16'), isNew);
  });

  it('as the fragments of an offline scan file', async () => {
    await importWithin(scanLimitKib, await written('scan.cab', [scan()]), await serverIn('data-scan'), isNew);
  });

  it('inside of another document', async () => {
    const path = await written('nested.xml.gz', encoded(nested(), 'utf8'));
    await importWithin(limitKib, path, await serverIn('data-nested'), isNew);
  });

  it('as a record of an export package, once more as what is exported, and refused when another one has its identity', async () => {
    const dataDir = await serverIn('data-record');
    const other = await written('other.xml', encoded(text('b'), 'utf8'));
    await importWithin(limitKib, await written('record.xml.gz', encoded(record(), 'utf8')), dataDir, isNew);
    const exported = join(folder, 'exported.cab');
    const { peakKib, stderr } = await moult('export', exported, '--data-dir', dataDir);
    assert.ok(peakKib < scanLimitKib, `export: ${peakKib} KiB ${stderr}`);
    await importWithin(limitKib, exported, dataDir, [0, 0, 1, 0]);
    await importWithin(limitKib, other, dataDir, [0, 0, 0, 1]);
  });
});
