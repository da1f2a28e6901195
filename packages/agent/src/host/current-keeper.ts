// Writes current.json on a disk that may be full or read-only. A value that cannot be written counts while the host
// runs. The host writes it as soon as the disk takes it. A host that starts meanwhile finds the state before. That
// names two versions, and both are there.

import { hresult } from '@moult/protocol/hresult';
import { diskResult } from '../machine/disk-error.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import { keepStateRoom, spendStateRoom } from '../machine/room.ts';
import { type Current, writeCurrent } from './current-file.ts';

export class CurrentKeeper {
  readonly #root: MachineRoot;
  readonly #warn: (text: string) => void;
  readonly #againMs: number;
  #pending: Current | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(root: MachineRoot, warn: (text: string) => void, againMs = 30_000) {
    this.#root = root;
    this.#warn = warn;
    this.#againMs = againMs;
    keepStateRoom(root);
  }

  /** True when it is on the disk now. Says once why not, and tries again until it is, or something newer is. */
  write(current: Current): boolean {
    const wasPending = this.#pending !== undefined;
    this.#pending = current;
    clearTimeout(this.#timer);
    try {
      this.#writeSomehow(current);
      this.#pending = undefined;
      keepStateRoom(this.#root);
      return true;
    } catch (error) {
      if (!wasPending) this.#warn(`current.json cannot be written: ${String(error)}. It is tried again.`);
      this.#timer = setTimeout(() => this.#again(), this.#againMs).unref();
      return false;
    }
  }

  /** The state that should be on the disk and is not yet. */
  get pending(): Current | undefined {
    return this.#pending;
  }

  close(): void {
    clearTimeout(this.#timer);
    if (this.#pending) this.write(this.#pending);
    clearTimeout(this.#timer);
  }

  #again(): void {
    if (this.#pending) this.write(this.#pending);
  }

  #writeSomehow(current: Current): void {
    try {
      writeCurrent(this.#root, current);
    } catch (error) {
      if (diskResult(error) !== hresult.diskFull || !spendStateRoom(this.#root)) throw error;
      writeCurrent(this.#root, current);
    }
  }
}
