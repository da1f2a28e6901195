// moult agent panel: the Automatic Updates panel of this computer, as a page for a browser on it, or in this terminal.
import { randomBytes } from 'node:crypto';
import { type MachineRoot, type RunningHost, requestDetection, startHost } from '@moult/agent';
import { openPanel, readPanel, requireCheckAllowed, saveChoice } from '@moult/agent/panel';
import { jsonText } from '@moult/formats/text';
import { commandLimits } from '../bounds.ts';
import { runTwin } from '../panel/run-twin.ts';
import { UsageError } from '../terminal.ts';

interface PanelFlags {
  terminal?: boolean;
  json?: boolean;
}

/** Until it is closed. Throws CLI_USAGE, and what the first look at the machine throws. */
export async function showPanel(root: MachineRoot, { terminal, json }: PanelFlags): Promise<void> {
  const state = await readPanel(root, new Date());
  const checks = openChecks(root);
  try {
    if (terminal) return await inTerminal(root, checks);
    const panel = await openPanel({
      ...{ root, random: randomBytes, check: checks.check },
      now: () => new Date(),
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void panel.close());
    if (json) console.log(jsonText({ url: panel.url }));
    else {
      console.log(`Automatic Updates of ${root.folder} (${state.client} ${state.version ?? ''})`);
      console.log(`Open this address in a browser on this computer. It works once:\n\n  ${panel.url}\n`);
      console.log('The panel ends with Ctrl+C, or if you do not use it for some time.');
    }
    await panel.ended;
  } finally {
    await checks.close();
  }
}

async function inTerminal(root: MachineRoot, { check }: Checks): Promise<void> {
  const { stdin: input, stdout: output } = process;
  if (!input.isTTY || !output.isTTY) {
    throw new UsageError('--terminal needs a terminal for its input and its output. "moult agent status" needs none.');
  }
  await runTwin({
    ...{ input, output, everyMs: commandLimits.agentWatchMs },
    read: () => readPanel(root, new Date()),
    save: (choice) => saveChoice(root, choice),
    check: () => {
      requireCheckAllowed(root);
      return check();
    },
  });
}

interface Checks {
  check(): string;
  close(): Promise<void>;
}

/** Asks the service to check. If it is stopped, this process checks once. */
function openChecks(root: MachineRoot): Checks {
  let own: RunningHost | undefined;
  return {
    check() {
      if (requestDetection(root)) return 'The running agent was asked to check now.';
      own = startHost(root, { now: true, once: true });
      return 'The service is stopped, so the panel itself checks once.';
    },
    close: async () => own?.stop(),
  };
}
