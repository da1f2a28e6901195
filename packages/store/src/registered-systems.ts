// Counts the systems of all registered computers. The reach of a rule or a package is computed from them.
import type { CountedSystem } from '@moult/catalog/reach';
import type { ComputerLists } from './contract/index.ts';
import type { Database } from './database.ts';

const numbers = [
  ...['osMajorVersion', 'osMinorVersion', 'osBuildNumber', 'osServicePackMajorNumber', 'osServicePackMinorNumber'],
  ...['suiteMask', 'oldProductType'],
];
const texts = ['osLocale', 'osDescription', 'processorArchitecture', 'computerManufacturer', 'computerModel'];

const rowsAtOnce = 5000;

export function registeredSystemStore({ tables }: Database): Pick<ComputerLists, 'readSystems'> {
  return {
    async readSystems(): Promise<CountedSystem[]> {
      const systems = new Map<string, CountedSystem>();
      for (let after = ''; ; ) {
        const rows = await tables
          .selectFrom('computers')
          .select(['computer_id', 'registration'])
          .where('computer_id', '>', after)
          .orderBy('computer_id')
          .limit(rowsAtOnce)
          .execute();
        for (const { registration } of rows) count(systems, registration);
        if (rows.length < rowsAtOnce) return [...systems.values()];
        after = rows.at(-1)?.computer_id ?? after;
      }
    },
  };
}

function count(systems: Map<string, CountedSystem>, registration: string | null): void {
  const said = registration === null ? {} : (JSON.parse(registration) as Record<string, unknown>);
  const facts = Object.fromEntries([
    ...numbers.filter((name) => typeof said[name] === 'number').map((name) => [name, said[name]]),
    ...texts.filter((name) => typeof said[name] === 'string').map((name) => [name, said[name]]),
  ]);
  const key = JSON.stringify(facts);
  const known = systems.get(key);
  if (known) known.computers++;
  else systems.set(key, { facts, computers: 1 });
}
