// Preloaded into host and programs (NODE_OPTIONS=--import): counts the steps of one of them, and kills at the N-th,
// before it is done. A step is a change of the disk, a started process, a message, a request. Plain JavaScript: it is
// there before anything else of the process.
import childProcess from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';

const plan = JSON.parse(process.env.MOULT_TEST_KILL ?? '{}');
const me = whoAmI(process.argv[1] ?? '');

if (me !== undefined && me === plan.program) {
  let steps = 0;
  // Node's own functions call one another through this module: what is done inside a step is not one more step.
  let inside = false;
  const step = (what, run) => {
    if (inside) return run();
    inside = true;
    try {
      steps += 1;
      if (plan.record) fs.appendFileSync(plan.record, `${steps}\t${what}\n`);
      if (steps === plan.step && !fs.existsSync(plan.mark)) die(what);
      return run();
    } finally {
      inside = false;
    }
  };
  const die = (what) => {
    fs.writeFileSync(plan.mark, what);
    // `machine`: a power cut takes host and programs together (they are one process group).
    const group = plan.scope === 'machine' ? -Number(fs.readFileSync(plan.groupFile, 'utf8')) : process.pid;
    process.kill(group, 'SIGKILL');
    for (;;);
  };
  wrap(step);
}

function whoAmI(program) {
  if (program.endsWith('host.mjs')) return 'host';
  return /[\\/]versions[\\/]([\d.]+)[\\/]/.exec(program)?.[1];
}

function wrap(step) {
  const changes = [
    'appendFileSync',
    'cpSync',
    'linkSync',
    'mkdirSync',
    'renameSync',
    'rmSync',
    'unlinkSync',
    'utimesSync',
    'writeFileSync',
    'writeSync',
  ];
  for (const name of changes) {
    const original = fs[name];
    fs[name] = (...args) => step(`${name} ${typeof args[0] === 'string' ? args[0] : ''}`, () => original(...args));
  }
  const open = fs.openSync;
  fs.openSync = (path, flags = 'r', ...rest) => {
    const run = () => open(path, flags, ...rest);
    return flags === 'r' ? run() : step(`openSync ${path}`, run);
  };
  const spawn = childProcess.spawn;
  childProcess.spawn = (...args) => step('spawn', () => spawn(...args));
  const request = http.request;
  http.request = (...args) => step(`request ${args[0]}`, () => request(...args));
  const send = process.send?.bind(process);
  if (send) process.send = (message, ...rest) => step(`send ${message?.kind}`, () => send(message, ...rest));
  syncBuiltinESMExports();
}
