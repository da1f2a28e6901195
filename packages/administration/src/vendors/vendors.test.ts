// Catalogs of vendors from file to approval: what is remembered, what stops them, and what computers get in the end.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parseUpdateDocument } from '@moult/catalog';
import { type SigningIdentity, signFile, verifyFile } from '@moult/formats/authenticode';
import { createCabinet, extractAll, readCabinet } from '@moult/formats/cab';
import type { ContentFile, Log } from '@moult/store';
import { loadOrCreateOperatorKeys } from '@moult/store/keys';
import { runImport } from '../imports/run-import.ts';
import type { Administration } from '../open-server.ts';
import { addComputer, createAdministration, documentOf } from '../test/administration.ts';
import {
  addVendorCatalog,
  approveWithPackages,
  listVendorCatalogs,
  listVendorPackages,
  removeVendorCatalog,
  updateVendorCatalogs,
} from './index.ts';
import { makeZip } from './test/make-zip.ts';

const log: Log = { info: () => {}, warn: () => {}, error: () => {} };
const publishing = 'http://schemas.microsoft.com/wsus/2005/04/CorporatePublishing';
const payload = Buffer.from('MZ a program of a vendor');
const idOf = (number: number) => `00000000-0000-4000-8000-0000000005${String(number).padStart(2, '0')}`;

let folder: string;
let vendor: Server;
let address: string;
let signers: SigningIdentity[];
/** What the vendor's server answers, by path. */
const answers = new Map<string, { status?: number; headers?: Record<string, string>; body?: Buffer }>();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'moult-vendors-'));
  vendor = createServer(({ url = '' }, response) => {
    const { status = 200, headers = {}, body = Buffer.alloc(0) } = answers.get(url) ?? { status: 404 };
    response.writeHead(status, headers).end(body);
  });
  await new Promise<void>((resolve) => vendor.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(vendor.address() as AddressInfo).port}`;
  signers = [];
  for (const name of ['keys-a', 'keys-b']) {
    const { signer } = await loadOrCreateOperatorKeys(join(folder, name), { now: new Date(), isClockBelieved: true });
    signers.push(signer);
  }
});
after(() => {
  vendor.close();
  vendor.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

interface Parts {
  title?: string;
  rule?: string;
  state?: string;
  file?: Buffer;
  fileName?: string;
  uri?: string;
  more?: string;
  sha256?: string;
}

/** A package for one model, unless `rule` says otherwise. */
function sdp(number: number, parts: Parts = {}): string {
  const {
    title = `Vendor update ${number}`,
    state = 'Published',
    file = payload,
    fileName = `sp${number}.exe`,
  } = parts;
  const { uri = `${address}/${fileName}`, more = '' } = parts;
  const rule =
    parts.rule ?? `<bar:WmiQuery WqlQuery="select * from Win32_ComputerSystem where Model like '%Book 5%'" />`;
  const digest = createHash('sha1').update(file).digest('base64');
  const further =
    parts.sha256 === undefined ? '' : `<sdp:AdditionalDigest Algorithm="SHA256">${parts.sha256}</sdp:AdditionalDigest>`;
  return (
    `<sdp:SoftwareDistributionPackage xmlns:sdp="${publishing}/SoftwareDistributionPackage.xsd" xmlns:bar="${publishing}/BaseApplicabilityRules.xsd" xmlns:lar="${publishing}/LogicalApplicabilityRules.xsd" xmlns:cmd="${publishing}/Installers/CommandLineInstallation.xsd">` +
    `<sdp:Properties PackageID="${idOf(number)}" VendorName="Example Devices" PublicationState="${state}"><sdp:ProductName>Driver</sdp:ProductName></sdp:Properties>` +
    `<sdp:LocalizedProperties><sdp:Language>en</sdp:Language><sdp:Title>${title}</sdp:Title></sdp:LocalizedProperties>${more}` +
    `<sdp:InstallableItem ID="${idOf(number).replace('4000', '4001')}"><sdp:ApplicabilityRules><sdp:IsInstalled><bar:FileExists Path="a.dll" Csidl="37" /></sdp:IsInstalled><sdp:IsInstallable>${rule}</sdp:IsInstallable></sdp:ApplicabilityRules>` +
    `<sdp:InstallProperties RebootBehavior="AlwaysRequiresReboot" /><cmd:CommandLineInstallerData Program="${fileName}" Arguments="/s"><cmd:ReturnCode Code="0" Result="Succeeded" /></cmd:CommandLineInstallerData>` +
    `<sdp:OriginFile Digest="${digest}" FileName="${fileName}" Size="${file.length}" OriginUri="${uri}">${further}</sdp:OriginFile></sdp:InstallableItem></sdp:SoftwareDistributionPackage>`
  );
}

function inOneXml(...packages: string[]): string {
  return `<smc:SystemsManagementCatalog xmlns:smc="http://schemas.microsoft.com/sms/2005/04/CorporatePublishing/SystemsManagementCatalog.xsd">${packages.join('')}</smc:SystemsManagementCatalog>`;
}

function member(name: string, text: string) {
  return { name, bytes: Buffer.from(text), modified: new Date(0) };
}

function save(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** A server with keys, whose data directory is a new folder; open until the end of the test. */
async function server(): Promise<Administration & AsyncDisposable> {
  const made = await createAdministration();
  const dataDir = mkdtempSync(join(folder, 'data-'));
  // Making keys takes seconds.
  cpSync(join(folder, 'keys-a/keys'), join(dataDir, 'keys'), { recursive: true });
  return { ...made, server: { ...made.server, dataDir, contentDir: join(dataDir, 'content') } };
}

const add = (to: Administration, source: string, options: Parameters<typeof addVendorCatalog>[2] = {}) =>
  addVendorCatalog(to, source, { name: 'Example', ...options }, log);

function approve(
  to: Administration,
  update: string,
  more: { allowAll?: boolean; action?: 'Install' | 'PreDeploymentCheck'; filesFrom?: string } = {},
) {
  const { action = 'Install', ...options } = more;
  return approveWithPackages(to, [update], { action }, { withLog: (work) => work(log), ...options });
}

async function addModel(to: Administration, number: number, model: string): Promise<void> {
  const computerId = idOf(number);
  await addComputer(to, computerId, `pc${number}`);
  await to.store.registerComputer({
    ...{ computerId, dnsName: `pc${number}`, address: '192.0.2.7', agentVersion: '10', osVersion: '10.0.19045' },
    ...{ osDescription: 'Windows 10 Pro', architecture: 'AMD64', manufacturer: 'Example', model, at: to.author.at },
    registration: {
      osMajorVersion: 10,
      osMinorVersion: 0,
      osBuildNumber: 19045,
      processorArchitecture: 'AMD64',
      computerModel: model,
      osDescription: 'Windows 10 Pro',
    },
  });
}

describe("a vendor's catalog", () => {
  it('is the same in one XML, in a cabinet of files, in a zip archive; and read again, only changes are written', async () => {
    await using to = await server();
    const two = [sdp(1), sdp(2)];
    const v1 = save('v1.cab', createCabinet([member('catalog.xml', inOneXml(...two))], { compression: 'lzx' }));
    const v2 = save(
      'v2.cab',
      createCabinet([
        member('V2/1.sdp', two[0] ?? ''),
        member('V2\\2.sdp', two[1] ?? ''),
        member('update_manifest.json', '{}'),
      ]),
    );
    const zip = save(
      'v1.zip',
      makeZip([member('1.sdp', two[0] ?? ''), member('2.sdp', `\ufeff${two[1]}`), member('index.xml', '<index />')]),
    );
    const counts = async (source: string) => {
      const { new: added, changed, unchanged, unlisted } = await add(to, source);
      return [added, changed, unchanged, unlisted];
    };
    assert.deepEqual(await counts(v1), [2, 0, 0, 0]);
    // A catalog in one XML declares its prefixes outside: the texts are others, the packages the same.
    assert.equal((await listVendorPackages(to, {})).length, 2);
    await counts(v2);
    assert.deepEqual(await counts(v2), [0, 0, 2, 0]);
    assert.deepEqual(await counts(zip), [0, 0, 2, 0]);
    const changed = save(
      'changed.zip',
      makeZip([member('1.sdp', sdp(1, { title: 'Another' })), member('3.sdp', sdp(3))]),
    );
    assert.deepEqual(await counts(changed), [1, 1, 0, 1]);
    const packages = await listVendorPackages(to, { catalog: 'Example' });
    assert.deepEqual(
      packages.map(({ title, isListed }) => [title, isListed]),
      [
        ['Another', true],
        ['Vendor update 2', false],
        ['Vendor update 3', true],
      ],
    );
    const [catalog] = await listVendorCatalogs(to);
    assert.deepEqual([catalog?.packages, catalog?.address, catalog?.signer], [2, changed, undefined]);
    assert.equal(await to.store.countRevisions(), 0, 'computers get nothing of a catalog');
  });

  it('says what would change, and changes nothing', async () => {
    await using to = await server();
    const report = await add(to, save('dry.sdp', sdp(1)), { dryRun: true });
    assert.deepEqual([report.new, report.bytes], [1, payload.length]);
    assert.deepEqual(
      [await listVendorCatalogs(to), await listVendorPackages(to, {}), await to.store.listAudit({ limit: 9 })],
      [[], [], []],
    );
  });

  it('withholds a package with an unknown rule by name, and it is never published', async () => {
    await using to = await server();
    const report = await add(
      to,
      save(
        'rule.zip',
        makeZip([
          member('1.sdp', sdp(1, { rule: '<lar:Or><lar:True /><bar:MoonPhase /></lar:Or>' })),
          member('2.sdp', sdp(2)),
        ]),
      ),
    );
    assert.deepEqual(
      report.withheld.map(({ title, code }) => [title, code]),
      [['Vendor update 1', 'CATALOG_UNKNOWN_RULE']],
    );
    await assert.rejects(approve(to, idOf(1), { allowAll: true }), {
      code: 'ADMINISTRATION_PACKAGE_WITHHELD',
      message: /MoonPhase/,
    });
    assert.equal(await to.store.countRevisions(), 0);
  });

  it('of another signer than before is stopped, until it is accepted on record', async () => {
    await using to = await server();
    const cabinet = (title: string) => createCabinet([member('1.sdp', sdp(1, { title }))]);
    const signed = async (title: string, at: number) =>
      save(
        `signed-${title}.cab`,
        await signFile(cabinet(title), signers[at] ?? assert.fail(), {
          now: new Date(),
          description: 'catalog',
        }),
      );
    const first = await add(to, await signed('First', 0));
    assert.match(first.signer?.sha256 ?? '', /^[\da-f]{64}$/);
    const second = await signed('Second', 1);
    await assert.rejects(add(to, second), { code: 'ADMINISTRATION_CATALOG_SIGNER' });
    await assert.rejects(add(to, save('bare.cab', cabinet('Bare'))), {
      code: 'ADMINISTRATION_CATALOG_SIGNER',
      message: /not signed now/,
    });
    await assert.rejects(add(to, save('bare.sdp', sdp(1, { title: 'Bare' }))), {
      code: 'ADMINISTRATION_CATALOG_SIGNER',
    });
    assert.deepEqual(
      (await listVendorPackages(to, {})).map(({ title }) => title),
      ['First'],
    );
    const accepted = await add(to, second, { acceptSigner: true });
    assert.equal(accepted.signerBefore, first.signer?.sha256);
    const [record] = await to.store.listAudit({ limit: 1 });
    assert.deepEqual(
      [record?.action, record?.subject, (record?.after as { signerBefore?: string } | undefined)?.signerBefore],
      ['update vendor catalog', 'Example', first.signer?.sha256],
    );
    const bytes = readFileSync(second);
    // Inside of the packed member.
    bytes[bytes.indexOf('1.sdp') + 30] = (bytes[bytes.indexOf('1.sdp') + 30] ?? 0) ^ 1;
    await assert.rejects(add(to, save('broken.cab', bytes)), { code: 'ADMINISTRATION_CATALOG_SIGNATURE' });
    assert.deepEqual(
      (await updateVendorCatalogs(to, [], {}, log)).map(({ unchanged }) => unchanged),
      [1],
    );
  });

  const bomb = `<x>${' '.repeat(3_000_000)}</x>`;
  const hostile: [what: string, file: () => Uint8Array | string, code: string][] = [
    [
      'an external entity',
      () => `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${sdp(1, { title: '&x;' })}`,
      'CATALOG_BAD_XML',
    ],
    [
      'a cabinet of one XML with an external entity',
      () => createCabinet([member('c.xml', `<!DOCTYPE a>${inOneXml(sdp(1))}`)]),
      'CATALOG_BAD_XML',
    ],
    ['a cut end', () => inOneXml(sdp(1), sdp(2)).slice(0, -40), 'CATALOG_BAD_XML'],
    ['elements too deep', () => '<a>'.repeat(5000), 'CATALOG_OVER_LIMIT'],
    ['a zip bomb', () => makeZip([member('a.xml', bomb)]), 'CATALOG_OVER_LIMIT'],
    ['a cabinet bomb', () => createCabinet([member('a.xml', bomb)], { compression: 'lzx' }), 'FORMAT_OVER_LIMIT'],
    [
      'a hundred megabytes of XML',
      () => Buffer.concat([Buffer.from('<a>'), Buffer.alloc(100_000_000, 'x')]),
      'CATALOG_OVER_LIMIT',
    ],
    ['a zip archive that is cut', () => makeZip([member('1.sdp', sdp(1))]).subarray(0, 200), 'CATALOG_BAD_PACKAGE'],
    ['no package at all', () => '<index />', 'ADMINISTRATION_NOT_A_CATALOG'],
    ['an empty file', () => '', 'CATALOG_BAD_XML'],
    ['packages alone that are none', () => inOneXml(sdp(1).replace(idOf(1), 'x')), 'ADMINISTRATION_NOT_A_CATALOG'],
  ];
  for (const [what, file, code] of hostile) {
    it(`with ${what} is refused, and changes nothing`, async () => {
      await using to = await server();
      await add(to, save('good.sdp', sdp(1)));
      await assert.rejects(add(to, save('hostile', file())), { code });
      assert.deepEqual(
        (await listVendorPackages(to, {})).map(({ isListed }) => isListed),
        [true],
      );
      assert.equal((await listVendorCatalogs(to))[0]?.address, join(folder, 'good.sdp'));
    });
  }

  it('with one bad file among many takes the others, and does not say what is gone', async () => {
    await using to = await server();
    await add(to, save('all.zip', makeZip([member('1.sdp', sdp(1)), member('2.sdp', sdp(2))])));
    const report = await add(
      to,
      save('some.zip', makeZip([member('1.sdp', `<!DOCTYPE a>${sdp(1)}`), member('3.sdp', sdp(3))])),
    );
    assert.deepEqual([report.new, report.unlisted], [1, 0]);
    assert.deepEqual(
      report.refused.map(({ name, code }) => [name, code]),
      [['1.sdp', 'CATALOG_BAD_XML']],
    );
    assert.equal(
      (await listVendorPackages(to, {})).every(({ isListed }) => isListed),
      true,
    );
  });

  it('cannot take the packages of another catalog, nor the ids of updates', async () => {
    await using to = await server();
    await add(to, save('mine.sdp', sdp(1)));
    const theirs = save(
      'theirs.zip',
      makeZip([member('1.sdp', sdp(1, { title: 'Taken over' })), member('2.sdp', sdp(2))]),
    );
    const report = await add(to, theirs, { name: 'Others' });
    assert.deepEqual(
      report.refused.map(({ code }) => code),
      ['CATALOG_IDENTITY_CONFLICT'],
    );
    assert.equal((await listVendorPackages(to, { search: 'Taken' })).length, 0);
    async function* microsoft() {
      yield { name: 'a', xml: documentOf(idOf(2), 'An update of Microsoft') };
    }
    await runImport(to.store, microsoft(), { now: () => to.author.at, onProgress: () => undefined });
    await assert.rejects(approve(to, idOf(2)), { code: 'CATALOG_IDENTITY_CONFLICT' });
  });
});

describe("the approval of a vendor's package", () => {
  it('fetches its file, checks it, packs it into a cabinet that the operator signs, and approves the update', async () => {
    await using to = await server();
    await addModel(to, 1, 'Example Book 5');
    await addModel(to, 2, 'Example Desk');
    await add(to, save('one.sdp', sdp(1)), { allowPrivate: true });
    answers.set('/sp1.exe', { status: 302, headers: { Location: '/moved' } });
    answers.set('/moved', { body: payload });
    const { approved, published } = await approve(to, 'vendor UPDATE 1');
    assert.deepEqual(
      approved.map(({ updateId, missingFiles }) => [updateId, missingFiles]),
      [[idOf(1), []]],
    );
    const [{ reach, revision } = assert.fail()] = published;
    assert.deepEqual(
      [revision, reach?.computers, reach?.applies, reach?.appliesNot, reach?.restart],
      [1, 2, 1, 1, 'always'],
    );
    const [listed] = await to.store.findRevisions(idOf(1));
    const update = parseUpdateDocument(
      (await to.store.loadDocuments([listed?.revisionId ?? 0])).get(listed?.revisionId ?? 0) ?? '',
    );
    const [file] = update.files;
    assert.equal(file?.fileName, `${idOf(1)}_1.cab`);
    const sha1 = Buffer.from(file?.sha1 ?? '', 'base64').toString('hex');
    const stored = (await to.store.findContentFile(sha1)) as ContentFile;
    const cabinet = readFileSync(
      join(to.server.contentDir, sha1.slice(-2).toUpperCase(), `${sha1.toUpperCase()}${stored.extension}`),
    );
    const ca = readFileSync(join(to.server.dataDir, 'keys/operator-ca.cer.pem'), 'utf8');
    assert.ok((await verifyFile(cabinet, { trustedCertificatesPem: [ca], now: to.author.at })).trusted);
    assert.deepEqual(
      [...extractAll(readCabinet(cabinet))].map(([name, bytes]) => [name, Buffer.from(bytes).equals(payload)]),
      [['sp1.exe', true]],
    );
    const row = await to.store.findVendorPackage(idOf(1));
    assert.equal(row?.fileSha256, createHash('sha256').update(payload).digest('hex'));
    assert.deepEqual(readdirSync(join(to.server.dataDir, 'fetching')), []);
    answers.delete('/moved');
    assert.equal((await approve(to, idOf(1))).published[0]?.isNew, false, 'it is here already');
  });

  it('for detection alone needs no file; installed later, it is another revision', async () => {
    await using to = await server();
    await add(to, save('two.sdp', sdp(2)), { allowPrivate: true });
    answers.delete('/sp2.exe');
    await approve(to, idOf(2), { action: 'PreDeploymentCheck' });
    await assert.rejects(approve(to, idOf(2)), { code: 'ADMINISTRATION_FETCH', message: /404/ });
    answers.set('/sp2.exe', { body: payload });
    assert.equal((await approve(to, idOf(2))).published[0]?.revision, 2);
  });

  it('takes the file from a folder in a closed network', async () => {
    await using to = await server();
    await add(to, save('closed.sdp', sdp(1, { uri: 'https://vendor.invalid/sp1.exe' })));
    writeFileSync(join(folder, 'sp1.exe'), payload);
    assert.equal((await approve(to, idOf(1), { filesFrom: folder })).published[0]?.revision, 1);
  });

  const wrong: [
    what: string,
    parts: Parts,
    answer: { status?: number; headers?: Record<string, string>; body?: Buffer },
    code: string,
    why: RegExp,
  ][] = [
    [
      'of the same length with other bytes',
      {},
      { body: Buffer.from('MZ A program of a vendor') },
      'ADMINISTRATION_FILE_DIGEST',
      /SHA-1/,
    ],
    ['that is shorter', {}, { body: payload.subarray(1) }, 'ADMINISTRATION_FILE_DIGEST', /bytes/],
    [
      'that is longer',
      {},
      { body: Buffer.concat([payload, payload]) },
      'ADMINISTRATION_FETCH',
      /more than the 24 bytes/,
    ],
    [
      'with another SHA-256',
      { sha256: Buffer.alloc(32).toString('base64') },
      { body: payload },
      'ADMINISTRATION_FILE_DIGEST',
      /SHA-256/,
    ],
    [
      'that redirects for ever',
      {},
      { status: 301, headers: { Location: '/sp9.exe' } },
      'ADMINISTRATION_FETCH',
      /redirects more than 5/,
    ],
    [
      'that redirects to a file',
      {},
      { status: 301, headers: { Location: 'file:///etc/passwd' } },
      'ADMINISTRATION_FETCH',
      /redirects/,
    ],
    [
      'that is encoded',
      {},
      { headers: { 'Content-Encoding': 'gzip' }, body: payload },
      'ADMINISTRATION_FETCH',
      /encoded/,
    ],
  ];
  for (const [what, parts, answer, code, why] of wrong) {
    it(`with a file ${what} publishes nothing`, async () => {
      await using to = await server();
      await add(to, save('nine.sdp', sdp(9, parts)), { allowPrivate: true });
      answers.set('/sp9.exe', answer);
      await assert.rejects(approve(to, idOf(9)), { code, message: why });
      assert.equal(await to.store.countRevisions(), 0);
      assert.deepEqual(readdirSync(join(to.server.dataDir, 'fetching')), []);
    });
  }

  it('does not ask addresses of this network', async () => {
    await using to = await server();
    answers.set('/sp1.exe', { body: payload });
    await add(to, save('private.sdp', sdp(1)));
    await assert.rejects(approve(to, idOf(1)), { code: 'ADMINISTRATION_PRIVATE_ADDRESS' });
    await assert.rejects(add(to, `${address}/catalog.cab`), { code: 'ADMINISTRATION_PRIVATE_ADDRESS' });
    await add(to, save('named.sdp', sdp(1, { uri: address.replace('127.0.0.1', 'localhost') })));
    await assert.rejects(approve(to, idOf(1)), { code: 'ADMINISTRATION_PRIVATE_ADDRESS' });
  });

  it('of one that fits every computer needs a word, before anything is fetched', async () => {
    await using to = await server();
    await addModel(to, 1, 'Example Book 5');
    const rules: [rule: string, isAll: boolean][] = [
      ['<lar:True />', true],
      ['<bar:WindowsVersion Comparison="GreaterThanOrEqualTo" MajorVersion="6" />', true],
      ['<bar:FileExists Path="x" />', false],
    ];
    answers.set('/sp1.exe', { body: payload });
    for (const [rule, isAll] of rules) {
      await add(to, save('all.sdp', sdp(1, { rule })), { allowPrivate: true });
      if (isAll) {
        await assert.rejects(approve(to, idOf(1)), { code: 'ADMINISTRATION_REACHES_ALL' });
        assert.equal(await to.store.countRevisions(), 0);
      } else assert.equal((await approve(to, idOf(1))).published[0]?.reach?.open, 1);
    }
    await add(to, save('all.sdp', sdp(1, { rule: '<lar:True />' })), { allowPrivate: true });
    assert.equal((await approve(to, idOf(1), { allowAll: true })).published[0]?.revision, 2);
  });

  it('publishes the rules of what it requires, and supersedes only packages of vendors', async () => {
    await using to = await server();
    async function* microsoft() {
      yield { name: 'a', xml: documentOf(idOf(77), 'An update of Microsoft') };
    }
    await runImport(to.store, microsoft(), { now: () => to.author.at, onProgress: () => undefined });
    const more = `<sdp:SupersededPackages><sdp:PackageID>${idOf(77)}</sdp:PackageID><sdp:PackageID>${idOf(3)}</sdp:PackageID></sdp:SupersededPackages><sdp:Prerequisites><sdp:PackageID>${idOf(2)}</sdp:PackageID></sdp:Prerequisites>`;
    await add(
      to,
      save('chain.zip', makeZip([member('1.sdp', sdp(1, { more })), member('2.sdp', sdp(2)), member('3.sdp', sdp(3))])),
      { allowPrivate: true },
    );
    answers.set('/sp1.exe', { body: payload });
    await approve(to, idOf(1));
    const [one] = await to.store.findRevisions(idOf(1));
    const xml = (await to.store.loadDocuments([one?.revisionId ?? 0])).get(one?.revisionId ?? 0) ?? '';
    assert.deepEqual(parseUpdateDocument(xml).supersedes, [idOf(3)]);
    assert.equal((await to.store.findRevisions(idOf(2))).length, 1);
  });

  it('is repeated for a newer text; what the vendor expires is declined; a removed catalog leaves its updates', async () => {
    await using to = await server();
    answers.set('/sp1.exe', { body: payload });
    await add(to, save('life.sdp', sdp(1)), { allowPrivate: true });
    await approve(to, idOf(1));
    const newer = await add(to, save('life.sdp', sdp(1, { title: 'Vendor update 1, again' })));
    assert.deepEqual(
      newer.newer.map(({ packageId }) => packageId),
      [idOf(1)],
    );
    assert.equal((await to.store.findRevisions(idOf(1))).length, 1);
    assert.equal((await approve(to, idOf(1))).published[0]?.revision, 2);
    const expired = await add(to, save('life.sdp', sdp(1, { state: 'Expired' })));
    assert.deepEqual(
      expired.expiredNow.map(({ packageId }) => packageId),
      [idOf(1)],
    );
    assert.deepEqual(await to.store.loadDeclined(), [idOf(1)]);
    await removeVendorCatalog(to, 'Example');
    assert.deepEqual([await listVendorCatalogs(to), (await to.store.findRevisions(idOf(1))).length], [[], 3]);
    await assert.rejects(removeVendorCatalog(to, 'Example'), { code: 'SERVER_NOT_FOUND' });
    const others = await add(to, save('life.sdp', sdp(1)), { name: 'Others' });
    assert.deepEqual(
      others.refused.map(({ code }) => code),
      ['CATALOG_IDENTITY_CONFLICT'],
    );
    assert.equal((await add(to, save('life.sdp', sdp(1)))).refused.length, 0);
  });

  it('goes on after a process that ended between the update and the note of it', async () => {
    await using to = await server();
    answers.set('/sp1.exe', { body: payload });
    await add(to, save('killed.sdp', sdp(1)), { allowPrivate: true });
    await approve(to, idOf(1));
    const row = await to.store.findVendorPackage(idOf(1));
    await to.store.notePublished(idOf(1), { revision: 1, as: `${row?.digest} content begun`, fileSha256: undefined });
    assert.equal((await approve(to, idOf(1))).published[0]?.revision, 2);
    // And one that ended before the update came.
    await to.store.notePublished(idOf(1), { revision: 3, as: `${row?.digest} content begun`, fileSha256: undefined });
    assert.equal((await approve(to, idOf(1))).published[0]?.revision, 4);
    assert.ok(existsSync(to.server.contentDir));
  });
});
