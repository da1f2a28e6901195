import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createOperatorCa, createOperatorSigner, type SigningIdentity, signFile } from '@moult/formats/authenticode';
import { createCabinet } from '@moult/formats/cab';

const moult = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'moult-tree-command-'));
const dataDir = join(folder, 'data');
const source = join(folder, 'SelfUpdate');
const caFile = join(folder, 'vendor-ca.pem');
const files = new Map<string, Uint8Array>();
let url = '';
let server: ReturnType<typeof spawn>;
let signer: SigningIdentity;

before(async () => {
  const now = new Date();
  const ca = await createOperatorCa({ commonName: 'Vendor CA', now });
  writeFileSync(caFile, ca.certificatePem);
  signer = await createOperatorSigner(ca, { commonName: 'Vendor signing', now });
  for (const [name, member] of [
    ['wuident.cab', 'wuident.txt'],
    ['WSUS3/x86/Other/wsus3setup.cab', 'wusetup.inf'],
  ] as const) {
    const cabinet = createCabinet([{ name: member, bytes: Buffer.from(name), modified: now }]);
    files.set(name, await signFile(cabinet, signer, { now }));
    mkdirSync(dirname(join(source, name)), { recursive: true });
    writeFileSync(join(source, name), files.get(name) ?? '');
  }
  const flags = ['--data-dir', dataDir, '--host', '127.0.0.1', '--port', '0', '--self-update-port', '0'];
  server = spawn(process.execPath, [moult, 'serve', ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const text of server.stdout ?? []) {
    url = /^ready (\S+)/m.exec(String(text))?.[1] ?? '';
    if (url) break;
  }
});
after(async () => {
  server.kill('SIGTERM');
  await once(server, 'exit');
  rmSync(folder, { recursive: true });
});

function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [moult, 'tree', ...argv], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const json = async (...argv: string[]) => {
  const { code, stdout } = await run(...argv, '--json');
  return { code, document: JSON.parse(stdout) };
};

test('list and verify tell what a fresh server serves', async () => {
  const { code, document } = await json('list', '--data-dir', dataDir);
  assert.equal(code, 0);
  const paths = document.items.map(({ path }: { path: string }) => path);
  assert.deepEqual(paths.slice(0, 2), ['iuident.cab', 'selfupdate/wuident.cab']);
  const bytes = Buffer.from(await (await fetch(`${url}/iuident.cab`)).arrayBuffer());
  assert.equal(document.items[0].sha256, createHash('sha256').update(bytes).digest('hex'));
  assert.deepEqual((await json('verify', '--data-dir', dataDir)).code, 0);
});

test('import is served by the running server byte for byte, and listed', async () => {
  const { code, stdout } = await run('import', source, '--data-dir', dataDir);
  assert.equal(code, 0);
  assert.match(stdout, /selfupdate\/wuident\.cab {2}[\d,]+ bytes, 1 member, intact \(.*Vendor signing.*\)/);
  assert.match(stdout, /Imported 2 files/);
  const deadline = Date.now() + 30_000;
  let served: Buffer;
  do served = Buffer.from(await (await fetch(`${url}/SELFUPDATE/wuident.cab`)).arrayBuffer());
  while (!served.equals(files.get('wuident.cab') ?? Buffer.alloc(0)) && Date.now() < deadline);
  assert.ok(served.equals(files.get('wuident.cab') ?? Buffer.alloc(0)));
  assert.match(
    (await run('list', '--data-dir', dataDir)).stdout,
    /wsus3setup\.cab +imported +\d+ +everybody +intact +.*Vendor signing/,
  );
});

test('verify trusts a root that it is given, and names a file that was changed', async () => {
  const trusting = await json('verify', '--data-dir', dataDir, '--trust', caFile);
  assert.deepEqual([trusting.code, trusting.document.problems, trusting.document.rootUnknown], [0, [], []]);
  const index = JSON.parse(readFileSync(join(dataDir, 'self-update', 'imported', 'index.json'), 'utf8'));
  writeFileSync(join(dataDir, 'self-update', 'imported', index.folder, 'selfupdate', 'wuident.cab'), 'changed');
  const { code, stdout } = await run('verify', '--data-dir', dataDir);
  assert.equal(code, 1);
  assert.match(stdout, /CHANGED selfupdate\/wuident\.cab/);
});

test('a damaged tree is refused with exit code 1 and a code; what is missing with 1, wrong usage with 2', async () => {
  const damaged = join(folder, 'damaged');
  mkdirSync(damaged);
  writeFileSync(join(damaged, 'wuident.cab'), (files.get('wuident.cab') ?? Buffer.alloc(0)).subarray(0, 50));
  const refused = await json('import', damaged, '--data-dir', dataDir);
  assert.deepEqual([refused.code, refused.document.error.code], [1, 'SERVER_TREE_DAMAGED']);
  assert.equal((await run('import', join(folder, 'nowhere'), '--data-dir', dataDir)).code, 1);
  assert.equal((await run('list', '--data-dir', join(folder, 'nowhere'))).code, 2);
  assert.equal((await run('import')).code, 2);
  assert.equal((await run('verify', '--data-dir', dataDir, '--trust', join(folder, 'nowhere'))).code, 2);
});

test('a tree taken in before the first start is in order, and a root may be PEM or DER', async () => {
  const fresh = join(folder, 'fresh');
  mkdirSync(fresh);
  const der = join(folder, 'vendor-ca.cer');
  writeFileSync(der, new X509Certificate(readFileSync(caFile)).raw);
  const imported = await json('import', source, '--data-dir', fresh, '--trust', der);
  assert.equal(imported.document.imported[0].cabinet.signature, 'trusted');
  const { code, document } = await json('verify', '--data-dir', fresh, '--trust', der);
  assert.deepEqual([code, document.checked, document.neverStarted, document.rootUnknown], [0, 2, true, []]);
  const noRoot = await run('import', source, '--data-dir', fresh, '--trust', join(source, 'wuident.cab'));
  assert.deepEqual([noRoot.code, /neither a PEM nor a DER certificate/.test(noRoot.stderr)], [2, true]);
});

test('an unsigned cabinet is stored, named, and makes the exit code 1', async () => {
  const single = join(folder, 'unsigned.cab');
  writeFileSync(single, createCabinet([{ name: 'wuident.txt', bytes: Buffer.from('x'), modified: new Date() }]));
  const { code, stderr } = await run('import', single, '--replace', '--data-dir', dataDir);
  assert.equal(code, 1);
  assert.match(stderr, /not signed:.* selfupdate\/wuident\.cab/);
  assert.match((await run('clear', '--data-dir', dataDir)).stdout, /Removed 1 imported file;/);
  assert.equal((await run('verify', '--data-dir', dataDir)).code, 0);
});

test('port80 --check asks as an old client does', async () => {
  const good = await run('port80', '--check', '--port', new URL(url).port);
  assert.deepEqual([good.code, /^Success: /.test(good.stdout)], [0, true]);
  const bad = await json('port80', '--check', '--port', '9');
  assert.deepEqual([bad.code, bad.document.fine], [1, false]);
  assert.ok(bad.document.remedies.length > 0);
  assert.equal((await run('port80', '--port', 'eighty')).code, 2);
});
