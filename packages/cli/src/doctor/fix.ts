// moult doctor fix: asks first, says each change, writes an undo file.

import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { machineAt, serviceHolder } from '@moult/agent';
import { applyChanges, type Change, planForAgent, planForServer, undoChanges } from '@moult/doctor/fix';
import { jsonText } from '@moult/formats/text';
import { verifyTree } from '@moult/server/tree';
import type { ServerOptions } from '../server-flags.ts';
import { requireServer } from '../server-options.ts';
import { exitCode, UsageError } from '../terminal.ts';

export interface FixOptions extends ServerOptions {
  root?: string;
  dryRun?: boolean;
  yes?: boolean;
  undo?: string;
  undoFile?: string;
  json?: boolean;
}

/** Makes the safe changes. Exit code 0 if no change is left, 1 if changes were only shown or declined. */
export async function doctorFix(options: FixOptions): Promise<void> {
  if (options.undo !== undefined) return undo(options.undo, options.json === true);
  const changes = await plan(options);
  if (options.json && (options.dryRun || !options.yes || changes.length === 0)) {
    console.log(
      jsonText({ applied: false, changes: changes.map(({ code, what, file }) => ({ code, what, file })) }, 2),
    );
  } else if (!options.json) for (const { code, what } of changes) console.log(`${code}: ${what}`);
  if (changes.length === 0) {
    if (!options.json) console.log('There is nothing that the doctor can fix safely by itself.');
    return;
  }
  process.exitCode = exitCode.findings;
  if (options.dryRun) return;
  if (!options.yes && !(await isAgreed(changes.length))) return;
  const undoFile = options.undoFile ?? `moult-undo-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.json`;
  applyChanges(changes, undoFile, new Date());
  process.exitCode = exitCode.fine;
  if (options.json) {
    console.log(
      jsonText({ applied: true, undoFile, changes: changes.map(({ code, what, file }) => ({ code, what, file })) }, 2),
    );
  } else console.log(`Done. To undo it: moult doctor fix --undo ${undoFile}`);
}

async function plan(options: FixOptions): Promise<Change[]> {
  const { root, dataDir } = options;
  if (root === undefined) {
    const server = requireServer(options);
    return planForServer(server.dataDir, new Date(), { verifyTree, database: server.database });
  }
  if (dataDir !== undefined) throw new UsageError('give --root DIR (an agent) or --data-dir DIR (a server), not both');
  if (!existsSync(root)) throw new UsageError(`${root}: no such folder`);
  const machine = machineAt(root);
  const running = serviceHolder(machine);
  // A running agent writes the same registry: it is asked to stop first rather than raced.
  if (running)
    throw new UsageError(
      `the agent under ${root} is running (process ${running.pid}); stop it first: moult agent stop --root ${root}`,
    );
  return planForAgent(machine, new Date());
}

async function isAgreed(count: number): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError('there is no terminal to ask. --yes applies the changes, --dry-run only shows them');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Make ${count === 1 ? 'this change' : `these ${count} changes`}? [y/N] `);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}

function undo(file: string, json: boolean): void {
  const undone = undoChanges(file);
  if (json) console.log(jsonText({ undone }, 2));
  else for (const what of undone) console.log(`undone: ${what}`);
}
