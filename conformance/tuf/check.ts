// The cases of the client workflow, after the files of the public tuf-conformance suite. README.md says how to fetch
// and run the suite itself. Each case runs against our client and, if it does not say otherwise, against tuf-js. So the
// expectation is not only our own reading.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type KeyKind, RepositorySimulator } from '../../packages/releases/test/repository-simulator.ts';
import { InProcessClient, type SuiteClient } from './clients.ts';
import { ForeignClient } from './foreign-client.ts';

/** Gives a client that has the first root. `prepare`: what the repository publishes before the client starts. */
export type Start = (prepare?: (repository: RepositorySimulator) => void, kind?: KeyKind) => Promise<Started>;
export interface Started {
  client: SuiteClient;
  repository: RepositorySimulator;
}

const makers: Record<string, (repository: RepositorySimulator) => SuiteClient> = {
  'our client': (repository) => new InProcessClient(repository),
  'tuf-js': (repository) => new ForeignClient(repository),
};

/** A case for both clients. With `oursOnly`, which says why, for ours. */
export function check(name: string, body: (start: Start) => Promise<void>, oursOnly?: string): void {
  for (const [who, make] of Object.entries(makers)) {
    if (oursOnly !== undefined && who !== 'our client') continue;
    it(`${name} (${who})`, async () => {
      const clients: SuiteClient[] = [];
      try {
        await body(async (prepare, kind) => {
          const repository = new RepositorySimulator(new Date('2026-06-01T00:00:00Z'), kind);
          const root = repository.published.get('1.root.json') ?? Buffer.of();
          prepare?.(repository);
          const client = make(repository);
          clients.push(client);
          assert.equal(await client.init(root), 0);
          return { client, repository };
        });
      } finally {
        for (const client of clients) client.dispose();
      }
    });
  }
}
