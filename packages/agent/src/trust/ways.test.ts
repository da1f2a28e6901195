// No way leads from bytes of the network to behaviour but the operator's signature. Two halves: the places where a program
// is started, loaded or put into a version folder are few and known, and whatever a server sends, what is installed is signed.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ReleaseTarget } from '@moult/releases/metadata';
import { ensureRepository, Repository, releasePath } from '@moult/releases/repository';
import fc from 'fast-check';
import { AgentError } from '../errors.ts';
import { machineRoot } from '../machine/machine-root.ts';
import { nextRelease, type OperatorReleases, readOperatorReleases } from './operator-releases.ts';
import { fetchReleaseFile } from './release-file.ts';
import { openAttackedServer } from './test/attacked-server.ts';
import { pinTrustRoot } from './trust-root.ts';

const sources = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'moult-ways-'));
const stops: (() => void)[] = [];
after(() => {
  for (const stop of stops) stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The files of the agent that hold `pattern`, tests aside. */
function holding(pattern: RegExp): string[] {
  const names = readdirSync(sources, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'));
  const own = names.filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.includes('test/'));
  return own.filter((name) => pattern.test(readFileSync(join(sources, name), 'utf8'))).sort();
}

/** What is started there, and by whose word. The host starts programs of version folders, whose files it digests first. */
const starts = new Map([
  ['facts/command-exit.ts', 'CommandExit of a rule that is covered and approved'],
  ['machine/boot.ts', 'shutdown, who and quser with fixed arguments, or RestartCommand of this machine'],
  ['service/commands.ts', 'the service manager of this machine, for its administrator, with fixed arguments'],
  ['facts/packages.ts', 'package managers of this machine, with fixed arguments'],
  ['machine/windows-registry.ts', 'reg.exe, with fixed arguments'],
  ['wsus/install/install-revision.ts', 'the program of a covered and approved update'],
]);

describe('the ways to behaviour', () => {
  it('a program is started in known places only', () => {
    const found = holding(/from 'node:(child_process|vm|worker_threads|cluster)'/);
    assert.deepEqual(
      found.filter((name) => !starts.has(name) && !name.startsWith('host/')),
      [],
    );
    for (const name of starts.keys()) assert.ok(found.includes(name), `${name} starts nothing any more`);
    assert.deepEqual(holding(/\beval\(|new Function\(|process\.dlopen|\brequire\(/), []);
    assert.deepEqual(holding(/\bawait import\((?!['"])/), [], 'a module is loaded by a name that is made');
  });

  it('a release is opened behind a digest of the metadata, or the signature of the operator', () => {
    const openers = holding(/(?<!function )\bopenRelease\(/);
    assert.ok(openers.includes('self-update/covered.ts'));
    const behind = holding(/\b(fetchReleaseFile|requirePurpose)\(/);
    assert.deepEqual(
      openers.filter((name) => !behind.includes(name)),
      [],
    );
    assert.deepEqual(
      holding(/(?<!function )\bstageRelease\(/).filter(
        (name) => !/^(self-update\/(check|canary)\.ts|host\/)/.test(name),
      ),
      [],
    );
  });

  it('whatever a server and its mirrors send, what is installed is what the operator signed for an agent', async () => {
    const at = await bench();
    const names = [...at.server.snapshot().keys(), 'metadata/2.root.json', 'metadata/9.agent.json', 'trust-root.cab'];
    const answer = fc.oneof(
      fc.record({ kind: fc.constant('flip' as const), at: fc.nat(), mask: fc.integer({ min: 1, max: 255 }) }),
      fc.record({ kind: fc.constant('cut' as const), at: fc.nat() }),
      fc.record({ kind: fc.constant('other' as const), name: fc.constantFrom(...names) }),
      fc.record({ kind: fc.constant('old' as const) }),
      fc.record({ kind: fc.constant('status' as const), status: fc.constantFrom(401, 403, 404, 500, 503) }),
      fc.record({ kind: fc.constant('bytes' as const), bytes: fc.uint8Array({ maxLength: 200 }) }),
    );
    const plan = fc.array(fc.tuple(fc.constantFrom(...names), answer), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(plan, async (changes) => {
        const files = at.server.snapshot();
        const planned = new Map(changes);
        at.server.attack = (name, response) => {
          const how = planned.get(name);
          if (!how) return false;
          const bytes = Buffer.from(files.get(name) ?? Buffer.of());
          if (how.kind === 'status') response.writeHead(how.status);
          else if (how.kind === 'flip' && bytes.length > 0) {
            const place = how.at % bytes.length;
            bytes[place] = (bytes[place] ?? 0) ^ how.mask;
          }
          if (how.kind === 'cut') response.end(bytes.subarray(0, how.at % (bytes.length + 1)));
          else if (how.kind === 'other') response.end(files.get(how.name) ?? '');
          else if (how.kind === 'old') response.end(at.before.get(name) ?? '');
          else response.end(how.kind === 'bytes' ? how.bytes : bytes);
          return true;
        };
        const installed = await at.update();
        assert.ok(installed === undefined || at.signed.has(installed), 'bytes that nobody signed were taken');
      }),
      { numRuns: 200 },
    );
    at.server.attack = undefined;
    assert.ok(
      at.signed.has((await at.update()) ?? ''),
      'and nothing that came keeps the agent from the genuine release',
    );
  });
});

const start = new Date('2026-12-01T00:00:00Z');
const digestOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** An agent that has pinned the root; the repository also has a host, a canary and an update, which are no agents. */
async function bench() {
  const directory = join(folder, 'trust');
  ensureRepository(directory, start);
  const repository = new Repository(directory);
  const add = (product: string, version: string) => {
    const numbers = { product, generation: 'wsus', epoch: 0, version, platform: 'any' };
    const ours: ReleaseTarget = { kind: 'release', ...numbers, floors: [], deltas: [] };
    const bytes = Buffer.from(`${product} ${version}`);
    repository.add('agent', releasePath(ours, '.cab'), bytes, ours, start);
    return digestOf(bytes);
  };
  const publish = () => {
    repository.signWithOwnKeys();
    repository.publish(start);
  };
  const signed = new Set([add('moult-agent', '2.0.0.0')]);
  for (const product of ['moult-host', 'moult-canary']) add(product, '9.0.0.0');
  publish();
  const server = await openAttackedServer(directory);
  stops.push(server.close);
  const before = server.snapshot();
  signed.add(add('moult-agent', '3.0.0.0'));
  publish();
  const root = machineRoot(join(folder, 'machine'));
  pinTrustRoot(root, readFileSync(join(directory, 'public', 'metadata', '1.root.json')));
  const limits = { silenceMs: 30_000, totalMs: 30_000, maxBytes: 1_000_000 };
  const source = { server: server.url, userAgent: 'test', operatorCaPem: '', limits, now: () => start };
  const current = { epoch: 0, version: '1.0.0.0' };
  const how = (operator: OperatorReleases) => ({
    ...{ ...operator, root, into: join(root.folder, 'release.cab'), fresh: true },
    note: () => undefined,
  });
  /** The digest of what the agent would install; undefined for none. */
  const update = async (): Promise<string | undefined> => {
    try {
      const operator = await readOperatorReleases(root, source, { pins: true });
      const chosen = nextRelease(operator, { product: 'moult-agent', generation: 'wsus', current });
      if (!chosen) return undefined;
      return digestOf((await fetchReleaseFile(chosen, source, how(operator))).bytes);
    } catch (error) {
      if (error instanceof AgentError) return undefined;
      throw error;
    }
  };
  return { server, before, signed, update };
}
