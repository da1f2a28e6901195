import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createCabinet } from '@moult/formats/cab';
import { moultAgentHeader } from '@moult/protocol/self-update';
import type { ServerError } from '../../../../store/src/errors.ts';
import { clearImportedTree, importTree, listTree, verifyTree } from './index.ts';
import { cabinetOf, makeKeys, type TestKeys, testNow, writeForeignTree } from './test/release-folder.ts';
import { eventually, type RunningSite, startSite } from './test/running-site.ts';

let running: RunningSite;
let foreign: Map<string, Uint8Array>;
let microsoft: TestKeys;
let source = '';
before(async () => {
  running = await startSite();
  microsoft = await makeKeys('Redmond');
  source = join(running.folder, 'SelfUpdate');
  foreign = await writeForeignTree(source, microsoft);
  utimesSync(join(source, 'wuident.cab'), testNow, new Date('2012-06-02T19:15:30Z'));
});
after(() => running.stop());

const options = () => ({ dataDir: running.dataDir, now: testNow, trustedCertificatesPem: [] });
const fetchBytes = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(running.url + path, { headers });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
};
const ours = { [moultAgentHeader.name]: moultAgentHeader.value };
const isForeign = async (path: string, name: string, headers = {}) =>
  (await fetchBytes(path, headers)).bytes.equals(foreign.get(name) ?? Buffer.alloc(0));

describe('an imported tree', () => {
  test('is picked up by the running server and served byte for byte', async () => {
    const report = await importTree(source, options());
    assert.deepEqual([report.imported.length, report.total, report.unsigned], [6, 6, []]);
    assert.ok(await eventually(() => isForeign('/selfupdate/wuident.cab', 'wuident.cab')));
    for (const [name, bytes] of foreign) {
      const path = name === 'iuident.cab' ? '/iuident.cab' : `/SELFUPDATE/${name}?0911180916`;
      const answer = await fetchBytes(path);
      assert.equal(answer.status, 200, path);
      assert.ok(answer.bytes.equals(bytes), path);
    }
    const { headers } = await fetchBytes('/selfupdate/wuident.cab');
    assert.equal(headers.get('last-modified'), 'Sat, 02 Jun 2012 19:15:30 GMT');
    assert.equal(headers.get('vary'), moultAgentHeader.name);
    assert.equal((await fetchBytes('/selfupdate/WSUS3/x86')).status, 403);
  });

  test('is for the agents of others; ours say who they are and get ours', async () => {
    assert.equal(await isForeign('/selfupdate/wuident.cab', 'wuident.cab', ours), false);
    assert.equal(await isForeign('/iuident.cab', 'iuident.cab', ours), false);
    assert.equal(await isForeign('/selfupdate/AU/x86/XP/EN/wuaucomp.cab', 'AU/x86/XP/en/wuaucomp.cab', ours), false);
    assert.equal(
      await isForeign('/selfupdate/WSUS3/x86/Other/wsus3setup.cab', 'WSUS3/x86/Other/wsus3setup.cab', ours),
      true,
    );
  });

  test('answers an unknown language with its parent, then English; what it lacks is answered by ours', async () => {
    assert.ok(await isForeign('/selfupdate/AU/x86/XP/pt-br/wuaucomp.cab', 'AU/x86/XP/pt/wuaucomp.cab'));
    assert.ok(await isForeign('/selfupdate/AU/x86/XP/PTB/wuaucomp.cab', 'AU/x86/XP/pt/wuaucomp.cab'));
    assert.ok(await isForeign('/selfupdate/AU/x86/XP/de/wuaucomp.cab', 'AU/x86/XP/en/wuaucomp.cab'));
    const own = await fetchBytes('/selfupdate/AU/x86/W2K/en/wuaucomp.cab');
    assert.deepEqual(
      [own.status, own.bytes.equals((await fetchBytes('/selfupdate/AU/x64/Linux/en/wuaucomp.cab')).bytes)],
      [200, true],
    );
  });

  test('is listed with who signed it and whom it is for', async () => {
    const { files } = await listTree(running.dataDir);
    const wuident = files.filter(({ path }) => path === 'selfupdate/wuident.cab');
    assert.deepEqual(
      wuident.map(({ origin, servedTo }) => [origin, servedTo]),
      [
        ['moult', 'moult-agents'],
        ['imported', 'other-agents'],
      ],
    );
    assert.match(wuident[1]?.signer ?? '', /Redmond signing/);
    assert.equal(wuident[1]?.signature, 'intact');
  });

  test('takes further files in, newest wins, and begins anew when told to', async () => {
    const single = join(running.folder, 'wsus3setup.cab');
    writeFileSync(single, foreign.get('WSUS3/x86/Other/wsus3setup.cab') ?? '');
    await assert.rejects(importTree(single, options()), /--as selfupdate\//);
    const more = await importTree(single, { ...options(), as: '/selfupdate/WSUS3/x64/Other/wsus3setup.cab' });
    assert.deepEqual([more.imported.length, more.total], [1, 7]);
    const ident = join(running.folder, 'renamed.bin');
    writeFileSync(ident, foreign.get('wuident.cab') ?? '');
    assert.deepEqual(
      (await importTree(ident, options())).imported.map(({ path }) => path),
      ['selfupdate/wuident.cab'],
    );
    assert.equal((await importTree(ident, { ...options(), replace: true })).total, 1);
    assert.equal((await importTree(source, options())).total, 6);
    const folders = readdirSync(join(running.dataDir, 'self-update', 'imported'), { withFileTypes: true });
    assert.equal(folders.filter((entry) => entry.isDirectory()).length, 1);
  });

  test('may hold cabinets signed with SHA-1, as Microsoft signed its old agents', async () => {
    const [plain, signed] = ['old.cab', 'wuident.cab'].map((name) => join(running.folder, name));
    const [key, certificate] = ['old-key.pem', 'old-cer.pem'].map((name) => join(running.folder, name));
    writeFileSync(plain ?? '', cabinetOf('wuident.txt', 'of 2004'));
    writeFileSync(key ?? '', microsoft.signer.privateKeyPem);
    writeFileSync(certificate ?? '', microsoft.signer.certificatePem);
    const files = ['-certs', certificate ?? '', '-key', key ?? '', '-in', plain ?? '', '-out', signed ?? ''];
    execFileSync('osslsigncode', ['sign', '-h', 'sha1', ...files], { stdio: 'ignore' });
    const { imported } = await importTree(signed ?? '', {
      ...options(),
      trustedCertificatesPem: [microsoft.ca.certificatePem],
    });
    assert.deepEqual(
      imported.map(({ cabinet }) => cabinet?.signature),
      ['trusted'],
    );
    assert.deepEqual((await importTree(signed ?? '', options())).imported[0]?.cabinet?.signature, 'intact');
  });

  test('can come as one cabinet that holds the tree', async () => {
    const members = [...foreign].map(([name, bytes]) => ({
      name: `SelfUpdate\\${name.replaceAll('/', '\\')}`,
      bytes,
      modified: testNow,
    }));
    const packed = join(running.folder, 'tree.cab');
    writeFileSync(packed, createCabinet(members.filter(({ name }) => !name.endsWith('iuident.cab'))));
    const report = await importTree(packed, { ...options(), replace: true });
    assert.equal(report.total, 5);
    assert.ok(report.imported.some(({ path }) => path.toLowerCase() === 'selfupdate/wsus3/x86/other/wsus3setup.cab'));
  });
});

describe('an import refuses', () => {
  const refused = async (prepare: (folder: string) => void, code: ServerError['code'], text: RegExp) => {
    const folder = mkdtempSync(join(tmpdir(), 'moult-import-'));
    try {
      cpSync(source, folder, { recursive: true });
      prepare(folder);
      const before = await listTree(running.dataDir);
      await assert.rejects(importTree(folder, options()), (error: ServerError) => {
        assert.equal(error.code, code);
        assert.match(error.message, text);
        return true;
      });
      assert.deepEqual(await listTree(running.dataDir), before);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('a damaged, an altered and a false cabinet, naming each', async () => {
    await refused(
      (folder) => {
        const path = join(folder, 'AU/x86/XP/en/wuaucomp.cab');
        const bytes = readFileSync(path);
        // Where setID lies: covered by the signature, of no account for unpacking.
        bytes[32] = (bytes[32] ?? 0) ^ 1;
        writeFileSync(path, bytes);
        writeFileSync(join(folder, 'wuident.cab'), '<html>log on</html>');
        const truncated = join(folder, 'WSUS3/x86/Other/wsus3setup.cab');
        writeFileSync(truncated, readFileSync(truncated).subarray(0, 100));
      },
      'SERVER_TREE_DAMAGED',
      /3 of 6.*wuaucomp\.cab: its signature does not fit.*wsus3setup\.cab: .*wuident\.cab: /s,
    );
  });

  test('a folder that is no tree, and one that is not there', async () => {
    const empty = join(running.folder, 'empty');
    mkdirSync(empty);
    writeFileSync(join(empty, 'notes.txt'), 'x');
    await assert.rejects(importTree(empty, options()), { code: 'SERVER_TREE_NOT_A_TREE' });
    await assert.rejects(importTree(join(running.folder, 'nowhere'), options()), { code: 'SERVER_TREE_NOT_FOUND' });
    await assert.rejects(importTree(join(empty, 'notes.txt'), options()), { code: 'FORMAT_BAD_SIGNATURE_BYTES' });
  });

  test('a path that leads elsewhere', async () => {
    const single = join(source, 'wuident.cab');
    for (const as of ['selfupdate/../../x.cab', 'Content/x.cab', 'selfupdate//x.cab', '..\\x']) {
      await assert.rejects(importTree(single, { ...options(), as }), { code: 'SERVER_TREE_NOT_A_TREE' }, as);
    }
    const slip = join(running.folder, 'slip.cab');
    writeFileSync(slip, createCabinet([{ name: 'AU\\x.cab', bytes: cabinetOf('a', 'b'), modified: testNow }]));
    const bytes = readFileSync(slip);
    bytes.write('..\\', bytes.indexOf('AU\\'), 'latin1');
    writeFileSync(slip, bytes);
    await assert.rejects(importTree(slip, options()));
  });

  test('to follow links out of the folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'moult-import-'));
    cpSync(source, folder, { recursive: true });
    symlinkSync('/etc/hostname', join(folder, 'AU', 'hostname'));
    const report = await importTree(folder, { ...options(), replace: true });
    assert.ok(!report.imported.some(({ path }) => path.endsWith('hostname')));
    rmSync(folder, { recursive: true });
  });
});

describe('verify', () => {
  const verify = () =>
    verifyTree(running.dataDir, {
      operatorCaPem: running.keys.ca.certificatePem,
      trustedCertificatesPem: [],
      now: testNow,
    });

  test('finds a fresh tree in order and says which roots it does not know', async () => {
    await importTree(source, { ...options(), replace: true });
    const result = await verify();
    assert.deepEqual(result.problems, []);
    assert.equal(result.checked, 2 + 2 + 6);
    assert.equal(result.rootUnknown.length, 5);
    const trusting = await verifyTree(running.dataDir, {
      operatorCaPem: running.keys.ca.certificatePem,
      trustedCertificatesPem: [microsoft.ca.certificatePem],
      now: testNow,
    });
    assert.deepEqual([trusting.problems, trusting.rootUnknown], [[], []]);
  });

  test('names an unsigned cabinet, which import stores and reports', async () => {
    const unsigned = join(running.folder, 'unsigned');
    mkdirSync(unsigned, { recursive: true });
    writeFileSync(join(unsigned, 'wuident.cab'), cabinetOf('wuident.txt', 'x'));
    assert.deepEqual((await importTree(unsigned, options())).unsigned, ['selfupdate/wuident.cab']);
    assert.deepEqual(
      (await verify()).problems.map(({ code, path }) => [code, path]),
      [['UNSIGNED', 'selfupdate/wuident.cab']],
    );
    await importTree(source, { ...options(), replace: true });
  });

  test('names each file that was changed, lost or added behind its back', async () => {
    const folder = join(running.dataDir, 'self-update', 'imported');
    const present = readdirSync(folder).find((name) => name !== 'index.json') ?? '';
    writeFileSync(join(folder, present, 'selfupdate', 'WSUS3', 'readme.txt'), 'changed');
    rmSync(join(folder, present, 'iuident.cab'));
    writeFileSync(join(folder, present, 'selfupdate', 'extra.cab'), 'x');
    const own = join(running.dataDir, 'self-update', 'ident', 'wuident.cab');
    const kept = readFileSync(own);
    const altered = Buffer.from(kept);
    altered[32] = (altered[32] ?? 0) ^ 1;
    writeFileSync(own, altered);
    const codes = (await verify()).problems.map(({ code, path }) => `${code} ${path.split('/').at(-1)}`).sort();
    assert.deepEqual(codes, ['ALTERED wuident.cab', 'CHANGED readme.txt', 'MISSING iuident.cab', 'UNLISTED extra.cab']);
    writeFileSync(own, kept);
  });

  test('and after clearing only ours is served again', async () => {
    assert.equal(await clearImportedTree(running.dataDir, testNow), 6);
    const setup = async () => (await fetchBytes('/selfupdate/WSUS3/x86/Other/wsus3setup.cab')).status;
    assert.ok(await eventually(async () => (await setup()) === 404));
    assert.equal(await isForeign('/selfupdate/wuident.cab', 'wuident.cab'), false);
    assert.deepEqual((await verify()).problems, []);
    assert.deepEqual(
      running.troubles.filter((text) => !/are not served/.test(text)),
      [],
    );
  });
});
