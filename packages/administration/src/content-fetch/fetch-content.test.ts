// Files of updates, fetched from a simulated upstream that does to them what lines and servers do.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type SimulatedUpdate, simulatedCatalog, simulatedUpdate } from '@moult/simulator';
import type { Store } from '@moult/store';
import { loadConfig } from '../config/index.ts';
import { stopAll } from '../holds/index.ts';
import type { Administration } from '../open-server.ts';
import { author, chooseProducts, type Lab, openLab } from '../synchronisation/test/upstream.ts';
import { type ContentConfig, fetchContent } from './fetch-content.ts';
import { forecastContent, purgeContent } from './forecast.ts';
import { healContent } from './heal.ts';

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
/** What is not on this machine goes to a proxy that is not there: no test asks the internet. */
const environment = { HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', NO_PROXY: '127.0.0.1' };
const everyComputer = 'a0a08746-4dbe-4a37-9adf-9e7652c0b421';

const from = new Date('2026-10-01T00:00:00Z');

/** A bundle of the update with this number. */
function bundleOf(number: number): SimulatedUpdate {
  const part = simulatedUpdate(number, { products: 1, changedAt: from });
  const bundle = simulatedUpdate(1000, { products: 1, changedAt: new Date(from.getTime() + 3_600_000) });
  const member = `<upd:BundledUpdates><upd:UpdateIdentity UpdateID="${part.updateId}" RevisionNumber="1" /></upd:BundledUpdates>`;
  const xml = bundle.xml
    .replace(/<upd:Files>.*<\/upd:Files>/s, '')
    .replace('</upd:Relationships>', `${member}</upd:Relationships>`);
  return { ...bundle, xml, files: [] };
}

function approve(store: Store, updateId: string): Promise<void> {
  const decision = { updateId, groupId: everyComputer, action: 'Install' as const, deadline: undefined };
  return store.deploy({ ...decision, administrator: 'anna' }, author.at);
}

interface ContentLab extends AsyncDisposable {
  lab: Lab;
  folder: string;
  administration: Administration;
  /** Missing files of the catalog. */
  files: { sha1: string; sizeBytes: number }[];
  fetch(
    config?: Partial<ContentConfig>,
    asked?: ReadonlySet<string>,
    onProgress?: () => void,
  ): ReturnType<typeof fetchContent>;
  /** The bytes of a file that is visible; undefined for one that is not. */
  visible(sha1: string): Buffer | undefined;
}

async function openContentLab(): Promise<ContentLab> {
  const catalog = simulatedCatalog({ updates: 12, products: 1, from });
  const lab = await openLab({ catalog: [...catalog, bundleOf(3)] });
  await lab.sync();
  await chooseProducts(lab.store, 1);
  await lab.sync();
  const folder = mkdtempSync(join(tmpdir(), 'moult-content-'));
  const { config } = loadConfig({
    flags: { upstream: lab.url, contentFetch: 'all' },
    environment: {},
    file: undefined,
  });
  const administration = {
    ...{ store: lab.store, author },
    server: { config, contentDir: folder, dataDir: folder },
  } as unknown as Administration;
  const place = (sha1: string) => join(folder, sha1.slice(-2).toUpperCase());
  return {
    ...{ lab, folder, administration, files: await lab.store.listContent() },
    fetch: (changed, asked, onProgress = () => undefined) =>
      fetchContent(
        {
          ...{ store: lab.store, folder, log: silent, environment, now: () => new Date() },
          config: { ...config, ...changed },
          wait: async () => undefined,
          signal: new AbortController().signal,
          bounds: { attempts: 3 },
          onProgress,
        },
        asked,
      ),
    visible(sha1) {
      try {
        return readFileSync(join(place(sha1), `${sha1.toUpperCase()}.cab`));
      } catch {
        return undefined;
      }
    },
    async [Symbol.asyncDispose]() {
      await lab[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

describe('files of updates', () => {
  it('come from the upstream server, each whole, and a second run asks for none', async () => {
    await using here = await openContentLab();
    const report = await here.fetch();
    assert.deepEqual([report.fetched, report.failures], [12, []]);
    for (const { sha1, sizeBytes } of here.files) assert.equal(here.visible(sha1)?.length, sizeBytes);
    assert.deepEqual(readdirSync(join(here.folder, 'incoming')), []);
    assert.equal((await here.fetch()).fetched, 0);
    assert.equal(here.lab.upstream.downloads.length, 12);
  });

  it('go on where the line broke', async () => {
    await using here = await openContentLab();
    const [file] = simulatedUpdate(5, { products: 1, changedAt: from }).files;
    const sha1 = Buffer.from(file?.sha1 ?? '', 'base64').toString('hex');
    mkdirSync(join(here.folder, 'incoming'));
    const part = file?.bytes?.().subarray(0, 400) ?? Buffer.alloc(0);
    writeFileSync(join(here.folder, 'incoming', `${sha1.toUpperCase()}.part`), part);
    here.lab.upstream.failContent(sha1, { kind: 'cut', afterBytes: 100 }, 2);
    const report = await here.fetch({}, new Set([sha1]));
    assert.deepEqual(report.failures, []);
    const [first, ...later] = here.lab.upstream.downloads.map(({ range }) => Number(/\d+/.exec(range ?? '')));
    assert.equal(first, 400);
    // Bytes that came with the break may be lost: never those of before.
    assert.ok(later.length === 2 && later.every((at) => at >= 400 && at <= 600), String(later));
    assert.ok(here.visible(sha1));
  });

  it('go on in the next run, after a process that was killed, and a part that is too long is no part', async () => {
    await using here = await openContentLab();
    const [one, other] = here.files as [{ sha1: string; sizeBytes: number }, { sha1: string; sizeBytes: number }];
    for (const { sha1 } of [one, other]) here.lab.upstream.failContent(sha1, { kind: 'cut', afterBytes: 300 }, 3);
    const first = await here.fetch({}, new Set([one.sha1, other.sha1]));
    assert.equal(first.failures.length, 2);
    assert.equal(here.visible(one.sha1), undefined);
    // A process of before that nobody ended properly.
    writeFileSync(join(here.folder, 'incoming', 'owner'), 'elsewhere/1/x');
    await assert.rejects(here.fetch({}, new Set([one.sha1])), { code: 'SERVER_REFUSED' });
    rmSync(join(here.folder, 'incoming', 'owner'));
    writeFileSync(join(here.folder, 'incoming', `${other.sha1.toUpperCase()}.part`), Buffer.alloc(other.sizeBytes + 1));
    const second = await here.fetch({}, new Set([one.sha1, other.sha1]));
    assert.deepEqual(second.failures, []);
  });

  it('are fetched anew when what was here is of another file, or the server sends another part', async () => {
    await using here = await openContentLab();
    const [one, other] = here.files.slice(-2).map(({ sha1 }) => sha1) as [string, string];
    mkdirSync(join(here.folder, 'incoming'));
    for (const sha1 of [one, other]) {
      writeFileSync(join(here.folder, 'incoming', `${sha1.toUpperCase()}.part`), Buffer.alloc(300, 'other'));
    }
    here.lab.upstream.failContent(other, { kind: 'other-part' }, 10);
    const { fetched, failures } = await here.fetch({}, new Set([one, other]));
    assert.deepEqual([fetched, failures], [2, []]);
  });

  it('that an address does not have are asked for once there, and the reason names each address', async () => {
    await using here = await openContentLab();
    const [{ sha1 } = { sha1: '' }] = here.files;
    here.lab.upstream.failContent(sha1, { kind: 'missing' }, 10);
    const { failures } = await here.fetch({}, new Set([sha1]));
    assert.equal(here.lab.upstream.downloads.length, 1);
    assert.match(failures[0]?.message ?? '', /HTTP status 404.*download\.windowsupdate\.com/);
  });

  it('that are damaged are fetched again, and one that no update has is not said to be', async () => {
    await using here = await openContentLab();
    await here.fetch();
    const [{ sha1 } = { sha1: '' }] = here.files;
    const place = (hex: string) => join(here.folder, hex.slice(-2).toUpperCase(), `${hex.toUpperCase()}.cab`);
    writeFileSync(place(sha1), 'other bytes');
    const stranger = 'ab'.repeat(20);
    mkdirSync(join(place(stranger), '..'), { recursive: true });
    writeFileSync(place(stranger), 'bytes of nobody');
    const known = { sha1: stranger, sha256: 'cd'.repeat(32), extension: '.cab', sizeBytes: 15 };
    await here.lab.store.saveContentFile({ ...known, state: 'present', verifiedAt: author.at });
    const parts = { log: silent, environment, now: () => new Date(), wait: async () => undefined };
    const signal = new AbortController().signal;
    const { files } = await healContent(here.administration, { ...parts, signal, fetches: true });
    const bad = files.filter(({ state }) => state !== 'present');
    assert.deepEqual(
      new Map(bad.map((one) => [one.sha1, one.state])),
      new Map([
        [sha1, 'fetched'],
        [stranger, 'damaged'],
      ]),
    );
    assert.ok(here.visible(sha1));
  });

  it('are asked for from an upstream server that does not have them yet, and come with the next run', async () => {
    await using here = await openContentLab();
    const [{ sha1 } = { sha1: '' }] = here.files;
    here.lab.upstream.failContent(sha1, { kind: 'missing' });
    const first = await here.fetch({}, new Set([sha1]));
    assert.match(first.failures[0]?.message ?? '', /upstream server was asked to fetch it/);
    const calls = here.lab.upstream.calls.filter(({ operation }) => operation === 'DownloadFiles');
    const digest = Buffer.from(sha1, 'hex').toString('base64');
    assert.deepEqual(
      calls.map(({ status, body }) => [status, body.includes(`<base64Binary>${digest}</base64Binary>`)]),
      [[200, true]],
    );
    assert.deepEqual((await here.fetch({}, new Set([sha1]))).failures, []);
  });

  it('that the upstream server does not know, or while it refuses to be asked, are only named', async () => {
    await using here = await openContentLab();
    const [{ sha1 } = { sha1: '' }] = here.files;
    for (const code of ['FileDigestsMissing', 'IncompatibleProtocolVersion']) {
      here.lab.upstream.failContent(sha1, { kind: 'missing' });
      here.lab.upstream.failNext('DownloadFiles', { kind: 'soap', code });
      const { failures } = await here.fetch({}, new Set([sha1]));
      assert.doesNotMatch(failures[0]?.message ?? 'asked', /asked/);
    }
  });

  it('are not visible with other bytes than the update says, and the others come', async () => {
    await using here = await openContentLab();
    const [{ sha1 } = { sha1: '' }] = here.files;
    here.lab.upstream.failContent(sha1, { kind: 'wrong' }, 10);
    const { fetched, failures } = await here.fetch();
    assert.equal(fetched, 11);
    assert.deepEqual(
      failures.map((one) => one.sha1),
      [sha1],
    );
    assert.equal(here.visible(sha1), undefined);
    assert.deepEqual(readdirSync(join(here.folder, 'incoming')), []);
  });

  it('never make this server ask an address of its own network, but the one that the operator named', async () => {
    await using here = await openContentLab();
    const [{ sha1 } = { sha1: '' }] = here.files;
    const other = here.lab.url.replace('127.0.0.1', '127.0.0.2');
    here.lab.upstream.failContent(sha1, { kind: 'redirect', to: `${other}/Content/x` }, 10);
    const { failures } = await here.fetch({}, new Set([sha1]));
    assert.equal(failures.length, 1);
    // The publisher's address is tried next: this machine may have no way to it.
    assert.match(failures[0]?.code ?? '', /^ADMINISTRATION_(FETCH|PRIVATE_ADDRESS)$/);
    const asked = here.lab.upstream.downloads.length;
    assert.equal(asked, 1);
  });

  it('stay within the quota', async () => {
    await using here = await openContentLab();
    const { fetched, failures } = await here.fetch({ contentQuotaMib: 0.003 });
    assert.ok(fetched >= 2 && fetched <= 3, String(fetched));
    assert.ok(failures.every(({ code }) => code === 'ADMINISTRATION_CONTENT_ROOM'));
    assert.equal(fetched + failures.length, 12);
  });

  it('are those of approved updates, on demand those that were asked for, and never none', async () => {
    await using here = await openContentLab();
    const { store } = here.lab;
    assert.equal((await here.fetch({ contentFetch: 'approved' })).fetched, 0);
    // A bundle has no files: its part has them.
    await approve(store, bundleOf(3).updateId);
    assert.equal((await here.fetch({ contentFetch: 'demand' })).fetched, 0);
    assert.equal((await here.fetch({ contentFetch: 'never' })).fetched, 0);
    assert.equal((await here.fetch({ contentFetch: 'approved' })).fetched, 1);
    const [sha1 = ''] = here.files.map((one) => one.sha1).filter((one) => !here.visible(one));
    assert.equal((await here.fetch({ contentFetch: 'demand' }, new Set([sha1]))).fetched, 1);
  });

  it('for which the disk has no place end the run with an error that says so, and come once there is some', async () => {
    await using here = await openContentLab();
    const full = () => {
      throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    };
    await assert.rejects(here.fetch({}, undefined, full), { code: 'SERVER_DISK_FULL' });
    assert.equal((await here.fetch()).fetched, 12);
  });

  it('come though everything is stopped: they are here when it ends', async () => {
    await using here = await openContentLab();
    await approve(here.lab.store, bundleOf(3).updateId);
    await stopAll(here.administration, { says: 'wait', until: new Date(author.at.getTime() + 86_400_000) });
    assert.equal((await here.fetch({ contentFetch: 'approved' })).fetched, 1);
  });

  it('are forecast, and removed once nothing needs them and they could be fetched again', async () => {
    await using here = await openContentLab();
    const bytes = here.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    Object.assign(here.administration.server.config, { contentBandwidth: '1' });
    const before = await forecastContent(here.administration);
    assert.deepEqual([before.files, before.bytes, before.seconds], [12, bytes, Math.ceil(bytes / 1024)]);
    const [named, ...others] = (await forecastContent(here.administration, [bundleOf(3).updateId])).addresses;
    assert.deepEqual([others.length, before.addresses], [0, []]);
    assert.match(named?.url ?? '', /^http:\/\/download\.windowsupdate\.com\//);
    await here.fetch();
    assert.deepEqual((await forecastContent(here.administration)).unneeded, { files: 0, bytes: 0 });
    Object.assign(here.administration.server.config, { contentFetch: 'approved' });
    assert.deepEqual((await forecastContent(here.administration)).unneeded, { files: 12, bytes });
    assert.equal((await purgeContent(here.administration, silent)).length, 12);
    assert.ok(here.files.every(({ sha1 }) => here.visible(sha1) === undefined));
    assert.equal((await here.lab.store.listContent()).filter(({ state }) => state === 'present').length, 0);
  });
});
