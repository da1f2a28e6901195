// Preloaded into host and programs (NODE_OPTIONS=--import): counts the steps of each of them. A step is a change of the
// disk, a started process, a message, a request; it is counted before it is done. MOULT_TEST_KILL says what for:
//   record, snapshots  write down every step of every program, and keep the machine's disk as it was just before it (if
//                      `snapshots` is there)
//   program, step      kill -9 of that program at its N-th step, once (`mark` is then there); with `match` only steps
//                      count in whose words it is found
// Plain JavaScript: it is there before anything else of the process.
import childProcess from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

const plan = JSON.parse(process.env.MOULT_TEST_KILL ?? '{}');
const me = whoAmI(process.argv[1] ?? '');

if (me !== undefined && (plan.record || me === plan.program)) {
  let steps = 0;
  // Node's own functions call one another through this module: what is done inside a step is not one more step.
  let inside = false;
  const counts = new RegExp(plan.match ?? '');
  const step = (what, run) => {
    if (inside || !counts.test(what)) return run();
    inside = true;
    try {
      steps += 1;
      if (plan.record) keep(`${me}-${steps}`, what);
      else if (steps === plan.step && !fs.existsSync(plan.mark)) die(what);
      return run();
    } finally {
      inside = false;
    }
  };
  wrap(step);
}

function whoAmI(program) {
  const [, version] = /[\\/]hosts[\\/]([\d.]+)[\\/]host\.mjs$/.exec(program) ?? [];
  if (version !== undefined) {
    // What an agent does under the new host it has done before, under the old one.
    process.env.MOULT_TEST_UNDER_NEW_HOST = '1';
    return `host-${version}`;
  }
  if (program.endsWith('host.mjs')) return 'host';
  if (process.env.MOULT_TEST_UNDER_NEW_HOST) return undefined;
  return /[\\/]versions[\\/]([\d.]+)[\\/]/.exec(program)?.[1];
}

function die(what) {
  fs.writeFileSync(plan.mark, what);
  process.kill(process.pid, 'SIGKILL');
  for (;;);
}

function keep(name, what) {
  if (plan.snapshots) copy(plan.root, join(plan.snapshots, name));
  fs.appendFileSync(plan.record, `${name}\t${what}\n`);
}

/** With the times of the files: by them the agent knows its cached cabinets. What vanishes meanwhile was another's. */
function copy(from, to) {
  fs.mkdirSync(to, { recursive: true });
  for (const entry of fs.readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    try {
      if (entry.isDirectory()) copy(source, target);
      else {
        const { atime, mtime } = fs.statSync(source);
        fs.copyFileSync(source, target);
        fs.utimesSync(target, atime, mtime);
      }
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
    }
  }
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
