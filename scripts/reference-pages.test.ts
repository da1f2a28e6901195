// docs/commands.md, docs/codes.md and the list of findings are what the program says.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { referencePages } from './reference-pages.ts';

test('the pages of commands, codes and findings are as the program makes them (node scripts/reference-pages.ts)', async () => {
  for (const [path, text] of await referencePages()) assert.equal(readFileSync(path, 'utf8'), text, path);
});

test('they lead from 0x80244019, from event 13042 and from report 182 to their meaning', async () => {
  const codes = [...(await referencePages())].find(([path]) => path.endsWith('codes.md'))?.[1] ?? '';
  assert.match(codes, /^\| 0x80244019 \| `WU_E_PT_HTTP_STATUS_NOT_FOUND` \|.*DOCTOR_TREE_MISSING/m);
  assert.match(codes, /^\| 13042 \| .*DOCTOR_SELF_UPDATE_DOWN/m);
  assert.match(codes, /^\| 182 \| install \| failed \|/m);
});
