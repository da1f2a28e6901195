import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  architectures,
  composeIdent,
  decideSelfUpdate,
  operatingSystems,
  parseIdent,
  resolveSelfUpdatePath,
  type SelfUpdateClient,
} from './index.ts';

const client: SelfUpdateClient = { version: '5.4.0.1', os: 'XP', architecture: 'x86', language: 'EN' };
const ident = composeIdent('sus', { product: 'moult-agent', version: '7.9.0.1' });

test('an older agent is led to the path of the page', () => {
  assert.deepEqual(decideSelfUpdate(ident, client), {
    kind: 'update',
    path: 'selfupdate/AU/x86/XP/EN/wuaucomp.cab',
    version: '7.9.0.1',
  });
});

test('every platform, processor and language is led to a path that the tree knows', () => {
  for (const os of operatingSystems) {
    for (const architecture of architectures) {
      for (const language of ['en-US', 'pt-br', 'zhtw', 'zh-Hant-TW', 'C', '', 'tlh', 'DEU']) {
        const decision = decideSelfUpdate(ident, { version: '7.8.9.9', os, architecture, language });
        assert.equal(decision.kind, 'update');
        const file = decision.kind === 'update' ? resolveSelfUpdatePath(`/${decision.path}`) : undefined;
        assert.equal(file?.kind === 'wuaucomp' && file.os, os);
        assert.equal(file?.kind === 'wuaucomp' && file.architecture, architecture);
      }
    }
  }
});

test('a language falls back to its parent, then to English', () => {
  const pathFor = (language: string) => {
    const decision = decideSelfUpdate(ident, { ...client, language });
    return decision.kind === 'update' ? decision.path.split('/')[4] : decision.kind;
  };
  assert.deepEqual(['pt-BR', 'PTB', 'ptbr', 'pt-PT', 'de-AT', 'zh_TW.UTF-8', 'eu', 'x'].map(pathFor), [
    'PTBR',
    'PTBR',
    'PTBR',
    'PT',
    'DE',
    'ZHTW',
    'EN',
    'EN',
  ]);
});

test('the same and newer versions stay, in four-part numeric order', () => {
  assert.deepEqual(decideSelfUpdate(ident, { ...client, version: '7.9.0.1' }), { kind: 'up-to-date' });
  assert.deepEqual(decideSelfUpdate(ident, { ...client, version: '7.10.0.0' }), { kind: 'up-to-date' });
  assert.equal(decideSelfUpdate(ident, { ...client, version: '7.9.0.0' }).kind, 'update');
});

test('a server without a release leaves every agent as it is', () => {
  const none = composeIdent('wsus', { product: 'moult-agent', version: undefined });
  for (const os of operatingSystems)
    assert.deepEqual(decideSelfUpdate(none, { ...client, os }), { kind: 'up-to-date' });
});

test('a line that leads backwards is not followed', () => {
  const back = parseIdent('[SelfClientUpdate]\nGrammar=1\nVersion=5.0.0.0\n[OS]\nXP,*=XP\n[ARCH]\n*=x86\n[LANG]\n*=EN');
  assert.deepEqual(decideSelfUpdate(back, client), { kind: 'up-to-date' });
});

test('every no has its reason', () => {
  const head = '[SelfClientUpdate]\nGrammar=1\nStructureKeyEx=%OS%/%ARCH%/%LANG%/a.cab\n';
  const because = (rest: string) => {
    const decision = decideSelfUpdate(parseIdent(head + rest), client);
    return decision.kind === 'unsupported' ? decision.because : decision.kind;
  };
  assert.match(because('[OS]\nXP,*=/UNSUPPORTED SP2 first'), /XP.*SP2 first/);
  assert.match(because('[OS]\nW2K,*=W2K'), /no line for XP with agent version 5\.4\.0\.1/);
  assert.match(because('[OS]\nXP,*=XP\n[ARCH]\nx64=x64'), /\[ARCH\] has no line for x86/);
  assert.match(because('[OS]\nXP,*=XP\n[ARCH]\nx86=x86\n[LANG]\nde=DE'), /\[LANG\] has no line for EN/);
});

test('the structure key goes with the section in which the line was found', () => {
  const text =
    '[SelfClientUpdate]\nGrammar=1\nStructureKeyEx=a/%OS%.cab\nStructureKeyEx2=b/%OS%.cab\n' +
    '[OS]\nW2K,*=W2K\n[OS2]\nWindows,*=Windows\n[OS3]\nLinux,*=Linux\n[ARCH]\n*=x86\n[LANG]\n*=EN';
  const pathFor = (os: SelfUpdateClient['os']) => {
    const decision = decideSelfUpdate(parseIdent(text.replaceAll('%OS%.cab', '%OS%/x.cab')), { ...client, os });
    return decision.kind === 'update' ? decision.path : decision.kind;
  };
  assert.equal(pathFor('W2K'), 'selfupdate/a/W2K/x.cab');
  assert.equal(pathFor('Windows'), 'selfupdate/b/Windows/x.cab');
  assert.equal(pathFor('Linux'), 'selfupdate/a/Linux/x.cab');
});
