// Clauses of prerequisites by their text: 100,000 revisions name the same few thousand clauses over and over. Most are
// found again in the text of all clauses of a revision, without being cut out of it.

/** Places for those found lately, a power of two: some more than a large catalog has clauses of one update. */
const places = 16_384;

/** Of `Known`. Each has a text of its own. */
export class KnownClauses<Known extends { readonly text: string }> {
  readonly #make: (text: string) => Known;
  readonly #byText = new Map<string, Known>();
  /**
   * By placeOf. A clause that another drives out is still in `#byText`, so texts made to meet in a place gain nothing.
   */
  readonly #recent: (Known | undefined)[] = [];

  /** `make` gets a text that may be cut out of a longer one. */
  constructor(make: (text: string) => Known) {
    this.#make = make;
  }

  /** The clauses in a text that encodeSummary wrote, appended to `found`. */
  read(clauses: string, found: Known[]): void {
    for (let at = 0; at < clauses.length; ) {
      const next = clauses.indexOf(';', at);
      const end = next < 0 ? clauses.length : next;
      found.push(this.#find(clauses, at, end));
      at = end + 1;
    }
  }

  #find(clauses: string, at: number, end: number): Known {
    const place = placeOf(clauses, at, end);
    const recent = this.#recent[place];
    if (recent && recent.text.length === end - at && clauses.startsWith(recent.text, at)) return recent;
    const text = clauses.slice(at, end);
    const known = this.#byText.get(text) ?? this.#add(text);
    while (this.#recent.length <= place) this.#recent.push(undefined);
    this.#recent[place] = known;
    return known;
  }

  #add(text: string): Known {
    const made = this.#make(text);
    this.#byText.set(made.text, made);
    return made;
  }
}

/** From the first and the last digits of a clause: those in which the ids of updates differ. */
function placeOf(text: string, at: number, end: number): number {
  let mixed = end - at;
  for (let digit = Math.min(at + 8, end - 1); digit > at; digit--)
    mixed = Math.imul(mixed ^ text.charCodeAt(digit), 0x9e3779b1);
  for (let digit = Math.max(end - 6, at); digit < end; digit++)
    mixed = Math.imul(mixed ^ text.charCodeAt(digit), 0x85ebca6b);
  return (mixed ^ (mixed >>> 15)) & (places - 1);
}
