// A process that imports into the database of its first argument while others do: updates of a family of its own (second
// argument), a batch at a time. Run by change-order.test.ts.
import { generateCatalog } from '../../catalog/test/generate-catalog.ts';
import { importDocuments } from '../../store/src/catalog/import.ts';
import { openStore } from '../../store/src/index.ts';

const [address = '', family = '0', updates = '60'] = process.argv.slice(2);
await using store = await openStore(address, { now: () => new Date() });
const documents = [...generateCatalog(Number(updates), 1, Number(family))];
const perBatch = 3;
for (let start = 0; start < documents.length; start += perBatch) {
  await importDocuments(store, documents.slice(start, start + perBatch), new Date());
}
await store.close();
