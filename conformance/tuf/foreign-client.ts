// tuf-js behind the same contract. The suite passes it in all cases except one. So our tests first show that a foreign
// client does as they expect. The metadata folder, the time and the network are as in ours.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock } from 'node:test';
import { BaseFetcher, Updater } from 'tuf-js';
import type { RepositorySimulator } from '../../packages/releases/test/repository-simulator.ts';
import { SuiteClient } from './clients.ts';

export class ForeignClient extends SuiteClient {
  readonly repository: RepositorySimulator;
  lastError: unknown;

  constructor(repository: RepositorySimulator) {
    super();
    this.repository = repository;
  }

  init(root: Uint8Array): Promise<number> {
    return this.#exitCode(0, async () => {
      mkdirSync(this.metadataDir, { recursive: true });
      mkdirSync(this.targetDir, { recursive: true });
      writeFileSync(join(this.metadataDir, 'root.json'), root);
    });
  }

  refresh(daysInFuture = 0): Promise<number> {
    return this.#exitCode(daysInFuture, () => this.#open().refresh());
  }

  download(...names: string[]): Promise<number> {
    return this.#exitCode(0, async () => {
      const updater = this.#open();
      for (const name of names) {
        const target = await updater.getTargetInfo(name);
        if (!target) throw new Error(`no role names ${name}`);
        if (!(await updater.findCachedTarget(target))) await updater.downloadTarget(target);
      }
    });
  }

  #open(): Updater {
    return new Updater({
      metadataDir: this.metadataDir,
      metadataBaseUrl: 'http://repository/metadata/',
      targetDir: this.targetDir,
      targetBaseUrl: 'http://repository/targets/',
      fetcher: new SimulatedFetcher(this.repository),
    });
  }

  async #exitCode(daysInFuture: number, work: () => Promise<unknown>): Promise<number> {
    mock.timers.enable({ apis: ['Date'], now: this.repository.now.getTime() + daysInFuture * 86_400_000 });
    this.lastError = undefined;
    try {
      await work();
      return 0;
    } catch (error) {
      this.lastError = error;
      return 1;
    } finally {
      mock.timers.reset();
    }
  }
}

class SimulatedFetcher extends BaseFetcher {
  readonly #repository: RepositorySimulator;

  constructor(repository: RepositorySimulator) {
    super();
    this.#repository = repository;
  }

  async fetch(url: string): Promise<ReadableStream> {
    const bytes = this.#repository.answer(new URL(url).pathname.slice(1));
    if (!bytes) throw await notFound();
    return new Blob([Buffer.from(bytes)]).stream();
  }
}

/** tuf-js knows a 404 by a class of its own that it does not export. */
async function notFound(): Promise<Error> {
  const { DownloadHTTPError } = await import(new URL('./error.js', import.meta.resolve('tuf-js')).href);
  return new DownloadHTTPError('not found', 404);
}
