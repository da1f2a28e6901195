// A stranger on the same machine swaps a folder of the target for a link while `moult cab extract` writes to it.
import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createCabinet } from '@moult/formats/cab';

const moult = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const swapFolder = fileURLToPath(new URL('../../../disk/src/test/swap-folder.ts', import.meta.url));

test('nothing is extracted through the link, however often it is swapped', {
  skip: process.platform === 'win32',
}, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'moult-swapped-'));
  const elsewhere = join(folder, 'elsewhere');
  const swapped = join(folder, 'out', 'sub');
  for (const one of [elsewhere, swapped]) mkdirSync(one, { recursive: true });
  // Small members are written in one go, large ones by way of a partial file that is renamed.
  const members = Array.from({ length: 2000 }, (_, at) => ({
    name: `sub\\${at % 3 === 0 ? 'deep\\' : ''}${at}.txt`,
    bytes: at % 500 === 0 ? Buffer.alloc(2 ** 20 + 1, at) : Buffer.from(`member ${at}`),
    modified: new Date(),
  }));
  writeFileSync(join(folder, 'many.cab'), createCabinet(members, { compression: 'none' }));
  const stranger = fork(swapFolder, [swapped, elsewhere]);
  // The stranger first: a folder that somebody goes on swapping cannot be removed.
  context.after(async () => {
    if (stranger.exitCode === null && stranger.signalCode === null) {
      stranger.kill('SIGKILL');
      await once(stranger, 'exit');
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  let swaps = 0;
  stranger.on('message', (count) => {
    swaps = Number(count);
  });
  let [extracted, refused] = [0, 0];
  for (let run = 0; run < 5 || swaps < 2000 || extracted === 0 || refused === 0; run++) {
    assert.equal(stranger.exitCode, null, 'the stranger gave up');
    const child = spawn(process.execPath, [moult, 'cab', 'extract', 'many.cab', '--to', 'out', '--json'], {
      cwd: folder,
    });
    const parts: Buffer[] = [];
    child.stdout.on('data', (part) => parts.push(part));
    child.stderr.resume();
    await once(child, 'close');
    const { cabinets, errors } = JSON.parse(Buffer.concat(parts).toString('utf8'));
    extracted += cabinets[0].members.length;
    refused += errors.length;
    assert.deepEqual(readdirSync(elsewhere), [], 'a member was written through the link');
  }
});
