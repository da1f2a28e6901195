// kill -9 for real, and bytes that nobody thought of.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import { RepositorySimulator } from '../../test/repository-simulator.ts';
import { serve, simulatedFetch } from '../../test/simulated-fetch.ts';
import { ReleaseError } from '../errors.ts';
import { parseMetadata, topLevelRoles, validSigners } from '../metadata/index.ts';
import { memoryStore, openStore, UpdateClient } from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-killed-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Refreshes as often as it can, and says each time that it did. */
const program = `
  const { createHttpFetch, openStore, UpdateClient } = await import(process.argv[1]);
  const [, , url, directory] = process.argv;
  for (;;) {
    const client = new UpdateClient({
      store: openStore(directory, undefined),
      fetch: createHttpFetch({ userAgent: 'test' }),
      metadataUrls: [url + '/metadata'],
      now: () => new Date('2026-06-01T00:00:00Z'),
      mode: 'strict',
    });
    await client.refresh();
    console.log('refreshed ' + client.versions.timestamp);
  }`;

describe('a client that is killed with SIGKILL while it refreshes', () => {
  it('starts again each time, and never goes back behind what it said', async () => {
    const repository = new RepositorySimulator();
    const server = await serve(() => {
      // Something new at each look, now and then a root.
      if (repository.lastRequests.at(-1) === 'timestamp.json') repository.publishAll('targets');
      return repository;
    });
    const directory = join(folder, 'metadata');
    openStore(directory, undefined).save('root', repository.published.get('1.root.json') ?? Buffer.of());
    const index = new URL('./index.ts', import.meta.url).href;
    let newest = 0;
    for (let round = 0; round < 12; round += 1) {
      repository.publishRoot();
      using child = spawn(process.execPath, ['--input-type=module', '-e', program, index, server.url, directory], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let said = '';
      const refreshes = 1 + (round % 4);
      for await (const piece of child.stdout) {
        said += piece;
        if (said.split('\n').length > refreshes) break;
      }
      await new Promise((resolve) => setTimeout(resolve, round * 3));
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      for (const [, version] of said.matchAll(/refreshed (\d+)\n/g)) newest = Math.max(newest, Number(version));
      const client = new UpdateClient({
        store: openStore(directory, undefined),
        fetch: simulatedFetch(repository),
        metadataUrls: ['http://r/metadata'],
        now: () => repository.now,
        mode: 'strict',
      });
      await client.refresh();
      assert.ok((client.versions.timestamp ?? 0) >= newest);
      assert.equal(client.versions.root, round + 2);
    }
    await server.close();
    assert.ok(newest > 10, `${newest}`);
  });
});

describe('metadata that nobody thought of', () => {
  const repository = new RepositorySimulator();
  repository.delegate('targets', 'role');
  repository.publishAll('targets');

  it('is refused with an error of ours, or read: it never ends the program', () => {
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom('__proto__', 'constructor', -1, 1e308, 2 ** 53),
    );
    fc.assert(
      fc.property(fc.constantFrom(...topLevelRoles), fc.nat(), value, (role, at, replacement) => {
        const document = repository.document(role);
        const places = placesIn(document);
        const [holder, key] = places[at % places.length] ?? assert.fail();
        holder[key] = replacement;
        try {
          const metadata = parseMetadata(role, Buffer.from(JSON.stringify(document)));
          validSigners(metadata, repository.keyids(role), repository.signed.root.keys);
        } catch (error) {
          assert.ok(error instanceof ReleaseError, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('altered in any one bit is not what was signed', async () => {
    for (const name of ['timestamp.json', '2.snapshot.json', '2.targets.json']) {
      const good = repository.published.get(name) ?? Buffer.of();
      await fc.assert(
        fc.asyncProperty(fc.nat(good.length * 8 - 1), async (bit) => {
          const bytes = Buffer.from(good);
          bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          repository.published.set(name, bytes);
          const store = memoryStore(repository.published.get('1.root.json') ?? Buffer.of());
          const options = { store, fetch: simulatedFetch(repository), metadataUrls: ['http://r/metadata'] };
          const client = new UpdateClient({ ...options, now: () => repository.now, mode: 'strict' });
          const error = await client.refresh().then(
            () => undefined,
            (reason) => reason,
          );
          repository.published.set(name, good);
          if (error !== undefined) return assert.ok(error instanceof ReleaseError, String(error));
          // A bit of a blank, of a capital in a signature: the same metadata all the same.
          assert.deepEqual(Object.values(client.versions), [1, 2, 2, 2]);
          return undefined;
        }),
        { numRuns: 150 },
      );
    }
  });
});

type Holder = Record<string, unknown>;

/** Every place in a document, as its holder and key. */
function placesIn(value: unknown): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Holder;
  return Object.keys(holder).flatMap((key): [Holder, string][] => [[holder, key], ...placesIn(holder[key])]);
}
