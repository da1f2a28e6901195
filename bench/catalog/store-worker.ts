// One import or one warm start, in a process of its own, with the heap of the real commands. Prints { seconds, peakMib
// }. The time includes closing the database after an import, but not making the documents.

import { limitHeapGrowth, openStore } from '@moult/store';
import { runImport } from '../../packages/administration/src/imports/run-import.ts';
import { generateCatalog } from '../../packages/catalog/test/generate-catalog.ts';
import { openLiveCatalog } from '../../packages/store/src/catalog/live-catalog.ts';

const [what, database = '', updates = '0'] = process.argv.slice(2);
const now = () => new Date();
let generatingMs = 0;
limitHeapGrowth();
const started = performance.now();
const store = await openStore(database, { now });
if (what === 'import') await importGenerated(Number(updates)).then(() => store.close());
else await warmStart(Number(updates));
const seconds = (performance.now() - started - generatingMs) / 1000;
if (what === 'start') await store.close();
console.log(JSON.stringify({ seconds, peakMib: process.resourceUsage().maxRSS / 1024 }));

async function importGenerated(count: number): Promise<void> {
  async function* documents() {
    const source = generateCatalog(count);
    for (let number = 0; ; number++) {
      const asked = performance.now();
      const { done, value: xml } = source.next();
      generatingMs += performance.now() - asked;
      if (done) return;
      yield { name: `document ${number}`, xml };
    }
  }
  const report = await runImport(store, documents(), { now, onProgress: () => undefined });
  if (report.new !== count) throw new Error(`${report.new} of ${count} were imported`);
}

async function warmStart(count: number): Promise<void> {
  const { index } = await openLiveCatalog(store, { unapproved: 'report' });
  if (index.size !== count) throw new Error(`${index.size} of ${count} are there`);
}
