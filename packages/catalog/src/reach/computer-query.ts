// WMI queries about manufacturer and model, which vendors ask most: `select * from Win32_ComputerSystem where Model like
// '%Book 5%'`. Comparisons joined by and, or, not and parentheses are understood. Any other query stays without an answer.

type Properties = Readonly<Record<'Manufacturer' | 'Model', string | undefined>>;

const longest = 4096;

/** Rows that the query gives on a computer with these properties, 0 or 1. Undefined when that cannot be known. */
export function matchesQuery(namespace: string, query: string, properties: Properties): number | undefined {
  if (!/^\s*(\\\\\.\\)?root[\\/]cimv2\s*$/i.test(namespace) || query.length > longest) return undefined;
  const head = /^\s*select\s+[\w\s,*]+?\s+from\s+Win32_ComputerSystem\s*(?:where\s+([\s\S]+))?$/i.exec(query);
  if (!head) return undefined;
  if (head[1] === undefined) return 1;
  const tokens = tokensOf(head[1]);
  const holds = tokens && new Condition(tokens, properties).read();
  return holds === undefined ? undefined : holds ? 1 : 0;
}

function tokensOf(text: string): string[] | undefined {
  const pattern = /\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|<>|!=|=|\(|\))/y;
  const tokens: string[] = [];
  let at = 0;
  while (at < text.trimEnd().length) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) return undefined;
    tokens.push(found[1] ?? '');
    at = pattern.lastIndex;
  }
  return tokens;
}

/** Reads a condition from left to right. Undefined for one that is not understood or asks for something else. */
class Condition {
  readonly #tokens: readonly string[];
  readonly #properties: Properties;
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly string[], properties: Properties) {
    this.#tokens = tokens;
    this.#properties = properties;
  }

  read(): boolean | undefined {
    const value = this.#or();
    return this.#at === this.#tokens.length ? value : undefined;
  }

  #or(): boolean | undefined {
    let value = this.#and();
    while (this.#takes('or')) {
      const next = this.#and();
      value = value === undefined || next === undefined ? undefined : value || next;
    }
    return value;
  }

  #and(): boolean | undefined {
    let value = this.#one();
    while (this.#takes('and')) {
      const next = this.#one();
      value = value === undefined || next === undefined ? undefined : value && next;
    }
    return value;
  }

  #one(): boolean | undefined {
    if (++this.#depth > 64) return undefined;
    try {
      if (this.#takes('not')) {
        const inner = this.#one();
        return inner === undefined ? undefined : !inner;
      }
      if (this.#takes('(')) {
        const inner = this.#or();
        return this.#takes(')') ? inner : undefined;
      }
      return this.#comparison();
    } finally {
      this.#depth--;
    }
  }

  #comparison(): boolean | undefined {
    const name = this.#tokens[this.#at++]?.toLowerCase();
    const operator = this.#tokens[this.#at++]?.toLowerCase();
    const literal = this.#tokens[this.#at++];
    const found =
      name === 'model' ? this.#properties.Model : name === 'manufacturer' ? this.#properties.Manufacturer : undefined;
    if (found === undefined || found === '' || !literal || !/^['"]/.test(literal)) return undefined;
    const wanted = literal.slice(1, -1).replace(/\\(.)/g, '$1').toLowerCase();
    const value = found.trim().toLowerCase();
    if (operator === '=') return value === wanted;
    if (operator === '<>' || operator === '!=') return value !== wanted;
    return operator === 'like' ? isLike(value, wanted) : undefined;
  }

  #takes(word: string): boolean {
    if (this.#tokens[this.#at]?.toLowerCase() !== word) return false;
    this.#at++;
    return true;
  }
}

/** `%` is any text, `_` any character. A set in brackets is not understood. Costs at most the product of both lengths. */
function isLike(value: string, pattern: string): boolean | undefined {
  if (/[[\]]/.test(pattern)) return undefined;
  let [at, from, star, mark] = [0, 0, -1, 0];
  while (at < value.length) {
    if (pattern[from] === '%') [star, mark, from] = [from, at, from + 1];
    else if (from < pattern.length && (pattern[from] === '_' || pattern[from] === value[at]))
      [at, from] = [at + 1, from + 1];
    else if (star >= 0) [at, from, mark] = [mark + 1, star + 1, mark + 1];
    else return false;
  }
  return /^%*$/.test(pattern.slice(from));
}
