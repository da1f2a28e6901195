// The parser joins the pieces of one text, attribute or comment before it tells of it. So a listener cannot refuse a long
// one before it is in memory. The meter counts what went in since the parser last told of something.

/** As much as the parser gets at once: a long token is refused at most so many characters late. */
const stepCharacters = 64 * 1024;

export class TokenMeter {
  readonly #maxCharacters: number;
  readonly #refuse: () => void;
  #told = false;
  #silent = 0;

  /** `refuse` is called for a token of more than `maxCharacters`. If it does not throw, the reading goes on. */
  constructor(maxCharacters: number, refuse: () => void) {
    this.#maxCharacters = maxCharacters;
    this.#refuse = refuse;
  }

  /** The parser told of something: a tag, a text, a comment. */
  tell(): void {
    this.#told = true;
  }

  /** A whole text or value, as the parser told of it. */
  check(token: string): void {
    if (token.length > this.#maxCharacters) this.#refuse();
  }

  /** Gives `text` to the parser step by step. */
  write(text: string, give: (piece: string) => void): void {
    for (let at = 0; at < text.length; at += stepCharacters) {
      const piece = text.length <= stepCharacters ? text : text.slice(at, at + stepCharacters);
      this.#told = false;
      give(piece);
      this.#silent = this.#told ? 0 : this.#silent + piece.length;
      if (this.#silent > this.#maxCharacters) this.#refuse();
    }
  }
}
