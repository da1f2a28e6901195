#!/usr/bin/env node
// The moult command. Plain JavaScript that any Node can read: when the Node that runs it is older than the
// one the repository brings, it hands over to that one. All else is TypeScript, or the bundle that
// scripts/build-command.ts made of it, which does the same and starts in half the time.
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// An import of node:fs would load thirty more of Node's modules before the first line runs.
const { existsSync } = createRequire(import.meta.url)('node:fs');

const oldestSupported = 24;

if (Number.parseInt(process.versions.node, 10) >= oldestSupported) {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  leaveWithParent();
  await (await import(program())).ended;
} else {
  handOver(bundledNode(), (await import('node:child_process')).spawn);
}

/** An installation runs the bundle that `npm ci` made. A checkout (it has .git) runs the sources: somebody edits them. */
function program() {
  const isCheckout = existsSync(new URL('../../../.git', import.meta.url));
  const bundle = new URL('../dist/moult.js', import.meta.url);
  if (isCheckout && process.env.MOULT_BUNDLE !== '1') return '../src/main.ts';
  return existsSync(bundle) ? bundle.href : '../src/main.ts';
}

function bundledNode() {
  const platform = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  // Of the checkout, of a package above it, and beside a package that npm installed for all.
  for (const up of ['../../../node_modules', '../../node_modules', '../../../../node_modules', '../../../..']) {
    const candidate = fileURLToPath(new URL(`${up}/node-${platform}/bin/${name}`, import.meta.url));
    if (existsSync(candidate)) return candidate;
  }
  console.error(
    `moult needs Node ${oldestSupported} or newer; this is ${process.version}, and npm's package of it ` +
      `(node-${platform}) is not installed. In a checkout, run "npm ci". Else install Node ${oldestSupported}, or that package: ` +
      `"npm install --global node-${platform}@${oldestSupported}".`,
  );
  process.exit(2);
}

/** Runs the command under `node`, as if it were this process: same terminal, signals passed on, same exit code. */
function handOver(node, spawn) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, MOULT_HANDED_OVER: '1' },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}

/** The other half of handOver: whoever kills the outer process kills this one too, whatever the signal. */
function leaveWithParent() {
  if (process.env.MOULT_HANDED_OVER !== '1' || !process.channel) return;
  delete process.env.MOULT_HANDED_OVER;
  process.channel.unref();
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
}
