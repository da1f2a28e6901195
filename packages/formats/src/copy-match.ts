// Copies `length` bytes from `distance` back, byte by byte in meaning: a match may overlap what it writes. The caller
// has checked that both ends lie inside.
export function copyMatch(output: Uint8Array, at: number, distance: number, length: number): void {
  if (length >= 48 && distance >= length) {
    output.copyWithin(at, at - distance, at - distance + length);
    return;
  }
  const end = at + length;
  for (let to = at, from = at - distance; to < end; to++, from++) output[to] = output[from] as number;
}
