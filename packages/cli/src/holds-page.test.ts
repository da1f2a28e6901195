// The commands of docs/rings.md, docs/reports.md and docs/holds.md are run as written.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ensureRepository, Repository, releasePath } from '@moult/releases/repository';
import { openStore } from '@moult/store';
import { importDocuments } from '@moult/store/catalog';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import { documentOf, idOf } from '../../administration/src/test/administration.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'moult-holds-page-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

test('the commands of docs/rings.md, docs/reports.md and docs/holds.md do what the pages say', async () => {
  const dataDir = join(scratch, 'data');
  const now = new Date();
  await loadOrCreateOperatorKeys(dataDir, { now, isClockBelieved: true });
  await using store = await openStore(join(dataDir, 'moult.sqlite'), { now: () => now });
  await importDocuments(store, [documentOf(idOf(0), 'Security Update (KB5000001)')], now);
  await store.close();
  const repository = listReleases(join(dataDir, 'trust'), ['7.9.0.2', '7.9.0.3'], now);
  const bin = join(scratch, 'bin');
  mkdirSync(bin);
  symlinkSync(join(root, 'packages/cli/bin/moult.js'), join(bin, 'moult'));
  const page = ['rings', 'reports', 'holds']
    .map((name) => readFileSync(join(root, `docs/${name}.md`), 'utf8'))
    .join('\n');
  const script = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text).join('');
  const path = [bin, dirname(process.execPath), process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH: path, MOULT_DATA_DIR: dataDir };
  const said = execFileSync('sh', ['-ec', script], { cwd: scratch, env, encoding: 'utf8' });
  assert.match(said, /^group,computers,up-to-date,percent,needing,failing,never-reported,silent$/m);
  assert.match(said, /^never +0 +0$/m);
  assert.match(said, /^0 days of groups\.$/m);
  assert.match(said, /"Security Update \(KB5000001\)" is running in ring 2 of 2 \(all\)/);
  assert.match(said, /is rolledBack in ring 2 of 2/);
  assert.match(said, /advise +KB5034441 +Windows 10\.0\.19041 to 10\.0\.19045, Example\*, Book 13\*/);
  assert.match(said, /2 holds of [\da-f]{64} are in force/);
  assert.match(said, /Everything is stopped until .*: Screens stay black after KB5034441/);
  assert.match(said, /Nothing is stopped\.\n$/);
  assert.match(said, /Agent 7\.9\.0\.3 is running in ring 2 of 2 \(all\)/);
  assert.match(said, /Agent 7\.9\.0\.3 is rolledBack/);
  const agent = repository.state().published.targets.get('agent')?.signed;
  const recalled = Object.entries(agent?.targets ?? {}).filter(([, { custom }]) =>
    /recalled/.test(JSON.stringify(custom)),
  );
  assert.deepEqual(
    [recalled.map(([path]) => path), agent?.['x-moult-pins']],
    [['agent/wsus/0-7.9.0.3-any.cab'], undefined],
  );
});

/** The signed list of a server with these releases of the agent. */
function listReleases(directory: string, versions: readonly string[], now: Date): Repository {
  ensureRepository(directory, now);
  const repository = new Repository(directory);
  for (const version of versions) {
    const release = { kind: 'release' as const, product: 'moult-agent', generation: 'wsus' as const, platform: 'any' };
    const ours = { ...release, epoch: 0, version, floors: [], deltas: [] };
    repository.add('agent', releasePath(ours, '.cab'), Buffer.from(version), ours, now);
  }
  repository.signWithOwnKeys();
  repository.publish(now);
  return repository;
}
