// Writes lines to a place where writing may fail: a full disk, a pipe without a reader. A line that fails is dropped
// and counted. When writing works again, the first line says how many were lost. Nothing here throws: a log must never
// end the server.
import { writeBounds } from '../bounds.ts';

export interface LineWriter {
  /** Writes a line (with its end), or counts it. */
  write(line: string): void;
  /** While held, lines are counted and not written. */
  hold(isHeld: boolean): void;
  readonly lost: number;
}

interface LineWriterParts {
  /** Writes a piece of the bytes and answers how many. Throws what the system says. */
  write(bytes: Uint8Array): number;
  /** The line that tells of lost ones, with its end. */
  lostLine(lost: number, why: string): string;
  /** Waits a moment when the other end of a pipe is slow. */
  wait?: (milliseconds: number) => void;
}

const waitMs = 5;

export function createLineWriter({ write, lostLine, wait = block }: LineWriterParts): LineWriter {
  let lost = 0;
  let why = '';
  let isCut = false;
  let isHeld = false;

  const writeWhole = (text: string): void => {
    const bytes = Buffer.from(text);
    let at = 0;
    for (let waits = 0; at < bytes.length; ) {
      try {
        const written = write(bytes.subarray(at));
        at += written;
        if (written > 0) continue;
      } catch (error) {
        if (!isAgain(error) || waits >= writeBounds.maxLogTries) {
          if (at > 0) isCut = bytes[at - 1] !== 0x0a;
          throw error;
        }
      }
      if (++waits > writeBounds.maxLogTries) throw new Error('nothing is taken');
      wait(waitMs);
    }
    isCut = false;
  };

  return {
    write(line) {
      if (isHeld) {
        lost++;
        return;
      }
      try {
        // Half a line is left from the last try: the next begins on a line of its own.
        if (isCut) writeWhole('\n');
        if (lost > 0) {
          writeWhole(lostLine(lost, why));
          lost = 0;
        }
        writeWhole(line);
      } catch (error) {
        lost++;
        why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
      }
    },
    hold(held) {
      if (held && !isHeld && lost === 0) why = 'little space is left on the disk';
      isHeld = held;
    },
    get lost() {
      return lost;
    },
  };
}

function isAgain(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EWOULDBLOCK');
}

function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
