export {
  applyInstructions,
  encodePolicyFile,
  type PolicyInstruction,
  parsePolicyFile,
  removal,
} from './policy-file.ts';
export {
  encodeRegistryChanges,
  encodeRegistryText,
  fullKeyPath,
  parseRegistryChanges,
  parseRegistryText,
  type RegistryTextChange,
  type RegistryTree,
  type RegistryValue,
} from './registry-text.ts';
