import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { evaluateApplicability } from '../applicability/index.ts';
import { CatalogError } from '../errors.ts';
import { deriveCore } from '../fragments/index.ts';
import { parseUpdateDocument, type UpdateDocument } from '../metadata/index.ts';
import { buildDocuments, parsePublication, publicationId } from './index.ts';

const yaml = `
publisher: Contoso
product: Contoso <App>
title: Contoso App 2.1
description: Mends & improves.
translations:
  de: { title: Contoso App 2.1 (deutsch) }
severity: Important
kb: 5000001
files: [app.tar.gz, setup.mjs]
install:
  program: setup.mjs
  arguments: --quiet "a b"
  reboot: can
  return-codes: { 0: succeeded, 3010: 'succeeded, reboot', 1603: failed }
installed-when:
  any:
    - package-version: { name: contoso-app, comparison: GreaterThanOrEqualTo, version: '2.1' }
    - all:
        - FileExists: { path: '\\Contoso\\app.exe', csidl: 38 }
        - not: { reg-key-exists: { key: HKEY_LOCAL_MACHINE, subkey: 'Software\\Contoso' } }
    - command-exit: { program: /usr/bin/app, arguments: ['--check', '2.1'] }
installable-when:
  os-release: { field: ID, value: debian }
prerequisites:
  - 00000000-0000-0000-0000-00000000000a
  - [00000000-0000-0000-0000-00000000000b, 00000000-0000-0000-0000-00000000000c]
supersedes: [00000000-0000-0000-0000-00000000000d]
`;
const file = {
  fileName: 'x_1.cab',
  sha1: Buffer.alloc(20, 1).toString('base64'),
  sha256: Buffer.alloc(32, 2).toString('base64'),
  sizeBytes: 12,
  modified: new Date(0),
};

function build(text = yaml): UpdateDocument[] {
  return buildDocuments(parsePublication(text), [file], new Date(0)).map((xml) => parseUpdateDocument(xml));
}

describe('a publication', () => {
  it('becomes a company, a product, a classification and the update, which read back as what was written', () => {
    const [company, product, classification, update] = build();
    assert.ok(company && product && classification && update);
    assert.deepEqual(
      [company, product, classification].map(({ category }) => category?.categoryType),
      ['Company', 'Product', 'UpdateClassification'],
    );
    assert.equal(product.localized[0]?.title, 'Contoso <App>');
    assert.deepEqual(
      update.localized.map(({ language, title }) => [language, title]),
      [
        ['en', 'Contoso App 2.1'],
        ['de', 'Contoso App 2.1 (deutsch)'],
      ],
    );
    assert.deepEqual(
      update.prerequisiteClauses.map(({ anyOf, isCategory }) => [anyOf.length, isCategory]),
      [
        [1, false],
        [2, false],
        [1, true],
        [1, true],
      ],
    );
    assert.equal(update.supersedes.length, 1);
    assert.equal(update.files[0]?.sizeBytes, 12);
    assert.deepEqual(
      update.handler?.kind === 'command-line' &&
        update.handler.returnCodes.map(({ code, result, reboot }) => [code, result, reboot]),
      [
        [0, 'Succeeded', false],
        [1603, 'Failed', false],
        [3010, 'Succeeded', true],
      ],
    );
    assert.equal(update.properties.msrcSeverity, 'Important');
    assert.deepEqual(update.properties.kbArticleIds, ['5000001']);
  });

  it('gets rules that are evaluated as they read', () => {
    const update = build()[3] as UpdateDocument;
    const onDebian = { osRelease: () => 'debian', commandExit: () => 1, folder: () => null };
    assert.equal(evaluateApplicability(update, { ...onDebian, packageVersion: () => '2.1-1' }).kind, 'installed');
    assert.equal(evaluateApplicability(update, { ...onDebian, packageVersion: () => '2.0' }).kind, 'installable');
    assert.equal(
      evaluateApplicability(update, { ...onDebian, packageVersion: () => null, osRelease: () => 'fedora' }).kind,
      'not-applicable',
    );
    const asked: string[][] = [];
    const commandExit = (program: string, args: readonly string[]) => {
      asked.push([program, ...args]);
      return 0;
    };
    assert.equal(
      evaluateApplicability(update, { ...onDebian, packageVersion: () => null, commandExit }).kind,
      'installed',
    );
    assert.deepEqual(asked, [['/usr/bin/app', '--check', '2.1']]);
  });

  it('takes constants alone or as a key', () => {
    for (const constant of ['not: never', 'always: true', 'not: { never: true }']) {
      const update = build(yaml.replace(/os-release: .*/, constant))[3] as UpdateDocument;
      assert.match(deriveCore(update), /<IsInstallable>(<True \/>|<Not><False \/><\/Not>)<\/IsInstallable>/);
    }
  });

  it('spells attributes as the schemas do', () => {
    const written = (rule: string) => build(yaml.replace(/os-release: .*/, rule))[3] as UpdateDocument;
    assert.match(deriveCore(written('platform: { platform-id: Windows }')), /<b\.Platform PlatformID="Windows" \/>/);
    assert.match(
      deriveCore(
        written(
          "reg-sz-to-version: { key: H, subkey: S, value: V, comparison: lessthan, data: '1', reg-type-32: true }",
        ),
      ),
      /Comparison="LessThan" Data="1" RegType32="true"/,
    );
  });

  it('gives the same ids for the same names, another one for another title', () => {
    const id = (text: string) => publicationId(parsePublication(text));
    assert.equal(id(yaml), id(yaml));
    assert.notEqual(id(yaml), id(yaml.replace('title: Contoso App 2.1\n', 'title: Contoso App 2.2\n')));
    assert.deepEqual(build()[0]?.identity, build(yaml.replace('Contoso App 2.1\n', 'Other\n'))[0]?.identity);
  });

  const wrong: [string, string, RegExp][] = [
    ['an unknown key', `${yaml}\nfoo: 1`, /"foo"/],
    ['a missing title', yaml.replace('title: Contoso App 2.1\n', '\n'), /title is missing/],
    ['an unknown rule', yaml.replace('os-release:', 'os-relaese:'), /OsRelaese/],
    [
      'a rule that lacks an attribute',
      yaml.replace(/os-release: .*/, 'reg-dword: { key: H, subkey: S, value: V }'),
      /needs Comparison/,
    ],
    [
      'an attribute no rule knows',
      yaml.replace(/os-release: .*/, 'reg-key-exists: { key: H, subkey: S, data: 1 }'),
      /takes no Data/,
    ],
    [
      'a comparison that is none',
      yaml.replace(/os-release: .*/, 'file-size: { path: P, comparison: Lesser, size: 1 }'),
      /"Lesser" is not one of LessThan/,
    ],
    ['an empty list of rules', yaml.replace(/os-release: .*/, 'not: []'), /not is empty/],
    ['a constant that is denied', yaml.replace(/os-release: .*/, 'always: false'), /always stands alone/],
    ['a bad id', yaml.replace('00000000-0000-0000-0000-00000000000d', 'nope'), /not a GUID/],
    ['a bad return code', yaml.replace('1603: failed', '1603: maybe'), /1603/],
    ['two equal keys', `${yaml}\ntitle: again`, /valid YAML/],
    ['no mapping at all', '- a', /mapping/],
  ];
  for (const [what, text, message] of wrong) {
    it(`with ${what} is refused and the key named`, () =>
      assert.throws(
        () => parsePublication(text),
        (error) =>
          error instanceof CatalogError && error.code === 'CATALOG_BAD_PUBLICATION' && message.test(error.message),
      ));
  }
});
