// Which decision withholds an update from a computer: the catalog's own explanation, for a client as the server knows
// it. The server does not keep what a client has installed. The next scan is simulated from its registration.

import { type Explanation, explainUpdate, type MachineFacts, simulateScan, type UpdateId } from '@moult/catalog';
import { type KnownComputer, type Store, unassignedComputers } from '@moult/store';
import type { LiveCatalog } from '@moult/store/catalog';
import { describeReport, nameOf } from './computer-rungs.ts';

/** The explanation of the catalog, and what the client itself said of the update. */
export interface UpdateAnswer extends Explanation {
  computer: string;
  title: string | undefined;
  /** How many prerequisites could not be decided from what the client registered. */
  undecided: number;
  /** When, and what. Undefined: nothing. */
  lastHeard: string | undefined;
}

export interface CatalogSources {
  store: Store;
  /** Equal to the store. A server gives its own: another one costs all of the catalog again, for as long as the store is open. */
  catalog: LiveCatalog;
}

/** Why the computer is, or is not, offered the update. `tells`: whether the decision of a group may be told. Default: each. */
export async function explainUpdateFor(
  { store, catalog }: CatalogSources,
  computer: KnownComputer,
  updateId: UpdateId,
  now: Date,
  { tells }: { tells?: (groupId: string) => boolean } = {},
): Promise<UpdateAnswer> {
  const targeting = await store.loadTargeting(computer.computerId);
  const groupIds = targeting?.groupIds ?? [unassignedComputers];
  const offer = catalog.decide({ groupIds, facts: targeting?.facts ?? {} }, now);
  const facts = factsOf(computer);
  const scan = await simulateScan(offer, facts, (ids) => store.loadFragments('core', [...ids]));
  const revisions = await store.findRevisions(updateId);
  const latest = revisions.at(-1);
  const core = latest ? (await store.loadFragments('core', [latest.revisionId])).get(latest.revisionId) : undefined;
  // The simulated scan ends with everything given. The question is what happens to a client without this one.
  const own = new Set<number>(revisions.map(({ revisionId }) => revisionId));
  const without = <T extends number>(ids: readonly T[]) => ids.filter((id) => !own.has(id));
  const { installedNonLeaf, otherCached, ...rest } = scan.request;
  const request = { ...rest, installedNonLeaf: without(installedNonLeaf), otherCached: without(otherCached) };
  const view = { request, facts, undecided: scan.undecided, ...(tells && { tells }) };
  const titles = await titlesIn(explainUpdate(offer, view, updateId, core), store);
  const explanation = explainUpdate(offer, { ...view, titleOf: (id) => titles.get(id) }, updateId, core);
  const lastReport = (await store.listReports(computer.computerId, 1000))
    .filter((report) => report.updateId === updateId)
    .sort(
      (a, b) => b.timeAtTarget.getTime() - a.timeAtTarget.getTime() || stepOf(b.eventNumber) - stepOf(a.eventNumber),
    )[0];
  const lastHeard =
    lastReport === undefined ? undefined : `${lastReport.timeAtTarget.toISOString()} ${describeReport(lastReport)}`;
  const title = latest?.title;
  return { computer: nameOf(computer), title, ...explanation, undecided: scan.undecided.length, lastHeard };
}

/** The titles of the updates that an explanation names. */
async function titlesIn(explanation: Explanation, store: Store): Promise<Map<string, string>> {
  const ids = new Set(JSON.stringify(explanation).match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g));
  const titles = new Map<string, string>();
  for (const id of [...ids].slice(0, mostTitles)) {
    const title = (await store.findRevisions(id)).at(-1)?.title;
    if (title) titles.set(id, title);
  }
  return titles;
}

/** An explanation that names more updates is not read to its end by anybody. The others keep their ids. */
const mostTitles = 500;

/** Order of reports of the same moment: download started, done, installation started, done. */
function stepOf(eventNumber: number): number {
  return [167, 161, 162, 181, 184, 182, 183].indexOf(eventNumber);
}

const architectures: Record<string, number> = { x86: 0, arm: 5, ia64: 6, amd64: 9, x64: 9, arm64: 12 };

/** The facts of RegisterComputer about a machine. Questions it does not answer stay unanswered. */
function factsOf({ registration }: KnownComputer): MachineFacts {
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
            // NewProductType is the edition (48 for Windows 10 Pro). The kind of machine is still said by the old one.
            ...defined('productType', number('oldProductType')),
          }),
        }),
  };
}

function defined<Name extends string>(name: Name, value: number | undefined): { [K in Name]?: number } {
  return value === undefined ? {} : ({ [name]: value } as { [K in Name]: number });
}
