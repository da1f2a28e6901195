// The real server under wrong clocks (Debian's faketime), and real agents that were installed before and after: all of
// them are served in every state, no key is lost, no event is deleted, and each state is said.
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const moult = fileURLToPath(new URL('../../cli/bin/moult.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'moult-clocks-'));
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const yearsAhead = (years: number) => `${new Date().getUTCFullYear() + years}-12-20 12:00:00`;
const clocks = {
  'in 1990': '1990-01-01 00:00:00',
  'ten years ahead': yearsAhead(10),
  '31 years ahead': yearsAhead(31),
};

interface Served {
  url: string;
  /** What the terminal was told. */
  said: string;
  /** The headlines of the home page's notices. */
  notices: string[];
}

/** Runs `moult serve` with the clock at `at` (undefined: the right one) while `work` lasts, and stops it. */
async function serving(
  dataDir: string,
  at: string | undefined,
  work: (served: Served) => Promise<void>,
): Promise<void> {
  const flags = ['serve', '--host', '127.0.0.1', '--port', '0', '--self-update-port', 'off', '--data-dir', dataDir];
  const env = at === undefined ? process.env : { ...process.env, ...(await fakeClock(at)) };
  const child = spawn(process.execPath, [moult, ...flags], { stdio: ['ignore', 'pipe', 'pipe'], env });
  running.add(child);
  let said = '';
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    let out = '';
    child.once('error', reject);
    child.stderr?.on('data', (piece) => {
      // A server without accounts names the link that makes the first one, whatever its clock says.
      said += String(piece).replace(/^To administer this server.*\n/m, '');
    });
    child.stdout?.on('data', (piece) => {
      out += piece;
      const address = /^ready (http:\S+)$/m.exec(out)?.[1];
      if (address) resolve(address);
    });
    void exit.then((code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
  try {
    const home = (await (await fetch(`${url}/api/home`)).json()) as { notices: { headline: string }[] };
    await work({ url, said, notices: home.notices.map(({ headline }) => headline) });
  } finally {
    child.kill('SIGTERM');
  }
  assert.equal(await exit, 0, said);
  running.delete(child);
}

/**
 * What a process needs to see another time: the library's own variables, without the wrapper around it, which passes no
 * signal on. The time that processes measure their waiting by stays, as with a real clock that is set.
 */
async function fakeClock(at: string): Promise<NodeJS.ProcessEnv> {
  const { stdout } = await promisify(execFile)('faketime', ['-f', `@${at}`, 'env']);
  const library = /^LD_PRELOAD=(.*)$/m.exec(stdout)?.[1];
  return { LD_PRELOAD: library, FAKETIME: `@${at}`, FAKETIME_DONT_FAKE_MONOTONIC: '1', TZ: 'UTC' };
}

const agent = async (...args: string[]): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [moult, 'agent', ...args]);
  return stdout + stderr;
};
const install = (root: string, url: string) =>
  agent('install', '--server', url, '--generation', 'sus', '--root', join(folder, root));

/** One detection: the agent fetches and verifies what the server signed. It must come to its end as the WSUS client. */
async function isServed(root: string, url: string): Promise<void> {
  await agent('install', '--server', url, '--generation', 'wsus', '--root', join(folder, root)).catch(() => undefined);
  assert.match(await agent('run', '--once', '--now', '--root', join(folder, root)), /Detection finished/, root);
  assert.match(await agent('status', '--root', join(folder, root)), /^WSUS client/m, root);
}

/** The next start has to sign the ident files again, under the clock of then. */
function forgetIdents(dataDir: string): void {
  rmSync(join(dataDir, 'self-update', 'ident'), { recursive: true });
}

function keysIn(dataDir: string): Map<string, string> {
  const keys = join(dataDir, 'keys');
  return new Map(readdirSync(keys).map((name) => [name, readFileSync(join(keys, name), 'latin1')]));
}

function eventsIn(dataDir: string): Promise<string> {
  const args = [moult, 'events', '--kind', 'self-update', '--json', '--limit', '1000', '--data-dir', dataDir];
  return promisify(execFile)(process.execPath, args).then(({ stdout }) => stdout);
}

describe('a server whose clock is right first', () => {
  const dataDir = join(folder, 'right');
  let made: Map<string, string>;
  let events: number;
  const countEvents = async () => (await eventsIn(dataDir)).match(/"activity"/g)?.length ?? 0;

  it('serves an agent, and has nothing to say', async () => {
    await serving(dataDir, undefined, async ({ url, said, notices }) => {
      await install('early', url);
      assert.match(await agent('run', '--once', '--now', '--root', join(folder, 'early')), /Detection finished/);
      assert.deepEqual([said, notices], ['', []]);
    });
    made = keysIn(dataDir);
    events = await countEvents();
    assert.ok(events > 0);
  });

  for (const [words, at] of Object.entries(clocks)) {
    it(`serves the agent ${words}, says so, and keeps every key and event`, async () => {
      forgetIdents(dataDir);
      await serving(dataDir, at, async ({ url, said, notices }) => {
        await isServed('early', url);
        assert.ok(notices.length > 0);
        for (const headline of notices) assert.ok(said.includes(headline), headline);
        assert.match(notices[0] ?? '', /^The clock of this server/);
      });
      assert.deepEqual(keysIn(dataDir), made);
      assert.ok((await countEvents()) >= events);
    });
  }

  it('back again, nothing is left of it', async () => {
    await serving(dataDir, undefined, async ({ url, said, notices }) => {
      await isServed('early', url);
      assert.deepEqual([said, notices], ['', []]);
    });
    assert.deepEqual(keysIn(dataDir), made);
  });
});

for (const [words, at] of Object.entries(clocks)) {
  describe(`a server that starts first ${words}`, () => {
    const dataDir = join(folder, words.replaceAll(' ', '-'));
    const root = `${words} agent`;
    it('serves an agent, and says so', async () => {
      await serving(dataDir, at, async ({ url, said, notices }) => {
        await install(root, url);
        assert.match(await agent('run', '--once', '--now', '--root', join(folder, root)), /Detection finished/);
        assert.match(notices[0] ?? '', /^The clock of this server/);
        assert.ok(said.includes(notices[0] ?? ''));
      });
    });

    it('serves that agent and a new one when the clock is right, with the same keys', async () => {
      const made = keysIn(dataDir);
      forgetIdents(dataDir);
      await serving(dataDir, undefined, async ({ url, notices }) => {
        await isServed(root, url);
        await install(`${root} later`, url);
        await isServed(`${root} later`, url);
        assert.deepEqual(notices, []);
      });
      assert.deepEqual(keysIn(dataDir), made);
    });
  });
}
