// Preloaded into a process: kill -9 at its N-th change of the disk (MOULT_KILL_AT), just before it is made. What Node's own
// functions do inside of a change is not one more. Plain JavaScript: it is there before anything else of the process.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync } from 'node:sqlite';

const killAt = Number(process.env.MOULT_KILL_AT ?? 0);
let changes = 0;
let inside = false;

function count(run) {
  if (inside) return run();
  inside = true;
  try {
    changes += 1;
    if (changes === killAt) {
      process.kill(process.pid, 'SIGKILL');
      for (;;);
    }
    return run();
  } finally {
    inside = false;
  }
}

function wrap(holder, name) {
  const original = holder[name];
  holder[name] = function (...args) {
    return count(() => original.apply(this, args));
  };
}

for (const name of ['mkdirSync', 'renameSync', 'rmSync', 'writeFileSync', 'writeSync', 'unlinkSync']) wrap(fs, name);
for (const name of ['mkdir', 'rename', 'rm', 'rmdir', 'open', 'writeFile']) wrap(fs.promises, name);
wrap(fs, 'createWriteStream');
const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function (text) {
  return /commit/i.test(text) ? count(() => exec.call(this, text)) : exec.call(this, text);
};
syncBuiltinESMExports();
process.on('exit', () => {
  if (process.env.MOULT_COUNT_TO) fs.appendFileSync(process.env.MOULT_COUNT_TO, `${changes}`);
});
