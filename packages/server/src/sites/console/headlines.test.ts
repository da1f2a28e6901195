// Each fault has its words in one place: the home page takes those that the doctor knows too from the pages of
// findings.
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { repositoryFile } from '@moult/disk';
import { findingCodes, isFindingCode, readPageText } from '@moult/doctor/words';
import { portAnswersWrong, portNotHad } from '../../http/port-faults.ts';

const sources = globSync('packages/{server,store,administration,releases,console,cli}/src/**/*.{ts,tsx}', {
  cwd: repositoryFile('.'),
})
  .filter((file) => !/\.test\.ts$|[\\/]test[\\/]/.test(file))
  .map((file) => ({ file, text: readFileSync(join(repositoryFile('.'), file), 'utf8') }));

describe('the words of faults', () => {
  it('have one source: no headline of a notice or a fault is written twice', () => {
    const places = new Map<string, string[]>();
    for (const { file, text } of sources) {
      for (const [, value = ''] of text.matchAll(/\bheadline(?:: | = )([\s\S]*?)(?=,\n|;\n)/g)) {
        for (const [, , literal = ''] of value.matchAll(/(['"`])((?:\\.|(?!\1)[\s\S])*)\1/g)) {
          if (!literal.includes(' ')) continue;
          const headline = literal.replaceAll(/\$\{[^}]*\}/g, '…');
          places.set(headline, [...(places.get(headline) ?? []), file]);
        }
      }
    }
    assert.ok(places.size > 15, `${places.size} headlines were found`);
    assert.deepEqual(
      [...places].filter(([, files]) => files.length > 1),
      [],
    );
  });

  it('are not written a second time where the doctor has a page for them', () => {
    for (const code of Object.keys(findingCodes)) {
      const [, sentence = ''] = isFindingCode(code) ? readPageText(code).split(/\n\n/) : [];
      const parts = sentence.replaceAll('\n', ' ').split(/\{\w+\}/);
      const longest = parts.sort((a, b) => b.length - a.length)[0] ?? '';
      assert.ok(sentence !== '', code);
      if (longest.length < 32) continue;
      assert.deepEqual(
        sources.filter(({ text }) => text.includes(longest)).map(({ file }) => file),
        [],
        `${code}: "${longest}"`,
      );
    }
  });

  it('of ports are all different, whole, and name the port', () => {
    const faults = [
      ...['EACCES', 'EADDRINUSE', 'ENOBUFS'].map((reason) => portNotHad(8080, reason)),
      portAnswersWrong(8080, [{ path: '/iuident.cab', answer: '404' }]),
    ];
    assert.equal(new Set(faults.map(({ headline }) => headline)).size, faults.length);
    for (const { headline, cause, steps } of faults) {
      assert.match(headline, /^The SelfUpdate service is not available on port 8080: /);
      assert.doesNotMatch([headline, cause, ...steps].join(' '), /[`{}]|undefined/);
      assert.match(steps.at(-1) ?? '', /^See that it is fixed: "moult doctor self"/);
    }
  });
});
