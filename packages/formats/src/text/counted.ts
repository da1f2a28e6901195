/** A number with its noun: `1 file`, `2 files`. `several`: the plural, if it is not the singular with an s. */
export function counted(number: number, one: string, several = `${one}s`): string {
  return `${number} ${number === 1 ? one : several}`;
}
