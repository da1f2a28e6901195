// SQLite's own quick check of a whole database takes as long as reading it. A process of its own does that beside the
// server, at the lowest priority: it can be ended at any moment, which a thread inside of SQLite cannot.
import { spawn } from 'node:child_process';

interface BackgroundCheck {
  /** Ends it if it still runs. */
  close(): void;
}

interface BackgroundCheckParts {
  file: string;
  /** Told what is wrong, once. Not called for a database that is in order. */
  damaged(problem: string): void;
  /** Told of a database that is in order. */
  done?(): void;
  /** Told when the check did not come to an end. */
  undecided(why: string): void;
  /** After this time it is given up. Milliseconds. */
  limitMs: number;
}

// Inline, so that it is the same from sources and from a bundle.
const program = `
  const os = require('node:os');
  const { DatabaseSync } = require('node:sqlite');
  try { os.setPriority(os.constants.priority.PRIORITY_LOW); } catch {}
  try {
    const database = new DatabaseSync(process.argv[1], { readOnly: true, timeout: 10000 });
    database.exec('pragma cache_size = -2048; pragma mmap_size = 0');
    const row = database.prepare('pragma quick_check(1)').get();
    process.stdout.write(String(Object.values(row)[0]));
  } catch (error) {
    process.stdout.write(String(error.message));
    process.exitCode = [11, 26].includes(error.errcode & 255) ? 0 : 1;
  }`;

/** Begins to check the database file. Never throws. */
export function checkInBackground({ file, damaged, done, undecided, limitMs }: BackgroundCheckParts): BackgroundCheck {
  const flags = ['--no-warnings', '--max-old-space-size=32', '-e', program, file];
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'ignore'], env: {} });
  let said = '';
  let isClosed = false;
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    child.kill('SIGKILL');
  }, limitMs).unref();
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    if (said.length < 1000) said += piece;
  });
  child.once('error', (error) => {
    if (!isClosed) undecided(error.message);
    isClosed = true;
  });
  child.once('close', (code) => {
    clearTimeout(limit);
    if (isClosed) return;
    if (isLate) undecided(`it took longer than ${limitMs / 1000} s`);
    else if (code !== 0) undecided(said || `it ended with ${code}`);
    else if (said !== 'ok') damaged(said);
    else done?.();
  });
  child.unref();
  return {
    close() {
      isClosed = true;
      clearTimeout(limit);
      child.kill('SIGKILL');
    },
  };
}
