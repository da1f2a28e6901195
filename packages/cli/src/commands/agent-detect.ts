// moult agent detect --wait: the result of the detection that the running agent was asked for.
import { awaitDetection, type DetectionEnd, type MachineRoot } from '@moult/agent';
import { jsonText } from '@moult/formats/text';
import { exitCode } from '../terminal.ts';

/**
 * Asks the running agent, waits for the end, shows it, and answers the exit code. Undefined when no agent runs. Throws
 * what awaitDetection throws.
 */
export async function detectAndWait(
  root: MachineRoot,
  { waitSeconds, json = false }: { waitSeconds: number; json?: boolean },
): Promise<number | undefined> {
  const end = await awaitDetection(root, { waitMs: waitSeconds * 1000 });
  if (!end) return undefined;
  const isGood = isWell(end);
  if (json) console.log(jsonText({ ok: isGood, ...end }));
  else (isGood ? console.log : console.error)(describeEnd(end, waitSeconds));
  return isGood ? exitCode.fine : exitCode.findings;
}

function isWell({ how, result, failures }: DetectionEnd): boolean {
  return how === 'ended' && !failed(result.lastError) && failures.length === 0;
}

export function describeEnd({ how, result, next, failures }: DetectionEnd, waitSeconds: number): string {
  const lines = failures.map(({ what, title, code }) => `${what}: ${title}${code === '' ? '' : ` (${code})`}`);
  return [...lines, `${howItEnded(how, result.lastError, waitSeconds)}${how === 'ended' ? nextOne(next) : ''}`].join(
    '\n',
  );
}

function howItEnded(how: DetectionEnd['how'], lastError: string | undefined, waitSeconds: number): string {
  if (how === 'stopped') return 'The agent was stopped before the detection had ended.';
  if (how === 'late')
    return `The detection has not ended within ${waitSeconds} s. It goes on. See "moult agent status".`;
  if (!failed(lastError)) return 'The detection went well.';
  return `The detection failed with ${lastError}. "moult doctor client" looks for the cause.`;
}

function nextOne(next: string | undefined): string {
  return next === undefined ? '' : ` The next one is at ${next}.`;
}

function failed(lastError: string | undefined): boolean {
  return lastError !== undefined && lastError !== '0x00000000';
}
