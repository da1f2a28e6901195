// Logs as people post them: other codes, other words, other languages and generations than the samples. Each has one cause;
// what is not certain is undecided. None may be a false all-clear, and none may name a wrong cause.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderText } from '../report/text.ts';
import { diagnoseLogs } from '../test/diagnose.ts';
import { variants } from './test/variants.ts';

describe('a log as people post it', () => {
  for (const [what, { text, name = 'pc/WindowsUpdate.log', verdict, says, never }] of Object.entries(variants)) {
    it(what, async () => {
      const report = await diagnoseLogs({ [name]: text });
      const told = report.findings.map(({ code }) => code).join(', ');
      assert.equal(report.verdict, verdict, told);
      if (says) assert.equal(report.findings[0]?.code, says, told);
      if (never) assert.doesNotMatch(renderText(report, { colour: false, width: 100 }).replaceAll(/\s+/g, ' '), never);
    });
  }
});
