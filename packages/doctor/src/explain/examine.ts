// A computer as a server's store knows it: every ping and report, told in order and judged.

import type { KnownComputer, Store } from '@moult/store';
import { reportBounds } from '../bounds.ts';
import { type DoctorReport, makeReport } from '../report/report.ts';
import { nameOf, observeComputer, tellComputer } from './computer-rungs.ts';

/** Why this computer is where it is. `source`: how to call the store in evidence. */
export async function examineComputer(
  store: Store,
  computer: KnownComputer,
  source: string,
  now: Date,
): Promise<DoctorReport> {
  const pings = await store.listSelfUpdateEvents({
    computerId: computer.computerId,
    limit: reportBounds.maxExplainedPings,
  });
  const reports = await store.listReports(computer.computerId, reportBounds.maxExplainedReports);
  const facts = { computer, pings: pings.toReversed(), reports: reports.toReversed(), source };
  const seen = [
    { what: 'computer', result: `${nameOf(computer)} (${computer.computerId}), ${computer.address}` },
    { what: 'last contact', result: computer.lastContact.toISOString() },
    { what: 'status pings', result: String(facts.pings.length) },
    { what: 'reports', result: String(facts.reports.length) },
  ];
  return makeReport(nameOf(computer), observeComputer(facts, now), seen, [tellComputer(facts)]);
}
