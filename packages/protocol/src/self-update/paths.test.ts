import assert from 'node:assert/strict';
import { test } from 'node:test';
import { languageFallback, resolveSelfUpdatePath, wuaucompPath } from './index.ts';

test('letter case, doubled slashes and queries are of no account', () => {
  const xp = { kind: 'wuaucomp', architecture: 'x86', os: 'XP', language: 'en' };
  for (const path of [
    '/selfupdate/AU/x86/XP/EN/wuaucomp.cab',
    '/SelfUpdate/au/X86/xp/en/WUAUCOMP.CAB',
    '//selfupdate//AU/x86/XP/EN/wuaucomp.cab?0504301510',
  ]) {
    assert.deepEqual(resolveSelfUpdatePath(path), xp, path);
  }
  assert.deepEqual(resolveSelfUpdatePath('/IUIDENT.CAB?0307011208'), { kind: 'iuident' });
  assert.deepEqual(resolveSelfUpdatePath('//selfupdate/wuident.cab'), { kind: 'wuident' });
  assert.deepEqual(resolveSelfUpdatePath('/WuTrack.bin?V=1&U=..%2f'), { kind: 'wutrack' });
});

test('languages of two to four letters are taken, also with script and region', () => {
  const languageOf = (folder: string) => {
    const file = resolveSelfUpdatePath(`/selfupdate/AU/arm64/Darwin/${folder}/wuaucomp.cab`);
    return file?.kind === 'wuaucomp' ? file.language : undefined;
  };
  assert.deepEqual(
    ['EN', 'enu', 'zhtw', 'zh-TW', 'pt-br', 'pt_BR', 'cht', 'fil', 'sr-Latn-RS', 'es-419'].map(languageOf),
    ['en', 'en', 'zh-tw', 'zh-tw', 'pt-br', 'pt-br', 'zh-tw', 'fil', 'sr-latn-rs', 'es-419'],
  );
  assert.deepEqual(['e', 'engli', '..', '12', 'e n', '%2e', 'en-'].map(languageOf), Array(7).fill(undefined));
});

test('other files and folders of the tree are not ours', () => {
  for (const path of [
    '/',
    '/selfupdate',
    '/selfupdate/iuident.cab',
    '/wuident.cab',
    '/selfupdate/AU/ia64/XP/EN/wuaucomp.cab',
    '/selfupdate/AU/x86/BeOS/EN/wuaucomp.cab',
    '/selfupdate/AU/x86/XP/EN/other.cab',
    '/x/selfupdate/AU/x86/XP/EN/wuaucomp.cab',
  ]) {
    assert.equal(resolveSelfUpdatePath(path), undefined, path);
  }
});

test('a written path resolves to what it was written for', () => {
  const of = { architecture: 'x64', os: 'W2K', language: 'de' } as const;
  assert.deepEqual(resolveSelfUpdatePath(wuaucompPath(of)), { kind: 'wuaucomp', ...of });
});

test('fallback ends in English and repeats nothing', () => {
  assert.deepEqual(languageFallback('pt-br'), ['pt-br', 'pt', 'en']);
  assert.deepEqual(languageFallback('zhtw'), ['zh-tw', 'zh', 'en']);
  assert.deepEqual(languageFallback('sr-Latn-RS'), ['sr-latn-rs', 'sr-latn', 'sr', 'en']);
  assert.deepEqual(languageFallback('EN'), ['en']);
  assert.deepEqual(languageFallback('en_US.UTF-8'), ['en-us', 'en']);
  assert.deepEqual(languageFallback('../..'), ['en']);
});
