// .reg text (@moult/formats/registry), with the agent's own error for a registry file that cannot be read.
import { FormatError } from '@moult/formats';
import { parseRegistryText as parse, type RegistryTree } from '@moult/formats/registry';
import { hresult } from '@moult/protocol/hresult';
import { AgentError } from '../errors.ts';

export {
  encodeRegistryChanges,
  encodeRegistryText,
  fullKeyPath,
  type RegistryTree,
  type RegistryValue,
} from '@moult/formats/registry';

/** Reads .reg text. Throws AgentError AGENT_CONFIG_BAD_REGISTRY with the line that is not .reg text. */
export function parseRegistryText(bytes: Uint8Array): RegistryTree {
  try {
    return parse(bytes);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const text = `The registry file cannot be read: ${cause.message}.`;
    throw new AgentError('AGENT_CONFIG_BAD_REGISTRY', text, { hresult: hresult.invalidMetadata, cause });
  }
}
