// Operations that began and how they ended. One that did not end leaves open what came of it.
import type { LogEvent, Stage } from './event.ts';

export class Operations {
  private readonly open = new Map<Stage, LogEvent>();

  begin(event: LogEvent): void {
    this.open.set(event.stage, event);
  }

  end(stage: Stage): void {
    this.open.delete(stage);
    // Each request to the services was part of a scan, and its end is the scan's.
    if (stage === 'detection') for (const part of partsOfScan) this.open.delete(part);
  }

  /** It ended badly. A failure inside a scan ended the scan. */
  fail(stage: Stage): void {
    this.end(stage);
    if (partsOfScan.includes(stage)) this.end('detection');
  }

  /** The beginnings of those that did not end. */
  get unfinished(): LogEvent[] {
    return [...this.open.values()];
  }
}

const partsOfScan: readonly Stage[] = ['self-update', 'web-service', 'auth-ticket'];
