import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findLeftOpen } from './check-cleanup.ts';

const opened = `
import { after, it } from 'node:test';
import { createServer, type Server } from 'node:http';
import { execFile, spawn } from 'node:child_process';
interface Store extends AsyncDisposable { name: string; close(): Promise<void> }
declare function openStore(): Promise<Store>;
declare function storeOf(server: Server): Store;
`;

it('what a test opens and does not end is named with its line', () => {
  assert.deepEqual(
    linesIn(`
it('a store', async () => {
  const store = await openStore(); // here
  await store.close();
});
it('a server, whose port alone is kept', () => {
  const { port } = createServer().listen(0).address() as { port: number }; // here
  return port;
});
it('a process that waits, while something else may fail', async () => {
  const child = spawn('sleep', ['60']); // here
  const gone = new Promise((resolve) => child.once('close', resolve));
  await fetch('http://127.0.0.1/');
  child.kill();
  await gone;
});
it('one that is thrown away', async () => {
  await openStore(); // here
});
async function lab() {
  const store = await openStore(); // here
  return { name: store.name, close: () => store.close() };
}
it('a hook of another test does not count', async () => {
  const store = await openStore(); // here
  return store.name;
});
it('this one', async () => {
  const store = await openStore();
  after(() => store.close());
});
void lab;`),
    [9, 13, 17, 24, 27, 31],
  );
});

it('await using, a hook, finally, a stack, whoever is given it, and a program that is waited for are fine', () => {
  assert.deepEqual(
    linesIn(`
let shared: Store;
const stops: (() => unknown)[] = [];
after(async () => {
  await shared?.close();
  for (const stop of stops) stop();
});
it('fine', async (t) => {
  await using store = await openStore();
  shared = await openStore();
  const hooked = await openStore();
  t.after(() => hooked.close());
  const pushed = createServer();
  stops.push(pushed.close);
  const last = await openStore();
  try {
    void store;
  } finally {
    await last.close();
  }
  await using stack = new AsyncDisposableStack();
  const kept = stack.use(await openStore());
  const server = createServer().listen(0);
  server.unref();
  const around = storeOf(server);
  await (await openStore()).close();
  const both = await Promise.all([1, 2].map(() => openStore()));
  t.after(() => Promise.all(both.map((one) => one.close())));
  return [kept, around];
});
function open() {
  return openStore();
}
async function openLab() {
  const store = await openStore();
  const stop = () => store.close();
  return { store, stop, [Symbol.asyncDispose]: stop };
}
async function run() {
  execFile('true', (error) => error);
  const child = spawn('true');
  child.stdout.resume();
  await new Promise((resolve) => child.once('close', resolve));
}
void [open, openLab, run];`),
    [],
  );
});

/** The lines of a test file, with all that it may open before it, that are refused. */
function linesIn(text: string): number[] {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'moult-cleanup-'));
  const root = fileURLToPath(new URL('..', import.meta.url));
  const compilerOptions = {
    ...{ target: 'es2024', lib: ['es2024', 'esnext.disposable'], module: 'nodenext', noEmit: true, strict: true },
    ...{ typeRoots: [join(root, 'node_modules/@types')], types: ['node'] },
  };
  writeFileSync(join(folder.path, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  writeFileSync(join(folder.path, 'a.test.ts'), opened + text.trimStart());
  return findLeftOpen(folder.path).map(({ line }) => line);
}
