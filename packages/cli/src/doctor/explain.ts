// moult explain COMPUTER [UPDATE], from the store of a Moult server, running or not.
import { type Administration, findGroup, findUpdate } from '@moult/administration';
import { type ExplainNode, toUpdateId, type UpdateId } from '@moult/catalog';
import { DoctorError } from '@moult/doctor/errors';
import { examineComputer, explainUpdateFor, explainUpdateInGroup, type UpdateAnswer } from '@moult/doctor/explain';
import { paintWith } from '@moult/doctor/report';
import { counted, jsonText, visibleText } from '@moult/formats/text';
import { type KnownComputer, type Store, withoutPassword } from '@moult/store';
import { openLiveCatalog } from '@moult/store/catalog';
import { present, table } from '../output.ts';
import type { ServerOptions } from '../server-flags.ts';
import { administer } from '../server-options.ts';
import { exitCode, UsageError } from '../terminal.ts';
import { deliver, type ReportOptions } from './deliver.ts';

export type ExplainOptions = ServerOptions & ReportOptions;

/** Why this computer is where it is. With `update`, why it is or is not offered that update. */
export async function explainComputer(
  name: string,
  update: string | undefined,
  options: ExplainOptions,
): Promise<void> {
  await administer(options, async ({ store, server }) => {
    const computer = await findOne(store, name);
    if (update !== undefined)
      return show(
        await explainUpdateFor(
          await sourcesOf({ store, server }),
          computer,
          await updateIdOf(store, update),
          new Date(),
        ),
        update,
        options,
      );
    return deliver(await examineComputer(store, computer, withoutPassword(server.database), new Date()), options);
  });
}

/** Why an update is not on all computers of a group. */
export async function explainGroup(update: string, groupName: string, options: ExplainOptions): Promise<void> {
  const answer = await administer(options, async ({ store, server }) => {
    const group = await findGroup(store, groupName);
    return explainUpdateInGroup(await sourcesOf({ store, server }), await findUpdate(store, update), group, new Date());
  });
  present(answer, options.json ? { json: true } : {}, (found) => {
    const missing = found.computers - found.installed - found.notApplicable;
    const head = `"${found.title}" is not on ${missing} of ${counted(found.computers, 'computer')} of "${found.group}".`;
    const rest = `It is installed on ${found.installed}, and does not apply to ${found.notApplicable}.`;
    const rows = found.reasons.map(({ computers, says, examples }) => [computers, says, examples.join(', ')]);
    return [visibleText(`${head} ${rest}`), ...(rows.length === 0 ? [] : table(['computers', 'reason', 'as'], rows))];
  });
}

async function sourcesOf({ store, server }: Pick<Administration, 'store' | 'server'>) {
  return { store, catalog: await openLiveCatalog(store, { unapproved: server.config.unapproved }) };
}

/** An id may be one that the catalog does not have: then that is the answer. */
async function updateIdOf(store: Store, text: string): Promise<UpdateId> {
  const updateId = toUpdateId(text.trim().replace(/[{}]/g, '').toLowerCase());
  return updateId ?? ((await findUpdate(store, text)).updateId as UpdateId);
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

/** Exit code 0 when the update is offered or there already, 1 when it is not, or may not be. */
function show(answer: UpdateAnswer, update: string, options: { json?: boolean }): void {
  const isGiven = answer.outcome === 'offered' || answer.outcome === 'cached';
  process.exitCode = isGiven ? exitCode.fine : exitCode.findings;
  if (options.json) {
    console.log(jsonText(answer, 2));
    return;
  }
  print(answer.computer, answer.title ?? update, answer.outcome, answer.because, answer.questions);
  if (answer.lastHeard !== undefined) console.log(`\nThe client last said of it: ${answer.lastHeard}`);
  if (answer.undecided > 0) {
    console.log(
      `\n${answer.undecided} prerequisites could not be decided from what the client registered; its own log tells.`,
    );
  }
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
    withheld: 'is kept from',
  };
  const verdict = words[outcome as keyof typeof words] ?? outcome;
  const colour =
    outcome === 'not-offered' || outcome === 'withheld' ? 'red' : outcome === 'undecided' ? 'yellow' : 'green';
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
