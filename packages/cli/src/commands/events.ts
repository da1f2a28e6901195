// moult events: the reports of computers, the pings of agents about their own update, and the changes of administrators.

import { findComputer, findUpdate } from '@moult/administration';
import { describeReport, readMiscData } from '@moult/protocol/reporting';
import { type Command, Option } from 'commander';
import { wholeNumber } from '../numbers.ts';
import { moment, present, table } from '../output.ts';
import { type AdministrationFlags, administer, withServerOptions } from '../server-options.ts';
import { verifyAudit } from '../verify-audit.ts';

interface EventFlags extends AdministrationFlags {
  kind: 'reports' | 'self-update' | 'identity' | 'audit';
  computer?: string;
  update?: string;
  limit: number;
}

export function register(program: Command): void {
  const verb = program.command('events');
  withServerOptions(verb)
    .description(
      'list events, newest first: reports, self-update, computers that changed (identity), changes by administrators (audit)',
    )
    .addOption(
      new Option('--kind <kind>', 'kind of events')
        .choices(['reports', 'self-update', 'identity', 'audit'])
        .default('reports'),
    )
    .option('--computer <computer>', 'only events of this computer')
    .option('--update <update>', 'only events about this update')
    .addOption(
      new Option('--limit <n>', 'at most this number of lines').argParser(wholeNumber(1, 1_000_000)).default(100),
    )
    .action(events);
  withServerOptions(verb.command('verify'))
    .description('check that every audit record is as Moult wrote it. Exit code 1 if one is not')
    .action(verifyAudit);
}

async function events(flags: EventFlags): Promise<void> {
  if (flags.kind === 'audit') return showAudit(flags);
  if (flags.kind === 'identity') return showIdentityChanges(flags);
  return flags.kind === 'self-update' ? showSelfUpdate(flags) : showReports(flags);
}

async function showReports(flags: EventFlags): Promise<void> {
  const found = await administer(flags, async ({ store }) => {
    const computer = flags.computer === undefined ? undefined : await findComputer(store, flags.computer);
    const update = flags.update === undefined ? undefined : await findUpdate(store, flags.update);
    return store.listReportingEvents({
      computerId: computer?.computerId,
      updateId: update?.updateId,
      limit: flags.limit,
    });
  });
  const told = found.map((event) => ({
    ...event,
    ...describeReport(event.eventNumber, event.win32HResult),
    miscData: readMiscData(event.miscData),
  }));
  present(told, flags, () =>
    table(
      ['TIME', 'COMPUTER', 'EVENT', 'WHAT', 'RESULT', 'UPDATE', 'TEXT'],
      told.map((event) => [
        moment(event.timeAtTarget),
        event.dnsName || event.computerId,
        event.eventNumber,
        event.headline,
        hex(event.win32HResult),
        event.updateId,
        event.replacementStrings.join(' '),
      ]),
    ),
  );
}

async function showSelfUpdate(flags: EventFlags): Promise<void> {
  const found = await administer(flags, async ({ store }) => {
    const computer = flags.computer === undefined ? undefined : await findComputer(store, flags.computer);
    return store.listSelfUpdateEvents({ limit: flags.limit, ...(computer && { computerId: computer.computerId }) });
  });
  present(found, flags, () =>
    table(
      ['TIME', 'COMPUTER', 'ADDRESS', 'WHAT', 'STATUS', 'RESULT', 'AGENT', 'TEXT'],
      found.map((event) => [
        moment(event.occurredAt),
        event.computerId,
        event.address,
        `${event.component} ${event.activity}`,
        event.status,
        event.resultCode,
        [event.agentGeneration, event.agentVersion].filter(Boolean).join(' '),
        event.item || event.message,
      ]),
    ),
  );
}

async function showIdentityChanges(flags: EventFlags): Promise<void> {
  const found = await administer(flags, async ({ store }) => {
    const computer = flags.computer === undefined ? undefined : await findComputer(store, flags.computer);
    return store.listIdentityChanges({ computerId: computer?.computerId, limit: flags.limit });
  });
  present(found, flags, () =>
    table(
      ['TIME', 'COMPUTER', 'WHAT', 'BEFORE', 'AFTER', 'ID'],
      found.map((one) => [moment(one.at), one.dnsName, one.aspect, one.before, one.after, one.computerId]),
    ),
  );
}

async function showAudit(flags: EventFlags): Promise<void> {
  const found = await administer(flags, async ({ store }) => {
    const subject = await subjectOf();
    return store.listAudit({ limit: flags.limit, ...(subject !== undefined && { subject }) });

    async function subjectOf(): Promise<string | undefined> {
      if (flags.update !== undefined) return (await findUpdate(store, flags.update)).updateId;
      return flags.computer === undefined ? undefined : (await findComputer(store, flags.computer)).computerId;
    }
  });
  present(found, flags, () =>
    table(
      ['TIME', 'WHO', 'DID', 'TO', 'BEFORE', 'AFTER'],
      found.map((one) => [
        moment(one.at),
        one.actor,
        one.action,
        one.subject,
        one.before === undefined ? '' : JSON.stringify(one.before),
        one.after === undefined ? '' : JSON.stringify(one.after),
      ]),
    ),
  );
}

function hex(result: number): string {
  return result === 0 ? '' : `0x${(result >>> 0).toString(16).padStart(8, '0')}`;
}
