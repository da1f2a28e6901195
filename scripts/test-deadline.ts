// Loaded into the process of each test file. It ends a process that something keeps alive, and names that thing. So a test
// that fails, and leaves a server open, ends its file within its time and with its reason.
import { readFileSync } from 'node:fs';
import { after } from 'node:test';
import { isMainThread } from 'node:worker_threads';

const limitMinutes = Number(process.env.TEST_FILE_MINUTES ?? 15);
/** After the last test and the hooks behind it. */
const lingerSeconds = Number(process.env.TEST_LINGER_SECONDS ?? 60);

// Only in the process of a file: not in the one that starts them all, and not in programs that a test starts.
if (process.env.NODE_TEST_CONTEXT && isMainThread && /\.test\.(?:tsx?|mjs)$/.test(process.argv[1] ?? '')) {
  endIn(limitMinutes * 60, `has not ended within ${limitMinutes} minutes`);
  after(() => endIn(lingerSeconds, `has not ended ${lingerSeconds} s after its last test`));
}

function endIn(seconds: number, what: string): void {
  setTimeout(() => {
    const alive = [...new Set(process.getActiveResourcesInfo())].join(', ');
    console.error(`${process.argv[1]} ${what}. Kept alive by: ${alive}. Stop it in the test: await using, or after().`);
    for (const pid of children()) process.kill(pid, 'SIGKILL');
    process.exit(1);
  }, seconds * 1000).unref();
}

/** Processes that this one started and that still run. Empty if the system does not say. */
function children(): number[] {
  try {
    const pids = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ');
    return pids.map(Number).filter((pid) => pid > 0);
  } catch {
    return [];
  }
}
