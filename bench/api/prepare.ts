// Makes the database of the bench of the service one of a big company: groups, memberships, states of every computer, and
// accounts with a token each.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addAccount, addToken } from '@moult/administration/accounts';
import { openStore } from '@moult/store';
import { type Kysely, sql } from 'kysely';
import { loadConfig } from '../../packages/administration/src/config/index.ts';
import { openDatabase } from '../../packages/store/src/database.ts';
import type { Tables } from '../../packages/store/src/schema.ts';
import { computerIdSql, type MachineScan } from '../service/machines.ts';

export const company = { computers: 100_000, updates: 100_000, groups: 1000, admins: 10 };
/** Updates that each computer reported on. Those that check in reported on more. */
const statesPerComputer = 20;
/** Of the accounts. */
export const password = 'correct horse battery staple';

export interface Company extends Disposable {
  dataDir: string;
  /** One of each administrator. */
  tokens: string[];
  scans: MachineScan[];
}

/** Takes minutes. Removed when it is disposed of. */
export async function makeCompany(): Promise<Company> {
  const folder = mkdtempSync(join(tmpdir(), 'moult-bench-company-'));
  const dataDir = join(folder, 'data');
  const database = join(dataDir, 'moult.sqlite');
  const scansFile = join(folder, 'scans.json');
  mkdirSync(dataDir);
  const program = fileURLToPath(new URL('../service/prepare.ts', import.meta.url));
  const counts = [company.updates, company.computers].map(String);
  execFileSync(process.execPath, [program, 'catalog', database, scansFile, ...counts], { stdio: 'inherit' });
  const tokens = await fillCompany(dataDir, database);
  const scans = JSON.parse(readFileSync(scansFile, 'utf8')) as MachineScan[];
  return { dataDir, tokens, scans, [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }) };
}

const now = () => new Date();
const author = () => ({ name: 'bench', at: now() });

/** Answers the tokens of the administrators. */
async function fillCompany(dataDir: string, address: string): Promise<string[]> {
  await fillTables(address, company);
  const store = await openStore(address, { now });
  try {
    await store.readUpdateFacts();
    while ((await store.addUpFigures()) > 0);
    await store.sortComputers();
    return await addAdmins(dataDir, address, store, company.admins);
  } finally {
    await store.close();
  }
}

async function fillTables(address: string, { computers, groups }: typeof company): Promise<void> {
  const database = await openDatabase(address, { limits: { statementMs: 0 } });
  const numbers = (most: number) =>
    sql.raw(`(with recursive counted (n) as (select 0 union all select n + 1 from counted where n + 1 < ${most})
      select n from counted)`);
  const group = sql.raw(`'d0000000-0000-4000-8000-' || substr('000000000000' || (n % ${groups}), -12)`);
  const id = sql.raw(computerIdSql('n'));
  await database.tables.transaction().execute(async (transaction: Kysely<Tables>) => {
    await sql`insert into target_groups (group_id, name, name_key, parent_id, created_at)
      select ${group}, 'Group ' || n, 'group ' || n, (select group_id from target_groups where parent_id is null), 0
      from ${numbers(groups)}`.execute(transaction);
    await sql`insert into computer_groups (computer_id, group_id) select ${id}, ${group}
      from ${numbers(computers)} where n % 10 > 0`.execute(transaction);
    // Different updates on different computers: 5 needed, one failed, the rest installed.
    await sql`insert or ignore into computer_update_status (computer_id, update_id, state, changed_at)
      select ${id}, (select update_id from revisions where revision_id = 5000 + (n * 7 + o.m) % 90000),
        case when o.m < 5 then 2 when o.m = 5 then 5 else 4 end, ${Date.now() - 86_400_000}
      from ${numbers(computers)}, (select n as m from ${numbers(statesPerComputer)}) as o
      where exists (select 1 from revisions where revision_id = 5000 + (n * 7 + o.m) % 90000)`.execute(transaction);
  });
  await sql`analyze`.execute(database.tables);
  await database.close();
}

async function addAdmins(
  dataDir: string,
  database: string,
  store: Awaited<ReturnType<typeof openStore>>,
  admins: number,
): Promise<string[]> {
  const loaded = loadConfig({ flags: { dataDir }, environment: {} });
  const server = { ...loaded, configFile: undefined, dataDir, database, contentDir: `${dataDir}/content` };
  const administration = { store, server, author: author() };
  const tokens: string[] = [];
  for (let number = 0; number < admins; number++) {
    const name = `admin-${number}`;
    await addAccount(administration, { name, role: 'administrator', password: number === 0 ? password : undefined });
    tokens.push((await addToken(administration, { name: 'bench', account: name, days: 1 })).secret);
  }
  return tokens;
}
