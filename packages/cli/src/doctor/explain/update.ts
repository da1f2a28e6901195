// Which decision withholds an update from a computer: the catalogue's own explanation, for a client as the server knows
// it. The server does not keep what a client has installed; the scan it would make is simulated from its registration.

import { type ExplainNode, explainUpdate, type MachineFacts, simulateScan, toUpdateId } from '@moult/catalog';
import { jsonText } from '@moult/formats/text';
import { type KnownComputer, openLiveCatalogue, type Store, unassignedComputers } from '@moult/server';
import { exitCode, UsageError } from '../../terminal.ts';
import { paintWith } from '../report/paint.ts';
import { describeReport, nameOf } from './computer-rungs.ts';

/** Prints the explanation; exit code 0 when the update is offered or there already, 1 when it is not, or may not be. */
export async function explainUpdateFor(
  store: Store,
  computer: KnownComputer,
  update: string,
  options: { json?: boolean },
): Promise<void> {
  const updateId = toUpdateId(update.replace(/[{}]/g, '').toLowerCase());
  if (!updateId) throw new UsageError(`"${update}" is no update id; moult catalog list shows them`);
  const catalogue = await openLiveCatalogue(store, { unapproved: 'report' });
  const targeting = await store.loadTargeting(computer.computerId);
  const deployments = catalogue.deploymentsFor(targeting?.groupIds ?? [unassignedComputers]);
  const facts = factsOf(computer);
  const scan = await simulateScan(catalogue.index, deployments, facts, (ids) => store.loadFragments('core', [...ids]));
  const revisions = await store.findRevisions(updateId);
  const latest = revisions.at(-1);
  const core = latest ? (await store.loadFragments('core', [latest.revisionId])).get(latest.revisionId) : undefined;
  // The simulated scan ends with everything given; the question is what happens to a client without this one.
  const own = new Set<number>(revisions.map(({ revisionId }) => revisionId));
  const without = <T extends number>(ids: readonly T[]) => ids.filter((id) => !own.has(id));
  const { installedNonLeaf, otherCached, ...rest } = scan.request;
  const request = { ...rest, installedNonLeaf: without(installedNonLeaf), otherCached: without(otherCached) };
  const explanation = explainUpdate(
    catalogue.index,
    deployments,
    { request, facts, undecided: scan.undecided },
    updateId,
    core,
  );
  const heard = (await store.listReports(computer.computerId, 1000))
    .filter((report) => report.updateId === updateId)
    .sort(
      (a, b) => b.timeAtTarget.getTime() - a.timeAtTarget.getTime() || stepOf(b.eventNumber) - stepOf(a.eventNumber),
    )[0];
  const lastHeard = heard === undefined ? undefined : `${heard.timeAtTarget.toISOString()} ${describeReport(heard)}`;
  const isGiven = explanation.outcome === 'offered' || explanation.outcome === 'cached';
  process.exitCode = isGiven ? exitCode.fine : exitCode.findings;
  if (options.json) {
    console.log(
      jsonText(
        {
          computer: nameOf(computer),
          title: latest?.title,
          ...explanation,
          undecided: scan.undecided.length,
          lastHeard,
        },
        2,
      ),
    );
    return;
  }
  print(nameOf(computer), latest?.title ?? updateId, explanation.outcome, explanation.because, explanation.questions);
  if (lastHeard !== undefined) console.log(`\nThe client last said of it: ${lastHeard}`);
  if (scan.undecided.length > 0) {
    console.log(
      `\n${scan.undecided.length} prerequisites could not be decided from what the client registered; its own log tells.`,
    );
  }
}

/** Order of reports of the same moment: download started, done, installation started, done. */
function stepOf(eventNumber: number): number {
  return [167, 161, 162, 181, 184, 182, 183].indexOf(eventNumber);
}

function print(
  client: string,
  title: string,
  outcome: string,
  because: string,
  questions: readonly ExplainNode[],
): void {
  const paint = paintWith(process.stdout.isTTY && process.stdout.hasColors());
  const words = {
    offered: 'is offered',
    cached: 'has been given',
    'not-offered': 'is not offered',
    undecided: 'may be offered',
  };
  const verdict = words[outcome as keyof typeof words] ?? outcome;
  const colour = outcome === 'not-offered' ? 'red' : outcome === 'undecided' ? 'yellow' : 'green';
  console.log(`${paint([colour, 'bold'], `${client} ${verdict}`)} "${title}": ${because}\n`);
  const marks = { yes: paint('green', '✓'), no: paint('red', '✗'), unknown: paint('yellow', '?'), note: '·' };
  const walk = (nodes: readonly ExplainNode[], indent: string): void => {
    for (const { question, answer, says, children } of nodes) {
      console.log(`${indent}${marks[answer]} ${question} ${says}`);
      walk(children, `${indent}  `);
    }
  };
  walk(questions, '  ');
}

const architectures: Record<string, number> = { x86: 0, arm: 5, ia64: 6, amd64: 9, x64: 9, arm64: 12 };

/** What RegisterComputer says about a machine, as facts. Questions it does not answer stay unanswered. */
export function factsOf({ registration }: KnownComputer): MachineFacts {
  const number = (name: string): number | undefined =>
    typeof registration[name] === 'number' ? registration[name] : undefined;
  const [major, minor, build] = [number('osMajorVersion'), number('osMinorVersion'), number('osBuildNumber')];
  const architecture = architectures[String(registration.processorArchitecture ?? '').toLowerCase()];
  const locale = registration.osLocale;
  return {
    ...(architecture === undefined ? {} : { processor: () => ({ architecture }) }),
    ...(typeof locale === 'string' ? { language: () => ({ system: locale }) } : {}),
    ...(major === undefined || minor === undefined || build === undefined
      ? {}
      : {
          windowsVersion: () => ({
            major,
            minor,
            build,
            ...defined('servicePackMajor', number('osServicePackMajorNumber')),
            ...defined('servicePackMinor', number('osServicePackMinorNumber')),
            ...defined('suiteMask', number('suiteMask')),
            // NewProductType is the edition (48 for Windows 10 Pro); the kind of machine is still said by the old one.
            ...defined('productType', number('oldProductType')),
          }),
        }),
  };
}

function defined<Name extends string>(name: Name, value: number | undefined): { [K in Name]?: number } {
  return value === undefined ? {} : ({ [name]: value } as { [K in Name]: number });
}
