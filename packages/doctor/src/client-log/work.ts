// The work of a thread of the agent: several scans run at once, each in a thread, and their lines alternate.
import { clientLogBounds } from '../bounds.ts';
import type { Stage } from '../story/event.ts';

/** The meaning of earlier lines for later ones of the same work. */
interface Work {
  stage: Stage;
  /** The last address that was named. */
  url: string | undefined;
  /** Id of the service that is asked. */
  service: string | undefined;
  /** The last line about it said that requests go through this one. */
  proxy: string | undefined;
  /** The scan was not tried: what is said of it next is how the self-update check ended. */
  scanSkipped: boolean;
  /** The last failure, whose code callers hand on. */
  chain: { code: number; stage: Stage } | undefined;
  /** It began in this thread and did not end there. */
  isOwn: boolean;
}

export class Works {
  current: Work = {
    stage: 'other',
    url: undefined,
    service: undefined,
    proxy: undefined,
    scanSkipped: false,
    chain: undefined,
    isOwn: false,
  };
  private thread = 0;
  private readonly byThread = new Map<number, Work>();

  /** The next lines are of this thread. One without work of its own goes on with what was done last. */
  switchTo(thread: number): void {
    if (thread === this.thread) return;
    if (this.current.isOwn) {
      if (this.byThread.size >= clientLogBounds.maxShapes) this.byThread.clear();
      this.byThread.set(this.thread, this.current);
    } else this.byThread.delete(this.thread);
    this.thread = thread;
    const own = this.byThread.get(thread);
    if (own) this.current = own;
    else if (this.current.isOwn) this.current = { ...this.current, isOwn: false };
  }
}
