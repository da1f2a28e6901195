// The words of a cabinet's checksum (MS-CAB 3.1), eight bytes in one step.
import { input } from './layout';

/** XOR of the little-endian 32-bit words of the first `bytes` (a multiple of 4) of the input. */
export function xorWords(bytes: i32): u32 {
  let sum: u64 = 0;
  let at: usize = input;
  const end: usize = input + bytes;
  for (; at + 8 <= end; at += 8) sum ^= load<u64>(at);
  let words = <u32>sum ^ <u32>(sum >> 32);
  if (at < end) words ^= load<u32>(at);
  return words;
}
