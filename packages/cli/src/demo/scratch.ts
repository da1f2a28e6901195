import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Scratch {
  folder: string;
  close(): void;
}

/** A folder of its own for one demo, removed on close unless it is kept. */
export function openScratch(keep: boolean): Scratch {
  const folder = mkdtempSync(join(tmpdir(), 'moult-demo-'));
  return {
    folder,
    close() {
      if (!keep) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
