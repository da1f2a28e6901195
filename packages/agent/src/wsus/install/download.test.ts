import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, it } from 'node:test';
import type { UpdateFile } from '@moult/catalog';
import { machineRoot } from '../../machine/machine-root.ts';
import { type ContentLimits, type DownloadParts, downloadFile, dropUnneeded } from './download.ts';

const bytes = Buffer.from(Array.from({ length: 2_500_000 }, (_, index) => (index * 7 + (index >> 9)) & 255));
const folder = mkdtempSync(join(tmpdir(), 'moult-download-'));
const root = machineRoot(folder);
const ranges: string[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let url = '';
const server = createServer((request, response) => {
  ranges.push(String(request.headers.range));
  answer(request, response);
});
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/Content/file`;
});
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  rmSync(root.downloadFolder, { recursive: true, force: true });
  mkdirSync(root.downloadFolder, { recursive: true });
  ranges.length = 0;
  answer = withRanges;
});

const limits = { silenceMs: 20_000, totalMs: 60_000, maxBytes: 1 };

function parts(content: Partial<ContentLimits> = {}): DownloadParts {
  return { root, limits, userAgent: 'test', content: { maxFileBytes: 2 ** 40, reserveBytes: 0, ...content } };
}

function fileOf(content: Buffer, sizeBytes = content.length): UpdateFile {
  const digest = (name: string) => createHash(name).update(content).digest('base64');
  return { fileName: 'file.cab', sizeBytes, sha1: digest('sha1'), sha256: digest('sha256') } as UpdateFile;
}

function withRanges({ headers }: IncomingMessage, response: ServerResponse): void {
  const [, from = 0, to = 0] = /bytes=(\d+)-(\d+)/.exec(String(headers.range))?.map(Number) ?? [];
  response.writeHead(206, { 'Content-Range': `bytes ${from}-${to}/${bytes.length}` });
  response.end(bytes.subarray(from, to + 1));
}

function whole(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
}

it('a file comes in closed ranges of one mebibyte, and is resumed where it stopped', async () => {
  const file = fileOf(bytes);
  const partial = join(root.downloadFolder, `${Buffer.from(file.sha1, 'base64').toString('hex')}.partial`);
  writeFileSync(partial, bytes.subarray(0, 1_100_000));
  const path = await downloadFile(parts(), url, file);
  assert.deepEqual(ranges, ['bytes=1100000-2148575', 'bytes=2148576-2499999']);
  assert.ok(readFileSync(path).equals(bytes));
});

it('a server without ranges is taken too, also in the middle', async () => {
  answer = whole;
  const file = fileOf(bytes);
  const partial = join(root.downloadFolder, `${Buffer.from(file.sha1, 'base64').toString('hex')}.partial`);
  writeFileSync(partial, bytes.subarray(0, 999));
  assert.ok(readFileSync(await downloadFile(parts(), url, file)).equals(bytes));
  assert.equal(ranges.length, 1);
});

it('a server that sends more than it was asked for is cut off, whatever size the metadata names', async () => {
  let sent = 0;
  answer = (_, response) => {
    response.writeHead(206, { 'Content-Range': 'bytes 0-1048575/6000000000' });
    const more = () => {
      while (!response.destroyed && response.write(bytes)) sent += bytes.length;
    };
    response.on('drain', more);
    more();
  };
  const before = process.memoryUsage.rss();
  await assert.rejects(downloadFile(parts(), url, fileOf(bytes, 6_000_000_000)), { code: 'AGENT_DOWNLOAD_BAD_DIGEST' });
  assert.ok(sent < 100_000_000, `${sent} bytes were sent`);
  assert.ok(process.memoryUsage.rss() - before < 150_000_000, 'nothing of it is held in memory');
});

it('what is larger than the limit, or than the disk without the reserve, is not begun', async () => {
  const { bavail, bsize } = statfsSync(root.downloadFolder);
  const free = bavail * bsize;
  const code = 'AGENT_DOWNLOAD_TOO_LARGE';
  await assert.rejects(downloadFile(parts({ maxFileBytes: 1000 }), url, fileOf(bytes)), {
    code,
    message: /MaxContent/,
  });
  const reserveBytes = free - 1_000_000;
  await assert.rejects(downloadFile(parts({ reserveBytes }), url, fileOf(bytes)), { code, message: /bytes are free/ });
  await assert.rejects(downloadFile(parts(), url, fileOf(bytes, free + 1)), { code });
  assert.deepEqual([ranges, readdirSync(root.downloadFolder)], [[], []]);
});

it('what came from another place of the file, or too short, is refused', async () => {
  answer = (_, response) => {
    response.writeHead(206, { 'Content-Range': 'bytes 5-9/10' }).end('abcde');
  };
  await assert.rejects(downloadFile(parts(), url, fileOf(bytes)), { code: 'AGENT_DOWNLOAD_BAD_DIGEST' });
  answer = (_, response) => {
    response.writeHead(206, { 'Content-Range': 'bytes 0-1048575/2500000' }).end('short');
  };
  await assert.rejects(downloadFile(parts(), url, fileOf(bytes)), { code: 'AGENT_DOWNLOAD_BAD_DIGEST' });
});

it('unfinished files that nothing will go on with are removed, the others stay', () => {
  const file = fileOf(bytes);
  const kept = `${Buffer.from(file.sha1, 'base64').toString('hex')}.partial`;
  for (const name of [kept, '00.partial', 'done']) writeFileSync(join(root.downloadFolder, name), 'x');
  dropUnneeded(root, [file]);
  assert.deepEqual(readdirSync(root.downloadFolder).sort(), [kept, 'done'].sort());
  rmSync(root.downloadFolder, { recursive: true });
  dropUnneeded(root, []);
  assert.ok(!existsSync(root.downloadFolder));
});
