// Cabinets (MS-CAB), read and written.

export { defaultCabinetLimits } from '../bounds.ts';
export {
  byPlace,
  type Cabinet,
  type CabinetMember,
  type Compression,
  isSamePlace,
  readCabinet,
  readCabinetFrom,
} from './cabinet.ts';
export { createCabinet, type NewMember } from './create.ts';
export { extractAll, extractMember, MemberReader } from './extract.ts';
export type { CabinetLimits } from './limits.ts';
export { toMemberPath } from './names.ts';
export { isProgram } from './packer.ts';
export type { CreateOptions } from './plan.ts';
export { findCabinets } from './search.ts';
export { joinCabinets } from './set.ts';
export { type ByteSource, bytesSource, sliceSource } from './source.ts';
export { type CabinetSink, type StreamedMember, writeCabinet } from './write.ts';
