// Watches the running program: how often it died, and how long it has sent no message. Times come from a clock that
// cannot be set.
import { hostBounds } from '../bounds.ts';
import type { Program } from './program.ts';

export class ProgramWatch {
  readonly #silenceMs: number;
  readonly #hangs: (silences: number) => void;
  #deaths: number[] = [];
  #silences = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `hangs`: the program was silent for too long, so often by now. It is killed afterwards. */
  constructor(hangs: (silences: number) => void, silenceMs: number = hostBounds.maxSilenceMs) {
    this.#hangs = hangs;
    this.#silenceMs = silenceMs;
  }

  heard(program: Program): void {
    clearTimeout(this.#timer);
    const hang = () => {
      this.#silences += 1;
      this.#hangs(this.#silences);
      program.kill();
    };
    this.#timer = setTimeout(hang, this.#silenceMs).unref();
  }

  /** Answers how often it died lately, and how long to wait before it is started again. */
  died(): { deaths: number; waitMs: number } {
    clearTimeout(this.#timer);
    const time = performance.now();
    this.#deaths = [...this.#deaths.filter((at) => time - at < hostBounds.deathsWithinMs), time];
    const waitMs = Math.min(1000 * 2 ** (this.#deaths.length - 1), hostBounds.maxRestartWaitMs);
    return { deaths: this.#deaths.length, waitMs };
  }

  /** A good detection, or another version: nothing counts any more. */
  forget(): void {
    this.#deaths = [];
    this.#silences = 0;
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
