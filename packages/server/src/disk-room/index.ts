// Room on the disk, for the whole server: the parts that hear of a full disk, and the parts that give way.
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { writtenFolders } from '@moult/administration';
import type { ServerConfig } from '@moult/administration/config';
import type { Notice, Store } from '@moult/store';
import type { Logger } from '../log/log.ts';
import { createBallast } from './ballast.ts';
import { createDiskWatch, type DiskWatch } from './disk-watch.ts';
import { withRoom } from './guarded-store.ts';

export { releaseBallastWhenFull } from './ballast.ts';

interface DiskRoom extends Pick<DiskWatch, 'check' | 'noteError'> {
  /** The store for the server's own parts: what strangers make grow needs room there. */
  guard<Guarded extends Store>(store: Guarded): Guarded;
  /** This log pauses while the disk is full. */
  pauses(log: { hold(isHeld: boolean): void }): void;
  /** Called whenever the notices change. */
  onChange(changed: () => void): void;
  notices(): Notice[];
  close(): void;
}

const keepEveryMs = 60_000;

type RoomConfig = Pick<ServerConfig, 'dataDir' | 'database' | 'contentDir' | 'diskReserveMib'>;

/** Begins to watch. */
export function openDiskRoom(config: RoomConfig, { log }: { log: Logger }): DiskRoom {
  const { dataDir, diskReserveMib: reserve } = config;
  const ballast = createBallast(dataDir, reserve);
  const logs: { hold(isHeld: boolean): void }[] = [];
  let store: Store | undefined;
  let changed = (): void => undefined;
  const watch = createDiskWatch({
    ...{ reserve, log, folders: writtenFolders(config) },
    async testWrite() {
      writeTestFile(dataDir);
      await store?.saveSetting('disk-test', String(process.pid));
    },
    changed({ kind }) {
      for (const each of logs) each.hold(kind !== 'ample');
      if (kind === 'refusing') ballast.release();
      if (kind === 'ample') void ballast.keep();
      changed();
    },
  });
  void ballast.keep();
  const keeping = setInterval(() => watch.state.kind === 'ample' && void ballast.keep(), keepEveryMs).unref();

  return {
    check: watch.check,
    noteError: watch.noteError,
    notices: watch.notices,
    guard(opened) {
      store = opened;
      return withRoom(opened, watch);
    },
    pauses(each) {
      logs.push(each);
      each.hold(watch.state.kind !== 'ample');
    },
    onChange(action) {
      changed = action;
    },
    close() {
      clearInterval(keeping);
      watch.close();
    },
  };
}

const testBytes = 65_536;

function writeTestFile(dataDir: string): void {
  const path = join(dataDir, 'moult.test-write');
  // A file there was left by a killed server, or is a pipe or a link: nothing is written into it.
  rmSync(path, { force: true });
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    let written = 0;
    while (written < testBytes) written += writeSync(descriptor, Buffer.alloc(testBytes - written, 'x'));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
    rmSync(path, { force: true });
  }
}
