// Places in the codec's memory. The file packages/formats/assembly/layout.ts has the same numbers and says what they
// are for.
export const layout = {
  state: 0x8000,
  input: 0x10000,
  mainCode: 0x70000,
  lengthCode: 0x78000,
  alignedCode: 0x7c000,
  slotBases: 0x7e000,
  slotExtraBits: 0x7e100,
  window: 0x100000,
} as const;
