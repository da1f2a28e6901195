// Numbers and sizes as people read them.

export function numberIn(amount: number, language: string): string {
  return amount.toLocaleString(language);
}

/** Binary units, as Windows shows them: 1,5 MB. */
export function sizeIn(bytes: number, language: string): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size.toLocaleString(language, { maximumFractionDigits: size < 10 && unit > 0 ? 1 : 0 })} ${units[unit]}`;
}
