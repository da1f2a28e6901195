// Debian has no PowerShell, so scripts that Moult writes for it are read by the parser that VS Code uses. It also looks at
// the commands and parameters: a name that Windows PowerShell 5.1 does not know is found here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { exportPolicy } from '@moult/administration/policy';
import { moultBrand } from '@moult/protocol/self-update';
import { installLineForWindows, type ServedBundle, servedScriptForWindows } from '@moult/releases/bundle';
import { installScriptForWindows } from '../packages/releases/src/bundle/installed-scripts.ts';
import { openParser, unknownIn } from './powershell-parser.ts';

const bundle: ServedBundle = { platform: 'win-x64', sha256: 'a'.repeat(64), sizeBytes: 1 };
const digests = { script: '', windowsScript: 'a'.repeat(64) };
const pointing = { server: 'http://wsus:8530', group: "it’s; 'one' $(x) `n" };
const policy = (isUndo: boolean) => {
  const [file] = exportPolicy('ps1', pointing, { isUndo, now: new Date(0), newGuid: () => '' });
  return Buffer.from(file?.bytes ?? []).toString('utf8');
};

const scripts: Record<string, string> = {
  'install.ps1 of a server': servedScriptForWindows(moultBrand, [bundle]),
  'install.ps1 of a server without Windows': servedScriptForWindows(moultBrand, []),
  'install.ps1 of a bundle': installScriptForWindows(moultBrand),
  'the pasted line': installLineForWindows({ ...pointing, ...digests }),
  'a policy': policy(false),
  'the end of a policy': policy(true),
  'Export-WsusForMoult.ps1': readFileSync(new URL('../examples/Export-WsusForMoult.ps1', import.meta.url), 'utf8'),
};

/** The commands of the scripts that install, with the parameters that Windows PowerShell 5.1 documents and we use. */
const known: Readonly<Record<string, readonly string[]>> = {
  'copy-item': ['-LiteralPath', '-Destination', '-Recurse'],
  'expand-archive': ['-LiteralPath', '-DestinationPath'],
  'get-filehash': ['-Algorithm', '-LiteralPath'],
  'invoke-webrequest': ['-UseBasicParsing', '-Uri', '-OutFile'],
  'join-path': [],
  'move-item': ['-LiteralPath', '-Destination'],
  'new-item': ['-ItemType', '-Path', '-Force'],
  'out-null': [],
  'remove-item': ['-LiteralPath', '-Recurse', '-Force'],
  'split-path': ['-Parent'],
  'test-path': ['-LiteralPath'],
  'write-error': [],
  // A function of the script, and the program itself.
  'invoke-quietly': [],
  powershell: ['-ExecutionPolicy', '-File', '-Server', '-Group'],
};

describe('a script for Windows PowerShell', async () => {
  const parser = await openParser();
  const read = (text: string) => parser.parse(text.replace(/^\ufeff/, ''))?.rootNode ?? assert.fail();

  for (const [name, text] of Object.entries(scripts))
    it(`is read without an error: ${name}`, () => {
      const root = read(text);
      assert.ok(!root.hasError, `${name}:\n${root.toString()}`);
      // PowerShell 5.1 has no pipeline chains, and no "try" that catches nothing.
      assert.deepEqual(root.descendantsOfType('pipeline_chain_tail'), []);
      for (const one of root.descendantsOfType('try_statement'))
        assert.ok(
          one?.children.some((child) => /^(?:catch_clauses|finally_clause)$/.test(child?.type ?? '')),
          name,
        );
    });

  for (const name of Object.keys(scripts).filter((one) => /install|line/.test(one)))
    it(`calls commands and parameters that are there: ${name}`, () =>
      assert.deepEqual(unknownIn(read(scripts[name] ?? ''), known), []));

  it('that is cut off, or whose quotes do not end, or that calls something else, is found', () => {
    const served = scripts['install.ps1 of a server'] ?? '';
    for (const broken of [
      served.slice(0, served.lastIndexOf('}')),
      served.slice(0, served.indexOf('Expand-Archive')),
      served.replace("'bundle.zip'", "'bundle.zip"),
      served.replace('(Join-Path', 'Join-Path'),
      served.replace('try {', 'try'),
      served.replace("$ErrorActionPreference = 'Stop'", '$x ?? 1'),
    ]) {
      assert.notEqual(broken, served);
      assert.ok(read(broken).hasError, broken);
    }
    assert.deepEqual(unknownIn(read("Get-FileHash -LiteralPaht 'x'; Expand-Zip 'x'"), known), [
      'get-filehash -LiteralPaht',
      'expand-zip',
    ]);
  });
});
