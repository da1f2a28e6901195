// When the host must act by itself: no detection went well for so long. The time is noted on the disk, because a
// machine that is switched off each night never runs for days. A clock that jumps costs one look at the server, nothing
// else.
import { hostBounds } from '../bounds.ts';

interface OverdueParts {
  afterMs: number;
  /** When a detection last went well, ISO 8601. */
  since(): string | undefined;
  now(): Date;
  act(): Promise<void>;
}

const dayMs = 24 * 3_600_000;

export class Overdue {
  readonly #parts: OverdueParts;
  #timer: NodeJS.Timeout | undefined;
  #lastActed = -Infinity;
  #acting = false;

  constructor(parts: OverdueParts) {
    this.#parts = parts;
  }

  begin(): void {
    const everyMs = Math.min(hostBounds.overdueLookMs, this.#parts.afterMs);
    this.#timer = setInterval(() => this.#look(), everyMs).unref();
  }

  /** Something is so wrong that it does not wait. At most every ten minutes all the same. */
  actNow(): void {
    if (performance.now() - this.#lastActed >= Math.min(hostBounds.overdueLookMs, this.#parts.afterMs)) this.#act();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { afterMs, since, now } = this.#parts;
    const noted = since();
    // By the distance alone: a time that a wrong clock wrote must not put it off for ever.
    const isDue = noted !== undefined && Math.abs(now().getTime() - Date.parse(noted)) >= afterMs;
    if (isDue && performance.now() - this.#lastActed >= Math.min(dayMs, afterMs)) this.#act();
  }

  #act(): void {
    if (this.#acting) return;
    this.#acting = true;
    this.#lastActed = performance.now();
    void this.#parts.act().finally(() => {
      this.#acting = false;
    });
  }
}
