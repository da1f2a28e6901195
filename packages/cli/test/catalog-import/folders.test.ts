// moult catalog import of folders: what was passed over is counted and named, and success is never said over nothing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createCabinet } from '@moult/formats/cab';
import { openStore } from '@moult/store';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import { readDocuments } from '../../../administration/src/imports/read-documents.ts';
import { makeMsu } from './make-packages.ts';

const program = fileURLToPath(new URL('../../bin/moult.js', import.meta.url));
const fixtures = fileURLToPath(new URL('../../../../fixtures/', import.meta.url));
const docs = join(fixtures, 'captures/wsus-m0-wsusss/docs');
const documents = readdirSync(docs).map((file) => readFileSync(join(docs, file), 'utf8'));

let folder: string;
let dataDir: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-folders-'));
  dataDir = join(folder, 'data');
  const now = new Date();
  await loadOrCreateOperatorKeys(dataDir, { now, isClockBelieved: true });
  await (await openStore(join(dataDir, 'moult.sqlite'), { now: () => now })).close();
});
after(() => rmSync(folder, { recursive: true, force: true }));

function moult(...args: string[]) {
  return spawnSync(process.execPath, [program, ...args, '--data-dir', dataDir], { encoding: 'utf8' });
}

function importing(...paths: string[]) {
  const run = moult('catalog', 'import', ...paths, '--json');
  return { status: run.status, report: JSON.parse(run.stdout) };
}

function folderOf(name: string, files: Record<string, string | Uint8Array>): string {
  const path = join(folder, name);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), content);
  }
  return path;
}

async function kindsOf(path: string): Promise<string[]> {
  const found: string[] = [];
  for await (const one of readDocuments([path], Readable.from([]))) {
    found.push(
      'passedOver' in one ? `passed over: ${one.passedOver}` : 'refused' in one ? one.refused.code : 'document',
    );
  }
  return found;
}

describe('an import of a folder', () => {
  it('with nothing but an .sdp is no success, and says so', () => {
    const path = join(fixtures, 'files/folder-with-sdp');
    const { status, report } = importing(path);
    assert.deepEqual([status, report.new, report.passedOver.count], [1, 0, 1]);
    assert.match(report.passedOver.files[0].file, /example\.sdp$/);
    const shown = moult('catalog', 'import', path);
    assert.equal(shown.status, 1);
    assert.match(shown.stdout, /passed over .*example\.sdp: a package of a vendor catalog/);
    assert.match(shown.stdout, /Nothing was imported/);
  });

  it('says what takes the files of a vendor catalog, however they are called and packed', async () => {
    const sdp = readFileSync(join(fixtures, 'files/folder-with-sdp/example.sdp'));
    const index = Buffer.from('<SystemsManagementCatalog xmlns="urn:x"/>');
    const packed = (name: string, bytes: Uint8Array) => createCabinet([{ name, bytes, modified: new Date(0) }]);
    const path = folderOf('vendor', {
      ...{ 'named.sdp': sdp, 'as-xml.xml': sdp, 'index.xml': index },
      ...{ 'sdp.cab': packed('a.sdp', sdp), 'index.cab': packed('index.xml', index) },
    });
    const files = readdirSync(path).map((name) => join(path, name));
    const said: string[] = [];
    for await (const one of readDocuments(files, Readable.from([])))
      said.push('refused' in one ? one.refused.message : '');
    assert.equal(said.length, files.length);
    for (const message of said) assert.match(message, /of a vendor catalog .*: "moult catalog add" takes it/);
  });

  it('that is empty is no success either', () => {
    mkdirSync(join(folder, 'empty'), { recursive: true });
    assert.equal(importing(join(folder, 'empty')).status, 1);
  });

  it('counts what it passed over by kind, and imports the rest', () => {
    const path = folderOf('mixed', {
      'a.zip': 'PK\u0003\u0004',
      'b/setup.exe': 'MZ',
      'b/c/readme.txt': 'read me',
      'b/c/second.txt': 'me too',
      'new.msu': 'MSWIM\0\0\0',
      '00000000-0000-0000-0000-00000000000a_1.cab': 'MSCF',
    });
    cpSync(docs, join(path, 'docs'), { recursive: true });
    symlinkSync('/etc/passwd', join(path, 'link.xml'));
    const { status, report } = importing(path);
    assert.deepEqual([status, report.new, report.refused], [0, 5, 0]);
    assert.deepEqual(report.passedOver.kinds, {
      'a ZIP archive': 1,
      'a Windows program': 1,
      'a .txt file': 2,
      'an .msu of Windows 11, which holds no metadata': 1,
      'payload of a published update': 1,
      'a link, which is not followed': 1,
    });
    assert.equal(report.passedOver.count, 7);
    // What is there already was found as well: that is a success.
    assert.equal(importing(path).status, 0);
  });

  it('names twenty and counts a thousand', () => {
    const files = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`f${at}.log`, 'x']));
    const { stdout } = moult('catalog', 'import', folderOf('many', files));
    assert.equal(stdout.match(/^passed over/gm)?.length, 20);
    assert.match(stdout, /1000 files were passed over: 1000 × a \.log file/);
  });

  it('file by file: a file that was named and holds nothing is refused by what it is', async () => {
    const path = folderOf('named', { 'a.zip': 'PK\u0003\u0004' });
    assert.deepEqual(await kindsOf(join(path, 'a.zip')), ['CATALOG_NOT_AN_UPDATE']);
    const { report } = importing(join(path, 'a.zip'));
    assert.match(report.refusals[0].message, /is a ZIP archive/);
  });

  it('a cabinet that looks like an offline scan and holds no fragments is refused', async () => {
    const nested = createCabinet([{ name: 'package.xml', bytes: Buffer.from('<x/>'), modified: new Date(0) }]);
    const path = folderOf('hollow', {
      'scan.cab': createCabinet([{ name: 'package2.cab', bytes: nested, modified: new Date(0) }]),
    });
    assert.deepEqual(await kindsOf(path), ['CATALOG_NOT_AN_UPDATE']);
  });
});

describe('an .msu', () => {
  for (const nested of [true, false]) {
    it(`gives the update of its WSUSSCAN.cab (${nested ? 'in package.cab' : 'directly'})`, async () => {
      const path = folderOf(`msu-${nested}`, {
        'Windows6.1-KB5000001-x64.msu': makeMsu(documents.slice(0, 2), { nested }),
      });
      assert.deepEqual(await kindsOf(path), ['document', 'document']);
      const { status, report } = importing(path);
      assert.deepEqual([status, report.new + report.unchanged, report.refused], [0, 2, 0]);
    });
  }

  it('inside of an .msu is not opened: a chain of them has an end', async () => {
    let bytes: Uint8Array = makeMsu(documents.slice(0, 1));
    for (let depth = 0; depth < 3; depth++)
      bytes = createCabinet([{ name: 'WSUSSCAN.cab', bytes, modified: new Date(0) }]);
    const found = await kindsOf(folderOf('chain', { 'chain.msu': bytes }));
    assert.equal(found.includes('document'), false);
  });

  it('that is cut anywhere is refused', async () => {
    const whole = makeMsu(documents.slice(0, 1));
    for (const share of [0.1, 0.5, 0.9]) {
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      const found = await kindsOf(join(folderOf(`cut-${share}`, { 'cut.msu': cut }), 'cut.msu'));
      assert.match(found.join(), /^(FORMAT|CATALOG)_/, `${share}: ${found.join()}`);
    }
  });
});

describe('what waits for others', () => {
  const waiting = (id: number, requires: number) =>
    `<u:Update xmlns:u="http://schemas.microsoft.com/msus/2002/12/Update"><u:UpdateIdentity UpdateID="00000000-0000-0000-0000-0000000000${id}" RevisionNumber="1"/><u:Properties UpdateType="Software"/><u:Relationships><u:Prerequisites><u:UpdateIdentity UpdateID="00000000-0000-0000-0000-0000000000${requires}"/></u:Prerequisites></u:Relationships></u:Update>`;

  it('is told once, by the import that brought it; a list tells all', () => {
    const first = importing(folderOf('first', { 'a.xml': waiting(20, 29) })).report;
    assert.deepEqual([first.setAside.length, first.setAside[0].update.slice(-4)], [1, '20@1']);
    const second = importing(folderOf('second', { 'b.xml': waiting(21, 29) })).report;
    assert.deepEqual([second.setAside.length, second.setAside[0].update.slice(-4)], [1, '21@1']);
    assert.equal(second.setAsideInAll, first.setAsideInAll + 1);
    const again = moult('catalog', 'import', join(folder, 'first'));
    assert.doesNotMatch(again.stdout, /held back/);
    assert.match(again.stdout, /moult catalog waiting/);
    const all = JSON.parse(moult('catalog', 'waiting', '--json').stdout);
    assert.deepEqual([all.total, all.next], [second.setAsideInAll, null]);
    assert.ok(all.items.some(({ update }: { update: string }) => update.endsWith('20@1')));
    const short = moult('catalog', 'waiting', '--limit', '1').stdout;
    assert.match(short, new RegExp(`1 of ${all.total} updates\\. ${all.total - 1} more`));
  });
});
