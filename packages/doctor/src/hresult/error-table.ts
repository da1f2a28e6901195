// Meanings of the codes that update agents log. The table windows-update-errors.tsv is data: facts and names from
// Microsoft's public error lists (wuerror.h, winhttp.h, winerror.h, bitsmsg.h), meanings in our own words. Rows marked
// "uncertain" there are said as uncertain here.
import { readFileSync } from 'node:fs';
import { repositoryFile } from '@moult/disk';

interface ErrorMeaning {
  /** As logged: 0x and eight upper-case digits. */
  code: string;
  name: string;
  meaning: string;
  /** False where the table's source was not a published list. */
  certain: boolean;
}

let table: Map<number, ErrorMeaning> | undefined;

/** The meaning of `value` (a HRESULT as unsigned 32-bit number). The raw HTTP form 0x8019xxxx for any status. */
export function meaningOf(value: number): ErrorMeaning | undefined {
  const known = errorTable().get(value >>> 0);
  if (known) return known;
  const status = httpStatusOf(value);
  if (status !== undefined) {
    return {
      code: formatHresult(value),
      name: `BG_E_HTTP_ERROR_${status}`,
      meaning: `HTTP status ${status}`,
      certain: true,
    };
  }
  if (!isDatabaseEngine(value)) return undefined;
  const number = value & 0xffff;
  return {
    code: formatHresult(value),
    name: `ESE_ERROR_${number}`,
    meaning: `error -${number} of the database engine (ESE) that keeps the agent's datastore`,
    certain: true,
  };
}

/** Errors of the Extensible Storage Engine: 0xC8000000 plus the number of the (negative) Jet error. */
function isDatabaseEngine(value: number): boolean {
  return value >>> 16 === 0xc800 && (value & 0xffff) !== 0;
}

/** The HTTP status inside a raw 0x8019xxxx code. */
export function httpStatusOf(value: number): number | undefined {
  const unsigned = value >>> 0;
  if (unsigned >>> 16 !== 0x8019) return undefined;
  const status = unsigned & 0xffff;
  return status >= 100 && status <= 599 ? status : undefined;
}

/** `0x80244019`. */
export function formatHresult(value: number): string {
  return `0x${(value >>> 0).toString(16).toUpperCase().padStart(8, '0')}`;
}

/** Every code of the table. */
export function errorTable(): ReadonlyMap<number, ErrorMeaning> {
  table ??= readTable();
  return table;
}

function readTable(): Map<number, ErrorMeaning> {
  const text = readFileSync(repositoryFile('packages/doctor/src/hresult/windows-update-errors.tsv'), 'utf8');
  const rows = new Map<number, ErrorMeaning>();
  for (const line of text.split(/\r?\n/)) {
    const [code, name, meaning] = line.split('\t');
    if (!code?.startsWith('0x') || name === undefined || meaning === undefined) continue;
    const value = Number(code);
    const words = meaning.replace(/\s*\((?:[^()]*; )?(?:number from memory, )?uncertain\)/, '');
    rows.set(value, { code: formatHresult(value), name, meaning: words, certain: words === meaning });
  }
  return rows;
}
