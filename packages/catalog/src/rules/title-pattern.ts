// Titles by pattern. No regular expression: its time grows with the product of pattern and title at most, whatever both say.

/** Whether the whole of `title` fits, letter case aside. `*` stands for any text, `?` for one character. */
export function fitsTitle(pattern: string, title: string): boolean {
  const wanted = [...pattern.toLowerCase()];
  const given = [...title.toLowerCase()];
  let [at, star, mark] = [0, -1, 0];
  for (let place = 0; place < given.length; ) {
    if (wanted[at] === '*') {
      star = at++;
      mark = place;
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === given[place])) {
      at++;
      place++;
    } else if (star >= 0) {
      // The last star takes one character more. Those before it need not be asked again.
      at = star + 1;
      place = ++mark;
    } else return false;
  }
  while (wanted[at] === '*') at++;
  return at === wanted.length;
}
