import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { UpdateFile } from '@moult/catalog';
import { waitUntil } from '../../../../../scripts/wait-until.ts';
import { transportBounds } from '../../bounds.ts';
import { machineRoot } from '../../machine/machine-root.ts';
import { type ContentLimits, type DownloadParts, downloadFile } from './download.ts';
import { dropUnneeded, giveUpDownloads, nameOf } from './partial-downloads.ts';

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
  return {
    root,
    limits,
    userAgent: 'test',
    content: { maxFileBytes: 2 ** 40, reserveBytes: 0, maxPartialBytes: 2 ** 40, ...content },
  };
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
  // All of the disk: what is free of it changes while others write.
  const { blocks, bsize } = statfsSync(root.downloadFolder);
  const whole = blocks * bsize;
  const code = 'AGENT_DOWNLOAD_TOO_LARGE';
  await assert.rejects(downloadFile(parts({ maxFileBytes: 1000 }), url, fileOf(bytes)), {
    code,
    message: /MaxContent/,
  });
  const reserveBytes = whole - 1_000_000;
  await assert.rejects(downloadFile(parts({ reserveBytes }), url, fileOf(bytes)), { code, message: /bytes are free/ });
  await assert.rejects(downloadFile(parts(), url, fileOf(bytes, whole + 1)), { code });
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

describe('a download that was interrupted', () => {
  const file = fileOf(bytes);
  const partial = () => join(root.downloadFolder, `${nameOf(file)}.partial`);

  /** Answers ranges of `content`, as `tag`, and the whole when If-Range names another tag. */
  function tagged(content: Buffer, tag: string): typeof answer {
    return ({ headers }, response) => {
      const other = headers['if-range'] !== undefined && headers['if-range'] !== tag;
      const [, from = 0, to = 0] = /bytes=(\d+)-(\d+)/.exec(String(headers.range))?.map(Number) ?? [];
      if (other) return void response.writeHead(200, { ETag: tag }).end(content);
      response.writeHead(206, { ETag: tag, 'Content-Range': `bytes ${from}-${to}/${content.length}` });
      response.end(content.subarray(from, to + 1));
    };
  }

  async function interrupt(content: Buffer, tag: string): Promise<void> {
    const pieces = tagged(content, tag);
    answer = (request, response) => {
      if (ranges.length === 1) return pieces(request, response);
      response.destroy();
    };
    await assert.rejects(downloadFile(parts(), url, file), { code: 'AGENT_TRANSPORT_CUT' });
    ranges.length = 0;
  }

  it('goes on by the tag of the server when it has the same file still', async () => {
    await interrupt(bytes, '"one"');
    const seen: (string | undefined)[] = [];
    const same = tagged(bytes, '"one"');
    answer = (request, response) => {
      seen.push(request.headers['if-range']?.toString());
      same(request, response);
    };
    assert.ok(readFileSync(await downloadFile(parts(), url, file)).equals(bytes));
    assert.deepEqual(seen, ['"one"', '"one"']);
    assert.deepEqual(readdirSync(root.downloadFolder), [nameOf(file)]);
  });

  it('starts over when the file has changed, and takes the right one', async () => {
    await interrupt(Buffer.alloc(bytes.length, 7), '"wrong"');
    answer = tagged(bytes, '"right"');
    assert.ok(readFileSync(await downloadFile(parts(), url, file)).equals(bytes));
    assert.equal(ranges[1], 'bytes=0-1048575');
  });

  it('starts over, once, when what was there was another file, or the server has less', async () => {
    for (const left of [Buffer.alloc(1000, 1), bytes.subarray(0, 2_400_000)]) {
      writeFileSync(partial(), left);
      answer = (request, response) => {
        const isBeyond = left.length > 1000 && ranges.length === 1;
        return isBeyond ? void response.writeHead(416).end() : withRanges(request, response);
      };
      assert.ok(readFileSync(await downloadFile(parts(), url, file)).equals(bytes));
      rmSync(join(root.downloadFolder, nameOf(file)));
      ranges.length = 0;
    }
  });

  it('comes through servers that each have a tag of their own, because the digest decides', async () => {
    let turn = 0;
    answer = (request, response) => {
      turn += 1;
      tagged(bytes, `"server ${turn}"`)(request, response);
    };
    assert.ok(readFileSync(await downloadFile(parts(), url, file)).equals(bytes));
  });

  it('takes no weak tag for a promise', async () => {
    await interrupt(bytes, 'W/"one"');
    const seen: unknown[] = [];
    answer = (request, response) => {
      seen.push(request.headers['if-range']);
      withRanges(request, response);
    };
    await downloadFile(parts(), url, file);
    assert.deepEqual(seen, [undefined, undefined]);
  });

  it('goes on in the same call as long as each try brings more', async () => {
    answer = ({ headers }, response) => {
      const [, from = 0, to = 0] = /bytes=(\d+)-(\d+)/.exec(String(headers.range))?.map(Number) ?? [];
      response.writeHead(206, {
        'Content-Range': `bytes ${from}-${to}/${bytes.length}`,
        'Content-Length': to - from + 1,
      });
      if (to - from < 400_000) response.end(bytes.subarray(from, to + 1));
      else response.write(bytes.subarray(from, from + 400_000), () => response.destroy());
    };
    assert.ok(readFileSync(await downloadFile(parts(), url, file)).equals(bytes));
    answer = (_, response) => void response.destroy();
    rmSync(join(root.downloadFolder, nameOf(file)));
    ranges.length = 0;
    await assert.rejects(downloadFile(parts(), url, file), { code: 'AGENT_TRANSPORT_CUT' });
    assert.equal(ranges.length, 1, 'nothing came: the next detection tries again');
  });

  it('gives up on a server that sends a little and cuts, over and over', async () => {
    let time = 0;
    const clock = () => time;
    answer = ({ headers }, response) => {
      time += 60_000;
      const [, from = 0, to = 0] = /bytes=(\d+)-(\d+)/.exec(String(headers.range))?.map(Number) ?? [];
      const range = { 'Content-Range': `bytes ${from}-${to}/${bytes.length}`, 'Content-Length': to - from + 1 };
      response.writeHead(206, range).write(bytes.subarray(from, from + 15_000), () => response.destroy());
    };
    await assert.rejects(downloadFile({ ...parts(), clock }, url, file), { code: 'AGENT_TRANSPORT_CUT' });
    assert.equal(ranges.length, 1, '250 bytes a second are too few');
  });

  it('waits for a busy server as long as it asks, within bounds', async () => {
    const waits: number[] = [];
    const sleep = async (ms: number) => void waits.push(ms);
    answer = (request, response) => {
      if (ranges.length > 2) return withRanges(request, response);
      response.writeHead(503, { 'Retry-After': '7' }).end();
    };
    await downloadFile({ ...parts(), sleep }, url, file);
    assert.deepEqual(waits, [7000, 7000]);
    rmSync(join(root.downloadFolder, nameOf(file)));
    answer = (_, response) => void response.writeHead(429, { 'Retry-After': '3600' }).end();
    const refused = downloadFile({ ...parts(), sleep }, url, file);
    await assert.rejects(refused, { code: 'AGENT_TRANSPORT_STATUS', retryAfterMs: 3_600_000 });
    assert.equal(waits.length, 2);
  });

  it('a lie about the range is refused, whatever it is about', async () => {
    for (const range of [
      'bytes 0-9/10',
      'bytes 1-1048575/2500000',
      'bytes 0-1048575/2500001',
      'bytes 0-1048574/2500000',
      '',
    ]) {
      answer = (_, response) => {
        response.writeHead(206, { 'Content-Range': range }).end(bytes.subarray(0, 1_048_576));
      };
      await assert.rejects(downloadFile(parts(), url, file), { code: 'AGENT_DOWNLOAD_BAD_DIGEST' }, range);
      assert.equal(statSync(partial()).size, 0, `nothing is kept of ${range}`);
    }
  });

  it('goes on after kill -9, from the last byte that came', async () => {
    answer = (request, response) => {
      if (ranges.length === 1) return withRanges(request, response);
      response
        .writeHead(206, { 'Content-Range': `bytes 1048576-2097151/${bytes.length}` })
        .write(bytes.subarray(1_048_576, 1_500_000));
    };
    const [module, machine] = ['./download.ts', '../../machine/machine-root.ts'].map(
      (name) => new URL(name, import.meta.url).href,
    );
    const source =
      `const { downloadFile } = await import(${JSON.stringify(module)});` +
      `const { machineRoot } = await import(${JSON.stringify(machine)});` +
      `await downloadFile({ ...${JSON.stringify(parts())}, root: machineRoot(${JSON.stringify(folder)}) }, ${JSON.stringify(url)}, ${JSON.stringify(file)});`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: 'inherit' });
    const ended = new Promise((resolve) => child.once('close', resolve));
    try {
      await waitUntil('the child has 1.5 MB', () => existsSync(partial()) && statSync(partial()).size >= 1_500_000);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
    ranges.length = 0;
    answer = withRanges;
    assert.ok(readFileSync(await downloadFile(parts(), url, file)).equals(bytes));
    assert.equal(ranges[0], 'bytes=1500000-2499999');
  });
});

describe('unfinished downloads', () => {
  it('give way to each other: the oldest go, until few are left, with few bytes', async () => {
    // As an enemy leaves them: each download is cut off before its end.
    answer = (_, response) => void response.destroy();
    const files = Array.from({ length: 150 }, (_, at) => fileOf(Buffer.from(`update ${at}`), 100_000));
    for (const [at, { sha1 }] of files.entries()) {
      const path = join(root.downloadFolder, `${Buffer.from(sha1, 'base64').toString('hex')}.partial`);
      writeFileSync(path, Buffer.alloc(50_000));
      writeFileSync(`${path}.json`, '{}');
      utimesSync(path, at, at);
    }
    await assert.rejects(downloadFile(parts({ maxPartialBytes: 1_000_000 }), url, fileOf(bytes)));
    const left = readdirSync(root.downloadFolder);
    const kept = left.filter((name) => name.endsWith('.partial') && !name.startsWith(nameOf(fileOf(bytes))));
    assert.equal(kept.length, 20);
    assert.ok(kept.includes(`${nameOf(files.at(-1) as UpdateFile)}.partial`) && left.length <= 43);
    rmSync(root.downloadFolder, { recursive: true });
    mkdirSync(root.downloadFolder);
    for (const { sha1 } of files)
      writeFileSync(join(root.downloadFolder, `${Buffer.from(sha1, 'base64').toString('hex')}.partial`), '1');
    await assert.rejects(downloadFile(parts(), url, fileOf(bytes)));
    assert.ok(readdirSync(root.downloadFolder).length <= transportBounds.maxPartialFiles + 2);
  });

  it('stop when something else fills the disk, and what came stays', async () => {
    let free = 0;
    answer = (request, response) => {
      const { bavail, bsize } = statfsSync(root.downloadFolder);
      free = bavail * bsize;
      withRanges(request, response);
    };
    const content = parts().content;
    // The reserve grows out of reach after the first piece, as free space would shrink.
    const growing = {
      ...content,
      get reserveBytes() {
        return ranges.length === 0 ? 0 : free * 2;
      },
    };
    await assert.rejects(downloadFile({ ...parts(), content: growing }, url, fileOf(bytes)), {
      code: 'AGENT_DOWNLOAD_TOO_LARGE',
      message: /is not fetched further: only \d+ bytes are free/,
    });
    assert.equal(statSync(join(root.downloadFolder, `${nameOf(fileOf(bytes))}.partial`)).size, 1_048_576);
  });

  it('all give way to the agent itself', () => {
    for (const name of ['a', `${nameOf(fileOf(bytes))}.partial`]) writeFileSync(join(root.downloadFolder, name), 'x');
    assert.equal(giveUpDownloads(root), true);
    assert.equal(existsSync(root.downloadFolder), false);
    assert.equal(giveUpDownloads(root), false);
    mkdirSync(root.downloadFolder);
  });
});

it('files that nothing needs any more are removed, finished or not, the others stay', () => {
  const file = fileOf(bytes);
  const other = nameOf(fileOf(Buffer.from('another')));
  const kept = [`${nameOf(file)}.partial`, `${nameOf(file)}.partial.json`, nameOf(file), 'Install', 'readme.txt'];
  for (const name of [...kept, other, `${other}.partial`, `${other}.partial.json`, '00.partial'])
    writeFileSync(join(root.downloadFolder, name), 'x');
  dropUnneeded(root, [file]);
  assert.deepEqual(readdirSync(root.downloadFolder).sort(), kept.sort());
  rmSync(root.downloadFolder, { recursive: true });
  dropUnneeded(root, []);
  assert.ok(!existsSync(root.downloadFolder));
});
