// moult explain COMPUTER [UPDATE], from the store of a Moult server, running or not.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isPostgres, type KnownComputer, openStore, type Store, sqliteFileOf, withoutPassword } from '@moult/server';
import { UsageError } from '../../terminal.ts';
import { DoctorError } from '../errors.ts';
import { deliver, type ReportOptions } from '../report/deliver.ts';
import { makeReport } from '../report/report.ts';
import { type ComputerFacts, nameOf, observeComputer, tellComputer } from './computer-rungs.ts';
import { explainUpdateFor } from './update.ts';

export interface ExplainOptions extends ReportOptions {
  dataDir: string;
  database?: string;
}

const pingLimit = 500;
const reportLimit = 500;

/** Why this computer is where it is; with `update`, why it is or is not offered that update. */
export async function explainComputer(
  name: string,
  update: string | undefined,
  options: ExplainOptions,
): Promise<void> {
  const database = options.database ?? join(options.dataDir, 'moult.sqlite');
  if (!isPostgres(database) && !existsSync(sqliteFileOf(database))) {
    throw new UsageError(
      `${withoutPassword(database)}: no such database; --data-dir names the server's data directory`,
    );
  }
  const store = await openStore(database, { now: () => new Date(), ifEmpty: 'refuse' });
  try {
    const computer = await findOne(store, name);
    if (update !== undefined) return await explainUpdateFor(store, computer, update, options);
    const facts = await collectComputer(store, computer, database);
    const seen = [
      { what: 'computer', result: `${nameOf(computer)} (${computer.computerId}), ${computer.address}` },
      { what: 'last contact', result: computer.lastContact.toISOString() },
      { what: 'status pings', result: String(facts.pings.length) },
      { what: 'reports', result: String(facts.reports.length) },
    ];
    deliver(makeReport(nameOf(computer), observeComputer(facts, new Date()), seen, [tellComputer(facts)]), options);
  } finally {
    await store.close();
  }
}

async function findOne(store: Store, name: string): Promise<KnownComputer> {
  const found = await store.findComputers(name);
  const [first] = found;
  if (!first)
    throw new DoctorError(
      'CLI_DOCTOR_COMPUTER_UNKNOWN',
      `no computer with the name, address or id "${name}" was ever heard of by this server; check where it is pointed: moult doctor client`,
    );
  if (found.length > 1) {
    const list = found.map((each) => `${each.computerId} ${each.dnsName} ${each.address}`).join('\n  ');
    throw new UsageError(`"${name}" is more than one computer; give the id:\n  ${list}`);
  }
  return first;
}

async function collectComputer(store: Store, computer: KnownComputer, source: string): Promise<ComputerFacts> {
  const pings = await store.listSelfUpdateEvents({ computerId: computer.computerId, limit: pingLimit });
  const reports = await store.listReports(computer.computerId, reportLimit);
  const shown = withoutPassword(source);
  return { computer, pings: pings.toReversed(), reports: reports.toReversed(), source: shown };
}
