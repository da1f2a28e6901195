/** A time as a part of a file name: `20261202T011600Z`. */
export function stampOf(time: Date): string {
  return time.toISOString().replaceAll(/[-:]/g, '').replace(/\.\d+/, '');
}
