// From a revision's document to its signed instructions: the program, its files, and the meaning of its codes.
import { type Handler, parseUpdateDocument } from '@moult/catalog';
import { moultRuleNames } from '@moult/catalog/applicability';
import type { UpdateTarget } from '@moult/releases/metadata';

/** Everything that is signed of a revision but its approvals. */
export type Instructions = Omit<UpdateTarget, 'approvals'>;

const moultRule = new RegExp(`<(?:${[...moultRuleNames].join('|')})[\\s/>]`);

/** Whether agents evaluate anything in this core fragment that is not Microsoft's vocabulary. */
export function hasMoultRules(core: string): boolean {
  return moultRule.test(core);
}

/**
 * The instructions of a document. Undefined when an agent of ours runs nothing for it and evaluates nothing beyond
 * Microsoft's rules. Text: why it cannot be signed.
 */
export function instructionsOf(document: string, core: string): Instructions | string | undefined {
  const { identity, files, handler } = parseUpdateDocument(document);
  const isCommand = handler?.kind === 'command-line';
  if (!isCommand && !hasMoultRules(core)) return undefined;
  const listed: Instructions['files'] = [];
  for (const { fileName, sizeBytes, sha256 } of isCommand ? files : []) {
    if (sha256 === undefined) return `${fileName} has no SHA-256 in its metadata`;
    listed.push({ name: fileName, length: sizeBytes, sha256: Buffer.from(sha256, 'base64').toString('hex') });
  }
  const { updateId, revisionNumber } = identity;
  const named = { kind: 'update' as const, updateId, revision: revisionNumber, files: listed };
  return { ...named, ...(isCommand ? commandOf(handler) : { arguments: '', returnCodes: [] }) };
}

function commandOf(handler: Extract<Handler, { kind: 'command-line' }>) {
  return {
    program: handler.program,
    arguments: handler.arguments,
    returnCodes: handler.returnCodes.map(({ code, result, reboot }) => ({ code, result: lower(result), reboot })),
    otherwise: { result: lower(handler.defaultResult), reboot: handler.rebootByDefault },
  };
}

function lower(result: 'Succeeded' | 'Failed' | 'Cancelled') {
  return result.toLowerCase() as 'succeeded' | 'failed' | 'cancelled';
}
