import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError } from '../errors.ts';
import { type Brand, encodeRelease, isSameBrand, moultBrand, parseBrand, parseRelease, type Release } from './index.ts';

const contoso: Brand = { id: 'contoso-updates', vendor: 'Contoso', product: 'Updates', name: 'Contoso Updates' };
const icon = { name: 'contoso.svg', sizeBytes: 5, sha256: 'b'.repeat(64) };
const release: Release = {
  ...{ product: 'moult-agent', generation: 'wsus', version: '7.9.0.1', entry: 'agent.mjs' },
  files: [{ name: 'agent.mjs', sizeBytes: 12, sha256: 'a'.repeat(64) }],
};

describe('a brand', () => {
  it('reads back from the release that it is in, with its icon', () => {
    const branded: Release = { ...release, brand: { ...contoso, icon: icon.name }, files: [...release.files, icon] };
    assert.deepEqual(parseRelease(encodeRelease(branded)), branded);
    assert.throws(
      () => parseRelease(encodeRelease({ ...branded, files: release.files })),
      /icon is not one of its files/,
    );
  });

  it('is not written for the agent of this project: releases of before keep their bytes', () => {
    assert.ok(!encodeRelease(release).includes('brand'));
    assert.deepEqual(parseBrand(moultBrand), moultBrand);
  });

  it('takes names of many languages, and names with blanks and dots', () => {
    const brand = {
      id: 'acme-net-4',
      vendor: 'Acme .NET Ltd',
      product: 'Up-Date_2',
      name: 'Société Générale (東京) & Co',
    };
    assert.deepEqual(parseBrand(brand), brand);
  });

  it('with a name that is not safe as a folder, a key, a unit or a package is refused', () => {
    const bad: [keyof Brand, unknown[]][] = [
      [
        'id',
        [
          'ssh',
          'Contoso-Updates',
          'a b',
          '-a-b',
          'a--b',
          'a-b-',
          'systemd-journald',
          'dbus-x',
          'moult-server',
          '../a-b',
          'a-b/c',
          `a-${'b'.repeat(40)}`,
          7,
        ],
      ],
      [
        'vendor',
        [
          '',
          '.',
          '..',
          'a/b',
          'a\\b',
          ' a',
          'a ',
          'a.',
          'Microsoft',
          'microsoft corp',
          'Windows NT',
          'Policies',
          'CON',
          'nul.txt',
          'con .txt',
          'Moult',
          'MOULT',
          'com1',
          'Common Files',
          'a\u0000b',
          'a"b',
          'é',
          'x'.repeat(41),
          null,
        ],
      ],
      ['product', ['Windows', 'a:b', 'a%b', 'a$b', '[a]', 'aux']],
      ['name', ['', 'a\nb', 'a%b', '$(a)', 'a"b', "a'b", 'a\\b', ' a', 'a ', '<b>', 'x'.repeat(65), '\u202ea']],
      ['icon', ['../a.svg', 'a.exe', 'a/b.svg', '.svg', 'a.svg ', 7]],
    ];
    for (const [part, values] of bad) {
      for (const value of values) {
        assert.throws(
          () => parseBrand({ ...contoso, [part]: value }),
          (error) => error instanceof ProtocolError && error.code === 'PROTOCOL_RELEASE_MALFORMED',
          `${part} ${JSON.stringify(value)}`,
        );
      }
    }
    for (const value of [null, [], 'x', {}, { ...contoso, more: 1 }])
      assert.throws(() => parseBrand(value), ProtocolError);
  });

  it('has all names of the agent of this project, or none', () => {
    for (const part of ['vendor', 'product'] as const)
      assert.throws(() => parseBrand({ ...moultBrand, [part]: contoso[part] }), /belong together/, part);
    assert.throws(() => parseBrand({ ...moultBrand, id: contoso.id }), /belong together/);
    assert.deepEqual(parseBrand({ ...moultBrand, name: 'Updates' }).name, 'Updates');
  });

  it('is the same under another name or icon, and another in another place', () => {
    assert.ok(isSameBrand(contoso, { ...contoso, name: 'New name', icon: 'x.svg' }));
    for (const part of ['id', 'vendor', 'product'] as const)
      assert.ok(!isSameBrand(contoso, { ...contoso, [part]: 'other-one' }));
  });
});
