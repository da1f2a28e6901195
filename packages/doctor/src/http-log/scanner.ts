// The inner loop of w3c.ts in WebAssembly: three kilobytes of code over a memory of fixed size. The memory holds a
// piece of the log and the table of runs. Compiled from packages/doctor/assembly/w3c when the repository is built, not
// when it is used. Hard part: the counts of the repeats stay in that memory until `returnRuns` reports them.
import { requestLogBounds } from '../bounds.ts';
import { scannerModule } from './scanner-module.ts';
import type { Run } from './tally.ts';

/** Why the scan stopped. The file packages/doctor/assembly/w3c/index.ts has the same numbers. */
export const stop = { end: 0, directive: 1, ping: 2, newAnswer: 3, newDay: 4 } as const;

/** The place to scan on, and the line that it reports: its beginning, its newline, its client, its run. */
export const fields = { next: 8, slot: 12, lineStart: 32, lineEnd: 36, clientStart: 40, clientEnd: 44 } as const;

/** The places of things. The file packages/doctor/assembly/w3c/layout.ts has the same numbers. */
const layout = { state: 0x1000, kept: 0x1100, table: 0x10000, text: 0x810000 } as const;
const keptColumns = 128;
const slots = 0x40000;
const runBytes = 32;
/** The bytes behind the text mean nothing, but must be zeros. */
const marginBytes = 16;
const untracked = -0x80000000;

/** The longest text that `load` takes. */
export const textBytes = 4 * 2 ** 20;

/** The part that is used. Node's types know WebAssembly by name only. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

interface ScannerExports {
  memory: { buffer: ArrayBuffer };
  configure(separator: number, stem: number, date: number, time: number, client: number, day: number): void;
  scan(from: number, length: number): number;
}

/** Places of columns, -1 for one that is not there. */
interface Columns {
  separator: number;
  stem: number;
  date: number;
  time: number;
  client: number;
  /** Milliseconds of the day that #Date told, for logs without a date column. */
  directiveDay: number;
  /** Per column: 1 where its bytes are part of the answer. */
  kept: Uint8Array;
}

let compiled: object | undefined;
const idle: Scanner[] = [];

/** Reads one log at a time. Get one from `takeScanner`. */
export class Scanner {
  readonly #exports: ScannerExports;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #runs: Run[] = [];
  /** The slot of each run, and per slot which run has it. */
  readonly #slots = new Int32Array(requestLogBounds.maxRuns);
  readonly #places = new Int32Array(slots);
  #length = 0;

  constructor() {
    compiled ??= new WebAssembly.Module(Buffer.from(scannerModule, 'base64'));
    this.#exports = new WebAssembly.Instance(compiled).exports as ScannerExports;
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
    this.#view = new DataView(this.#exports.memory.buffer);
  }

  configure({ separator, stem, date, time, client, directiveDay, kept }: Columns): void {
    this.#exports.configure(separator, stem, date, time, client, directiveDay);
    this.#bytes.fill(0, layout.kept, layout.kept + keptColumns);
    this.#bytes.set(kept, layout.kept);
  }

  /** The text to scan, whole lines of at most `textBytes`. */
  load(text: Uint8Array): void {
    this.#length = text.length;
    this.#bytes.set(text, layout.text);
    this.#bytes.fill(0, layout.text + text.length, layout.text + text.length + marginBytes);
  }

  /** Reads lines from place `from` of the text on. Answers why it stopped. All lines before `from` are done with. */
  scan(from: number): number {
    return this.#exports.scan(from, this.#length);
  }

  /** How many lines were read so far. */
  get lines(): number {
    return this.#view.getFloat64(layout.state, true);
  }

  set lines(count: number) {
    this.#view.setFloat64(layout.state, count, true);
  }

  /** One of `fields`. */
  readField(at: number): number {
    return this.#view.getUint32(layout.state + at, true);
  }

  /** The number of the line that it tells of. */
  get line(): number {
    return this.#view.getFloat64(layout.state + 24, true);
  }

  /** Milliseconds. NaN without a time. */
  get at(): number {
    return this.#view.getFloat64(layout.state + 16, true);
  }

  /** Of the answer, whoever got it. 53 bits: two answers that share them are not to be expected in any log. */
  get shape(): number {
    return this.readField(60) * 0x200000 + (this.readField(56) >>> 11);
  }

  get runCount(): number {
    return this.#runs.length;
  }

  /** Lines like the one it tells of are repeats of `run` from now on. */
  keep(run: Run): void {
    const slot = this.readField(fields.slot);
    const place = layout.table + slot * runBytes;
    this.#view.setBigUint64(place, this.#view.getBigUint64(layout.state + 48, true), true);
    this.#view.setFloat64(place + 8, run.first.at ?? Number.NaN, true);
    this.#view.setFloat64(place + 16, run.first.line, true);
    this.#view.setUint32(place + 24, 0, true);
    this.#view.setInt32(place + 28, run.hasDays ? 0 : untracked, true);
    this.#slots[this.#runs.length] = slot;
    this.#places[slot] = this.#runs.length;
    this.#runs.push(run);
  }

  /** The run that has a new day. */
  get runOfDay(): Run | undefined {
    return this.#runs[this.#places[this.readField(fields.slot)] as number];
  }

  /**
   * Reports how often each run was repeated, and the time (NaN for none) and line of the last one. Forgets them.
   */
  returnRuns(visit: (run: Run, times: number, lastAt: number, lastLine: number) => void): void {
    for (const [index, run] of this.#runs.entries()) {
      const place = layout.table + (this.#slots[index] as number) * runBytes;
      const times = this.#view.getUint32(place + 24, true);
      if (times > 0) visit(run, times, this.#view.getFloat64(place + 8, true), this.#view.getFloat64(place + 16, true));
      this.#bytes.fill(0, place, place + runBytes);
    }
    this.#runs.length = 0;
  }
}

/** A scanner for one user alone. Give it back: each has twelve megabytes. */
export function takeScanner(): Scanner {
  return idle.pop() ?? new Scanner();
}

export function giveBack(scanner: Scanner): void {
  scanner.returnRuns(() => {});
  scanner.lines = 0;
  idle.push(scanner);
}
