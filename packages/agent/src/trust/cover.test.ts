// Whatever a server, or whoever answers in its place, says of updates: no program is asked, none is run and no byte is
// fetched but what the operator signed. Random alterations of everything that a server sends, held against one signed list.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, it } from 'node:test';
import type { Handler, UpdateFile } from '@moult/catalog';
import type { TargetFile } from '@moult/releases/metadata';
import fc from 'fast-check';
import { commandExit } from '../facts/command-exit.ts';
import { machineRoot } from '../machine/machine-root.ts';
import { evaluateCache } from '../wsus/sync/evaluate.ts';
import { readCoreFragment } from '../wsus/sync/fragments.ts';
import { type CachedRevision, UpdateCache } from '../wsus/sync/update-cache.ts';
import { type CoverParts, createCover } from './cover.ts';
import type { OperatorMetadata } from './operator-metadata.ts';

const folder = mkdtempSync(join(tmpdir(), 'moult-cover-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const marker = join(folder, 'asked');
const program = join(folder, 'ask.sh');
writeFileSync(program, `#!/bin/sh\necho asked > ${marker}\n`);
chmodSync(program, 0o755);
beforeEach(() => rmSync(marker, { force: true }));

const id = '01234567-89ab-cdef-0123-456789abcdef';
const rules = `<CommandExit Program="${program}" Code="0" />`;
function coreOf(inside: string, { updateId = id, revision = 3 } = {}): string {
  return (
    `<UpdateIdentity UpdateID="${updateId}" RevisionNumber="${revision}" /><Properties UpdateType="Software" />` +
    `<ApplicabilityRules><IsInstalled>${inside}</IsInstalled><IsInstallable><True /></IsInstallable></ApplicabilityRules>`
  );
}
const core = coreOf(rules);
const file: UpdateFile = {
  ...{ fileName: 'setup.cab', sizeBytes: 700, sha1: digestOf('sha1'), sha256: digestOf('sha256') },
} as UpdateFile;
const handler: Extract<Handler, { kind: 'command-line' }> = {
  ...{ kind: 'command-line', program: 'setup.sh', arguments: '--quiet', rebootByDefault: false },
  ...{ defaultResult: 'Failed', windowsInstallerRepairPaths: [] },
  returnCodes: [{ code: 0, result: 'Succeeded', reboot: false, description: undefined }] as never,
};

function digestOf(algorithm: string): string {
  return createHash(algorithm).update('the cabinet').digest('base64');
}

function signed(approvals = [{ group: 'Desktops', action: 'install' }], text = core): Map<string, TargetFile> {
  const bytes = Buffer.from(text);
  const sha256 = Buffer.from(file.sha256 ?? '', 'base64').toString('hex');
  const moult = {
    ...{ kind: 'update', updateId: id, revision: 3, files: [{ name: file.fileName, length: 700, sha256 }] },
    ...{ program: handler.program, arguments: handler.arguments, approvals },
    ...{
      returnCodes: [{ code: 0, result: 'succeeded', reboot: false }],
      otherwise: { result: 'failed', reboot: false },
    },
  };
  const hashes = { sha256: createHash('sha256').update(bytes).digest('hex') };
  return new Map([[`updates/${id}/3`, { length: bytes.length, hashes, custom: { moult } }]]);
}

function coverOf(parts: Partial<CoverParts> = {}, updates = signed()) {
  const metadata: OperatorMetadata = { state: 'current', alarms: [], updates };
  return createCover({ metadata, targetGroup: 'Desktops', allowUncovered: false, ...parts });
}

function revisionOf(xml: string): CachedRevision {
  const deployment = { action: 'Install' } as CachedRevision['deployment'];
  return { revisionId: 7, isLeaf: true, deployment, xml, core: readCoreFragment(xml) };
}

/** What a detection makes of one cached revision on a real machine, which runs what it is allowed to. */
function evaluate(xml: string, cover: ReturnType<typeof coverOf>) {
  const cache = new UpdateCache(machineRoot(join(folder, 'machine')), 'http://server');
  const { core: _, ...stored } = revisionOf(xml);
  cache.put(stored);
  return evaluateCache(cache, { commandExit, platform: () => 'Linux' }, cover).own.get(7);
}

describe('CommandExit', () => {
  it('runs from the rules that the operator signed, of an update approved for this computer', () => {
    assert.equal(evaluate(core, coverOf()), 'installed');
    assert.ok(existsSync(marker));
  });

  const cases: [string, string, ReturnType<typeof coverOf>][] = [
    ['an update that nobody approved', core, coverOf({}, signed([]))],
    ['an update approved for another group', core, coverOf({ targetGroup: 'Servers' })],
    ['a forged update', coreOf(rules, { updateId: id.replace('0', 'f') }), coverOf()],
    ['another revision', coreOf(rules, { revision: 4 }), coverOf()],
    ['altered rules', coreOf(`<Or>${rules}</Or>`), coverOf()],
    ['rules with a blank more', `${core} `, coverOf()],
    ['rules in a prefix of their own', coreOf(`<x:${rules.slice(1).replace(' ', ' xmlns:x="urn:x" ')}`), coverOf()],
    ['no list at all', core, coverOf({ metadata: { state: 'none', alarms: [], updates: new Map() } })],
    [
      'a server without lists, where the administrator allows it to install',
      core,
      coverOf({ allowUncovered: true, metadata: { state: 'unpinned', alarms: [], updates: new Map() } }),
    ],
  ];
  for (const [name, xml, cover] of cases) {
    it(`of ${name} is unknown, and nothing is run`, () => {
      assert.equal(evaluate(xml, cover), 'unknown');
      assert.ok(!existsSync(marker));
    });
  }

  it('and the other rules of Moult are unknown too where the operator signed nothing', () => {
    const own = coreOf('<FileExists Path="/" />');
    assert.equal(evaluate(own, coverOf()), 'unknown');
    assert.equal(
      evaluate(coreOf('<b.Platform PlatformID="2" />'), coverOf()),
      evaluate(coreOf('<b.Platform PlatformID="2" />'), coverOf({}, signed([], own))),
    );
  });
});

describe('instructions', () => {
  it('come from the signed list', () => {
    const { files, handler: found } = coverOf().requireInstructions({
      revision: revisionOf(core),
      files: [file],
      handler,
    });
    assert.deepEqual([files, found.program, found.arguments], [[file], 'setup.sh', '--quiet']);
  });

  it('with no group in the policy the server says which groups are meant; approved for none is none', () => {
    const offered = { revision: revisionOf(core), files: [file], handler };
    assert.ok(coverOf({ targetGroup: undefined }).requireInstructions(offered));
    const none = coverOf({ targetGroup: undefined }, signed([]));
    assert.throws(() => none.requireInstructions(offered), { code: 'AGENT_UPDATE_NOT_APPROVED' });
    const removal = coverOf({}, signed([{ group: 'All Computers', action: 'uninstall' }]));
    assert.throws(() => removal.requireInstructions(offered), { code: 'AGENT_UPDATE_NOT_APPROVED' });
  });

  it('whatever a server sends: what is run and fetched is what was signed, or nothing', () => {
    const text = fc.oneof(fc.constantFrom('setup.sh', '--quiet', '/bin/sh', '../x', '', 'setup.cab'), fc.string());
    const anyFile = fc.record(
      {
        fileName: fc.oneof(fc.constant('setup.cab'), text),
        sizeBytes: fc.oneof(fc.constant(700), fc.integer()),
        sha1: fc.oneof(fc.constant(file.sha1), fc.base64String()),
        sha256: fc.oneof(fc.constant(file.sha256), fc.base64String(), fc.constant(undefined)),
      },
      { noNullPrototype: true },
    );
    const anyHandler = fc.record({
      kind: fc.constantFrom('command-line', 'command-line', 'command-line', 'msi', 'cbs'),
      program: fc.oneof(fc.constant('setup.sh'), text),
      arguments: fc.oneof(fc.constant('--quiet'), text),
      rebootByDefault: fc.oneof(fc.constant(false), fc.boolean()),
      defaultResult: fc.constantFrom('Failed', 'Failed', 'Succeeded', 'Cancelled'),
      returnCodes: fc.oneof(
        fc.constant(handler.returnCodes),
        fc.array(
          fc.record({ code: fc.integer(), result: fc.constantFrom('Succeeded', 'Failed'), reboot: fc.boolean() }),
        ),
      ),
      windowsInstallerRepairPaths: fc.constant([]),
    });
    const files = fc.oneof(fc.constant([file]), fc.array(anyFile, { maxLength: 3 }));
    let accepted = 0;
    const property = fc.property(
      mutated(core),
      files,
      anyHandler,
      fc.constantFrom('Desktops', 'Servers', undefined),
      (xml, sent, how, group) => {
        const revision = attempt(() => revisionOf(xml));
        if (!revision) return;
        const cover = coverOf({ targetGroup: group });
        const found = attempt(() =>
          cover.requireInstructions({ revision, files: sent as UpdateFile[], handler: how as never }),
        );
        if (!found) return;
        accepted += 1;
        assert.equal(xml, core);
        assert.notEqual(group, 'Servers');
        const { program: run, arguments: line, returnCodes, defaultResult } = found.handler;
        assert.deepEqual([run, line, defaultResult, returnCodes.length], ['setup.sh', '--quiet', 'Failed', 1]);
        assert.deepEqual(
          found.files.map(({ fileName, sizeBytes, sha256 }) => [fileName, sizeBytes, sha256]),
          [[file.fileName, 700, file.sha256]],
        );
      },
    );
    fc.assert(property, { numRuns: 5000 });
    assert.ok(accepted > 0, 'what was signed is accepted');
  });

  it('whatever a server sends: no program is asked but by the very rules that were signed', () => {
    const property = fc.property(mutated(core), fc.constantFrom('Desktops', 'Servers', undefined), (xml, group) => {
      const asked: string[] = [];
      const revision = attempt(() => revisionOf(xml));
      if (!revision) return;
      const cache = new UpdateCache(machineRoot(join(folder, 'machine')), 'http://server');
      cache.put(revision);
      const facts = { commandExit: (path: string) => void asked.push(path) };
      evaluateCache(cache, facts, coverOf({ targetGroup: group }));
      if (asked.length > 0)
        assert.deepEqual([xml, asked.every((path) => path === program), group !== 'Servers'], [core, true, true]);
    });
    fc.assert(property, { numRuns: 5000 });
  });
});

/** The fragment with random cuts, doublings, exchanged words and foreign rules; now and then as it is. */
function mutated(xml: string) {
  const words = ['CommandExit', program, 'True', 'Or', 'IsInstalled', id, '3', 'And', 'Not', 'b.FileExists', '/bin/sh'];
  const one = fc.oneof(
    fc.tuple(fc.constant('cut'), fc.nat(xml.length), fc.nat(20)),
    fc.tuple(fc.constant('double'), fc.nat(xml.length), fc.nat(200)),
    fc.tuple(fc.constant('exchange'), fc.nat(words.length - 1), fc.nat(words.length - 1)),
    fc.tuple(fc.constant('rule'), fc.nat(3), fc.constant(0)),
  );
  const foreign = ['<CommandExit Program="/bin/sh"><Argument>-c</Argument></CommandExit>', '<True />', rules, ' '];
  return fc.array(one, { maxLength: 3 }).map((steps) =>
    steps.reduce((text, [kind, a, b]) => {
      if (kind === 'cut') return text.slice(0, a) + text.slice(a + b);
      if (kind === 'double') return text.slice(0, a + b) + text.slice(a);
      if (kind === 'exchange') return text.replace(words[a] ?? '', words[b] ?? '');
      return text.replace('<IsInstalled>', `<IsInstalled>${foreign[a]}`);
    }, xml),
  );
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return undefined;
  }
}
