// For tests: what axe-core finds in a page. To load axe into a page takes longer than most of its judgements. So a page
// that is judged again, in other colors, keeps it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The part of Playwright's page that this needs. */
interface JudgedPage {
  evaluate(source: string): Promise<unknown>;
}

interface Rules {
  /** Only these. Undefined: all. */
  only?: readonly string[];
  /** All but these. */
  without?: readonly string[];
}

interface Violation {
  id: string;
  nodes: { html: string }[];
}

let source: string | undefined;

/** Fails with each violation that axe finds in the document as it is now, as `rule: element`. Looks into no frames. */
export async function requireNothingOfAxe(
  page: JudgedPage,
  { only, without = [] }: Rules = {},
  of = '',
): Promise<void> {
  assert.equal(await page.evaluate('window.length'), 0, 'axe looks into no frames');
  if ((await page.evaluate('globalThis.axe === undefined')) === true) {
    source ??= readFileSync(fileURLToPath(import.meta.resolve('axe-core')), 'utf8');
    // The value of the source is axe itself, which is not to be sent back.
    await page.evaluate(`${source};undefined`);
  }
  const options = {
    // Of what passes, nothing is written down.
    resultTypes: ['violations'],
    ...(only && { runOnly: { type: 'rule', values: only } }),
    rules: Object.fromEntries(without.map((rule) => [rule, { enabled: false }])),
  };
  const judge = `axe.run(document, ${JSON.stringify(options)}).then(({ violations, passes, inapplicable, incomplete }) =>
    ({ violations, ruled: passes.length + inapplicable.length + incomplete.length + violations.length }))`;
  const { violations, ruled } = (await page.evaluate(judge)) as { violations: Violation[]; ruled: number };
  assert.ok(ruled >= (only?.length ?? 50), `axe held the page to ${ruled} rules only`);
  assert.deepEqual(
    violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
    [],
    of,
  );
}
