// Two ways to drive the client through the suite's contract: the adapter as a child process, and the same calls in this
// process, for cases by the hundred. Both keep their metadata in a real folder.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { downloadTarget, openStore, UpdateClient } from '@moult/releases/client';
import type { RepositorySimulator } from '../../packages/releases/test/repository-simulator.ts';
import { simulatedFetch } from '../../packages/releases/test/simulated-fetch.ts';

/** A client as the suite sees it: exit codes, and what is in its folders. */
export abstract class SuiteClient {
  readonly folder = mkdtempSync(join(tmpdir(), 'moult-tuf-'));
  readonly metadataDir = join(this.folder, 'metadata');
  readonly targetDir = join(this.folder, 'targets');

  abstract init(root: Uint8Array): Promise<number>;
  abstract refresh(daysInFuture?: number): Promise<number>;
  abstract download(...names: string[]): Promise<number>;

  /** Version of a role's trusted file. Undefined without the file. */
  version(role: string): number | undefined {
    return this.read(role)?.signed.version;
  }

  versions(...roles: string[]): (number | undefined)[] {
    return roles.map((role) => this.version(role));
  }

  bytes(role: string): Uint8Array | undefined {
    const file = join(this.metadataDir, `${encodeURIComponent(role)}.json`);
    return existsSync(file) ? readFileSync(file) : undefined;
  }

  /** The downloaded targets, in the order of names. */
  downloaded(): string[] {
    if (!existsSync(this.targetDir)) return [];
    return readdirSync(this.targetDir)
      .sort()
      .map((name) => readFileSync(join(this.targetDir, name), 'utf8'));
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  protected read(role: string) {
    const bytes = this.bytes(role);
    return bytes && JSON.parse(Buffer.from(bytes).toString('utf8'));
  }
}

export class InProcessClient extends SuiteClient {
  readonly repository: RepositorySimulator;
  /** Why the last command ended with 1. */
  lastError: unknown;

  constructor(repository: RepositorySimulator) {
    super();
    this.repository = repository;
  }

  init(root: Uint8Array): Promise<number> {
    return this.#exitCode(async () => openStore(this.metadataDir, undefined).save('root', root));
  }

  refresh(daysInFuture = 0): Promise<number> {
    return this.#exitCode(() => this.#open(daysInFuture).refresh());
  }

  download(...names: string[]): Promise<number> {
    return this.#exitCode(async () => {
      const client = this.#open(0);
      await client.refresh();
      for (const name of names) {
        const target = await client.find(name);
        if (!target) throw new Error(`no role names ${name}`);
        await downloadTarget(target, join(this.targetDir, encodeURIComponent(name)), {
          fetch: simulatedFetch(this.repository),
          targetUrls: ['http://repository/targets/'],
          consistent: client.root.consistent_snapshot === true,
          keepPartial: false,
        });
      }
    });
  }

  #open(daysInFuture: number): UpdateClient {
    return new UpdateClient({
      store: openStore(this.metadataDir, undefined),
      fetch: simulatedFetch(this.repository),
      metadataUrls: ['http://repository/metadata/'],
      now: () => new Date(this.repository.now.getTime() + daysInFuture * 86_400_000),
      mode: 'strict',
    });
  }

  async #exitCode(work: () => Promise<unknown>): Promise<number> {
    this.lastError = undefined;
    try {
      await work();
      return 0;
    } catch (error) {
      this.lastError = error;
      return 1;
    }
  }
}

const adapter = fileURLToPath(new URL('client', import.meta.url));

/** The executable that the suite is given. Its clock is the machine's. */
export class AdapterClient extends SuiteClient {
  readonly url: string;
  stderr = '';

  constructor(url: string) {
    super();
    this.url = url;
  }

  init(root: Uint8Array): Promise<number> {
    const file = join(this.folder, 'initial-root.json');
    openStore(this.folder, undefined).save('initial-root', root);
    return this.#run('--metadata-dir', this.metadataDir, 'init', file);
  }

  refresh(): Promise<number> {
    return this.#run('--metadata-dir', this.metadataDir, '--metadata-url', `${this.url}/metadata/`, 'refresh');
  }

  download(...names: string[]): Promise<number> {
    return this.#run(
      ...['--metadata-dir', this.metadataDir, '--metadata-url', `${this.url}/metadata`],
      ...names.flatMap((name) => ['--target-name', name]),
      ...['--target-base-url', `${this.url}/targets`, '--target-dir', this.targetDir, 'download'],
    );
  }

  #run(...args: string[]): Promise<number> {
    return new Promise((resolve) => {
      const child = spawn(adapter, args, { stdio: ['ignore', 'ignore', 'pipe'] });
      this.stderr = '';
      child.stderr.on('data', (piece) => {
        this.stderr += piece;
      });
      child.on('close', (code) => resolve(code ?? -1));
    });
  }
}
