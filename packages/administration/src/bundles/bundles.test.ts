// A bundle from one server to another over a folder, on both engines, and every way in which it must not come in.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { allComputers, parseUpdateId } from '@moult/catalog';
import type { Store } from '@moult/store';
import { startPostgres, type TestPostgres } from '../../../store/test/postgres.ts';
import { approve, declineAll } from '../approvals.ts';
import { openFileKeys, sealingOfFileKeys } from '../file-keys/index.ts';
import { addGroup, removeGroup, renameGroup } from '../groups.ts';
import { createSigner } from '../signed-text/index.ts';
import { documentOf, idOf } from '../test/administration.ts';
import { bundleName, signatureName } from './format.ts';
import { exportBundle, type ImportBundleOptions, importBundle } from './index.ts';
import {
  addDocuments,
  carried,
  filesElement,
  fill,
  later,
  makeNetwork,
  silent,
  startServer,
  type TestServer,
} from './test/networks.ts';

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`bundles for other networks (${engine})`, () => {
    let postgres: TestPostgres | undefined;
    let here: Awaited<ReturnType<typeof makeNetwork>>;
    let there: Awaited<ReturnType<typeof makeNetwork>>;
    let source: TestServer;
    let bundle: string;
    let trust: string;
    const whole = { content: 'approved' } as const;
    const options = (more: Partial<ImportBundleOptions> = {}): ImportBundleOptions => ({
      ...{ trust, isDryRun: false, log: silent },
      ...more,
    });
    const newTarget = async () => startServer(there.dataDir, await postgres?.createDatabase());

    before(async () => {
      postgres = engine === 'postgres' ? await startPostgres() : undefined;
      [here, there] = [await makeNetwork(), await makeNetwork()];
      source = await startServer(here.dataDir, await postgres?.createDatabase());
      await fill(source, { isLarge: engine === 'sqlite' });
      bundle = join(here.dataDir, 'bundle');
      ({ authority: trust } = await exportBundle(source, bundle, whole));
    });
    after(async () => {
      await source[Symbol.asyncDispose]();
      await postgres?.stop();
      here.remove();
      there.remove();
    });

    it('carry every document byte for byte, approvals, groups, deadlines and files into an empty server', async () => {
      await using target = await newTarget();
      const dry = await importBundle(target, bundle, options({ isDryRun: true }));
      assert.equal(await target.store.countRevisions(), 0, 'a dry run changes nothing');
      assert.deepEqual(await target.store.listAudit({ limit: 10 }), []);
      const done = await importBundle(target, bundle, options());
      assert.deepEqual(await carried(target), await carried(source));
      assert.deepEqual({ ...dry, isDryRun: false }, done, 'a dry run says the same');
      assert.deepEqual(
        [done.documents.new, done.files.new, done.decisions.decided, done.decisions.declined],
        [6, 1, 2, 1],
      );
      assert.equal((await target.store.checkAudit()).isIntact, true);
      const [first] = await target.store.listDeploymentsOf(idOf(10));
      assert.deepEqual([first?.by, first?.administrator], [`bundle:${trust}`, 'anna']);
      const again = await importBundle(target, bundle, options({ trust: undefined }));
      assert.deepEqual([again.documents, again.files.new, again.decisions.decided], [{ new: 0, unchanged: 6 }, 0, 0]);
    });

    it('carry keys of encrypted files only when asked, and else say how many are missing', async () => {
      await using lender = await startServer(here.dataDir, await postgres?.createDatabase());
      const [bytes, lost] = [Buffer.from('encrypted'), Buffer.from('without a key')];
      const encrypted = (content: Buffer, name: string) =>
        filesElement(content, name).replace('DigestAlgorithm', 'IsEncrypted="true" DigestAlgorithm');
      const documents = [encrypted(bytes, 'one.esd'), encrypted(lost, 'two.esd')].map((files, at) =>
        documentOf(idOf(20 + at), `Encrypted ${at}`).replace('</upd:Update>', `${files}</upd:Update>`),
      );
      await addDocuments(lender, documents);
      const [sha1 = '', lostSha1 = ''] = [bytes, lost].map((one) => createHash('sha1').update(one).digest('hex'));
      const { id, seal } = await sealingOfFileKeys(here.dataDir);
      const names = { updateId: parseUpdateId(idOf(20)), revisionNumber: 1, sha1 };
      const key = Buffer.from('the key of the file');
      await lender.store.noteFileKeys([{ ...names, key: { text: seal(key, sha1), with: id } }]);
      const [silentOne, asked] = ['without-keys', 'with-keys'].map((name) => join(here.dataDir, `${engine}-${name}`));
      const without = await exportBundle(lender, silentOne ?? '', whole);
      assert.deepEqual([without.keys, without.withoutKey], [0, 2]);
      const text = readFileSync(join(silentOne ?? '', bundleName), 'utf8');
      assert.ok(!text.includes(key.toString('base64')));
      const withKeys = await exportBundle(lender, asked ?? '', { ...whole, withKeys: true });
      assert.deepEqual([withKeys.keys, withKeys.withoutKey], [1, 1]);
      await using target = await newTarget();
      const keysThere = () => openFileKeys(target.store, there.dataDir).load([sha1, lostSha1]);
      const poor = await importBundle(target, silentOne ?? '', options());
      assert.deepEqual([poor.keys, poor.withoutKey, [...(await keysThere()).values()]], [0, 2, [undefined, undefined]]);
      const rich = await importBundle(target, asked ?? '', options());
      assert.deepEqual([rich.keys, rich.withoutKey], [1, 1]);
      const found = await keysThere();
      assert.deepEqual([Buffer.from(found.get(sha1) ?? []), found.get(lostSha1)], [key, undefined]);
    });

    it('go on with what is new, and take back what was taken back', async () => {
      await using first = await startServer(here.dataDir, await postgres?.createDatabase());
      await fill(first);
      const folder = (name: string) => join(here.dataDir, `${engine}-next-${name}`);
      await exportBundle(first, folder('one'), whole);
      await using target = await newTarget();
      await importBundle(target, folder('one'), options());
      await addDocuments(first, [documentOf(idOf(14), 'New', { bundles: [idOf(11)] })]);
      await renameGroup(first, 'Servers', 'Machines');
      await approve(first, { update: idOf(14), action: 'Install', groups: ['Machines'] });
      await approve(first, { update: idOf(12), action: 'Inherit', groups: ['Machines'] });
      await removeGroup(first, 'Pilot');
      await declineAll(first, [idOf(13)], false);
      const { state } = JSON.parse(readFileSync(join(folder('one'), bundleName), 'utf8'));
      const report = await exportBundle(later(first, 1), folder('two'), { ...whole, since: state });
      assert.equal(report.documents, 1);
      const { decisions } = await importBundle(later(target, 1), folder('two'), options());
      assert.deepEqual(await carried(target), await carried(first));
      assert.deepEqual(
        [decisions.groupsRemoved, decisions.groupsChanged, decisions.reinstated],
        [['Pilot'], ['Machines'], 1],
      );
      await assert.rejects(importBundle(later(target, 1), folder('one'), options()), {
        code: 'ADMINISTRATION_BUNDLE_STATE',
        message: /was taken in already/,
      });
      await using empty = await newTarget();
      await assert.rejects(importBundle(later(empty, 1), folder('two'), options()), {
        code: 'ADMINISTRATION_BUNDLE_STATE',
      });
      const foreign = { position: 3, digest: 'a'.repeat(64) };
      await assert.rejects(exportBundle(first, folder('three'), { ...whole, since: foreign }), {
        code: 'ADMINISTRATION_BUNDLE_STATE',
      });
    });

    it('leave what this server decided itself, and say so', async () => {
      await using target = await newTarget();
      await addDocuments(target, [documentOf(idOf(10), 'Bundle', { bundles: [idOf(11)] })]);
      await addGroup(target, 'PILOT');
      await declineAll(target, [idOf(10)], true);
      const { kept, keptInAll, decisions } = await importBundle(target, bundle, options());
      const groupId = (await target.store.requireGroup('PILOT')).groupId;
      assert.deepEqual(kept, [{ what: 'decision', subject: idOf(10), groupId, because: 'declined-here' }]);
      assert.deepEqual([keptInAll, decisions.groupsAdded], [1, ['Servers']]);
      assert.deepEqual(await target.store.listDeploymentsOf(idOf(10)), []);
    });

    it('of a foreign operator, changed or incomplete ones are refused, and change nothing', async () => {
      await using target = await newTarget();
      const copy = join(there.dataDir, `${engine}-copy`);
      const sha1 = (await source.store.listContent())[0]?.sha1 ?? '';
      const file = join('content', sha1.slice(-2).toUpperCase(), `${sha1.toUpperCase()}.cab`);
      const changed =
        (name: string, change: (path: string) => void) =>
        async (code: string, message: RegExp, more = {}) => {
          rmSync(copy, { recursive: true, force: true });
          cpSync(bundle, copy, { recursive: true });
          change(join(copy, name));
          await assert.rejects(importBundle(target, copy, options(more)), { code, message }, `${name} ${code}`);
          assert.deepEqual([await target.store.countRevisions(), await target.store.loadDeployments()], [0, []]);
        };
      const nothing = changed(bundleName, () => undefined);
      await nothing('ADMINISTRATION_BUNDLE_SIGNER', /not trusted here/, { trust: undefined });
      await nothing('ADMINISTRATION_BUNDLE_SIGNER', /not trusted here/, { trust: 'ab'.repeat(32) });
      const damaged = 'ADMINISTRATION_BUNDLE_DAMAGED';
      await changed(bundleName, (path) => edit(path, '"Pilot"', '"Pilog"'))(damaged, /signature/);
      await changed(bundleName, (path) => rmSync(path))(damaged, /is not a bundle/);
      await changed(signatureName, (path) => rmSync(path))(damaged, /is not a bundle/);
      await changed(signatureName, (path) => writeFileSync(path, '{'))(damaged, /not JSON/);
      await changed('updates-0001.cab', (path) => truncateSync(path, 5000))(
        damaged,
        /updates-0001.cab is not the file/,
      );
      await changed('updates-0001.cab', flip)(damaged, /updates-0001.cab is not the file/);
      await changed('updates-0001.cab', (path) => rmSync(path))(damaged, /has no updates-0001.cab/);
      await changed(file, flip)(damaged, /is not the file/);
      await changed(file, (path) => writeFileSync(path, Buffer.alloc(1 << 21)))(damaged, /is not the file/);
      const aside = join(there.dataDir, 'aside');
      await changed(file, (path) => {
        cpSync(path, aside);
        rmSync(path);
        symlinkSync(aside, path);
      })('DISK_LEADS_OUT', /link/);
      assert.deepEqual(
        (await target.store.listContent()).filter(({ state }) => state === 'present'),
        [],
      );
    });

    it('with anything that no server of ours signs are refused', async () => {
      await using target = await newTarget();
      const signer = await createSigner(source);
      const copy = join(there.dataDir, `${engine}-signed`);
      cpSync(bundle, copy, { recursive: true });
      const written = JSON.parse(readFileSync(join(bundle, bundleName), 'utf8'));
      const [group] = written.groups;
      const wrong: [object, RegExp][] = [
        [{ groups: [...written.groups, group] }, /group twice/],
        [{ groups: [{ ...group, parentId: group.groupId }] }, /tree/],
        [{ groups: [{ ...group, groupId: allComputers }] }, /built in/],
        [{ groups: [] }, /not in it/],
        [{ groups: [{ ...group, timeZone: 'Moon/Base' }] }, /time zone/],
        [{ packages: [{ ...written.packages[0], name: '../updates-0001.cab' }] }, /packages.0.name/],
        [{ content: [{ ...written.content[0], extension: '/../../x' }] }, /extension/],
        [{ content: [...written.content, ...written.content] }, /file twice/],
        [{ decisions: [...written.decisions, written.decisions[0]] }, /two decisions/],
        [{ madeAt: '2027-12-01T12:00:00.000Z' }, /clock of this server/],
        [{ extra: 1 }, /Unrecognized/],
        [{ packages: [] }, /update/i],
      ];
      for (const [change, message] of wrong) {
        const text = Buffer.from(JSON.stringify({ ...written, ...change }));
        writeFileSync(join(copy, bundleName), text);
        writeFileSync(join(copy, signatureName), JSON.stringify(signer.sign(text)));
        if ('packages' in change && (change.packages as unknown[]).length === 0) {
          const { kept } = await importBundle(target, copy, options({ isDryRun: true }));
          assert.ok(
            kept.every(({ because }) => because === 'update-unknown'),
            'decisions without their updates are named',
          );
        } else await assert.rejects(importBundle(target, copy, options()), { message }, JSON.stringify(change));
      }
      assert.equal(await target.store.countRevisions(), 0);
    });

    it('whose documents lack others, or differ from those here, are refused before anything changes', async () => {
      const signer = await createSigner(source);
      await using third = await startServer(here.dataDir, await postgres?.createDatabase());
      await addDocuments(third, [documentOf(idOf(10), 'Bundle', { bundles: [idOf(11)] })]);
      const folder = join(here.dataDir, `${engine}-lacking`);
      await exportBundle(third, folder, whole);
      const written = JSON.parse(readFileSync(join(folder, bundleName), 'utf8'));
      await using target = await newTarget();
      assert.equal(
        (await importBundle(target, folder, options({ isDryRun: true }))).documents.new,
        1,
        'it waits there, too',
      );
      const text = Buffer.from(JSON.stringify({ ...written, waiting: [] }));
      writeFileSync(join(folder, bundleName), text);
      writeFileSync(join(folder, signatureName), JSON.stringify(signer.sign(text)));
      const unfit = 'ADMINISTRATION_BUNDLE_UNFIT';
      await assert.rejects(importBundle(target, folder, options()), {
        code: unfit,
        message: /neither here nor in the bundle/,
      });
      await addDocuments(target, [documentOf(idOf(12), 'Other')]);
      await assert.rejects(importBundle(target, bundle, options()), { code: unfit, message: /different content/ });
      await target.store.changeSyncChoices({ add: [{ kind: 'language', id: '1031' }], remove: [] }, target.author);
      const english = Buffer.from(JSON.stringify({ ...written, languages: [1033] }));
      writeFileSync(join(folder, bundleName), english);
      writeFileSync(join(folder, signatureName), JSON.stringify(signer.sign(english)));
      await assert.rejects(importBundle(target, folder, options()), { code: unfit, message: /1031/ });
      assert.equal(await target.store.countRevisions(), 1);
    });

    it('that break off anywhere are finished by the same import, and no decision comes before its update', async () => {
      await using small = await startServer(here.dataDir, await postgres?.createDatabase());
      await fill(small);
      const folder = join(here.dataDir, `${engine}-small`);
      await exportBundle(small, folder, whole);
      await using target = await newTarget();
      let calls = 0;
      const dying = (store: Store, last: number): Store => {
        calls = 0;
        const wrapped: Record<string, unknown> = { ...store };
        for (const [name, method] of Object.entries(store)) {
          if (typeof method !== 'function' || name === 'subscribe' || name === 'close') continue;
          wrapped[name] = async (...given: unknown[]) => {
            if (++calls > last) throw new Error('killed');
            return (method as (...some: unknown[]) => unknown)(...given);
          };
        }
        return wrapped as unknown as Store;
      };
      for (let last = 1; ; last += engine === 'sqlite' ? 1 : 5) {
        const done = await importBundle({ ...target, store: dying(target.store, last) }, folder, options()).then(
          () => true,
          () => false,
        );
        const { length } = await target.store.loadDeployments();
        assert.ok(length === 0 || length === 2, `${length} decisions after call ${last}`);
        if (done) break;
      }
      assert.ok(calls > 10);
      assert.deepEqual(await carried(target), await carried(small));
    });
  });
}

function edit(path: string, from: string, to: string): void {
  const text = readFileSync(path, 'utf8');
  assert.ok(text.includes(from));
  writeFileSync(path, text.replace(from, to));
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes.writeUInt8((bytes.readUInt8(middle) ^ 1) & 0xff, middle);
  writeFileSync(path, bytes);
}
