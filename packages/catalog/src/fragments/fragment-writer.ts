// writeElement for elements that arrive one after the other: the same text, without a tree.
import { escapeText, type XmlElement } from '@moult/formats/xml';
import { defaultInside, fragmentName, isOpaque, isServersOwn, writeAttributes } from './write.ts';

interface OpenElement {
  name: string;
  /** The default namespace in force inside. */
  inside: string;
  isOpaque: boolean;
  /** Its children are left out. */
  isBare: boolean;
  isHeadOpen: boolean;
  hasElements: boolean;
  /** Text behind a blank one: whether blanks count is known when an element follows, or none does. */
  held: string[];
}

/** Writes what is inside of one element of the update schema, piece by piece. */
export class FragmentWriter {
  readonly #put: (text: string) => void;
  readonly #open: OpenElement[] = [
    { name: '', inside: '', isOpaque: false, isBare: false, isHeadOpen: false, hasElements: false, held: [] },
  ];

  constructor(put: (text: string) => void) {
    this.#put = put;
  }

  enter(element: XmlElement): void {
    const parent = this.#top();
    if (!parent.isBare) this.#openContent(parent);
    for (const text of parent.held.splice(0)) if (text.trim() !== '') this.#put(escapeText(text));
    parent.hasElements = true;
    const name = fragmentName(element);
    const inside = defaultInside(element, parent.inside);
    if (!parent.isBare) this.#put(`<${name}${writeAttributes(element, inside, parent.inside)}`);
    this.#open.push({
      name,
      inside,
      isOpaque: parent.isOpaque || isOpaque(element),
      isBare: parent.isBare || isServersOwn(element),
      isHeadOpen: true,
      hasElements: false,
      held: [],
    });
  }

  text(text: string): void {
    const top = this.#top();
    if (top.isBare) return;
    this.#openContent(top);
    const isBlank = text.trim() === '';
    if (!top.isOpaque && !top.hasElements && (isBlank || top.held.length > 0)) top.held.push(text);
    else if (top.isOpaque || !isBlank || !top.hasElements) this.#put(escapeText(text));
  }

  leave(): void {
    const top = this.#open.pop();
    const parent = this.#open.at(-1);
    if (!top || !parent || parent.isBare) return;
    if (top.isHeadOpen) this.#put(' />');
    else {
      this.#releaseHeld(top);
      this.#put(`</${top.name}>`);
    }
  }

  /** Nothing follows. */
  close(): void {
    this.#releaseHeld(this.#top());
  }

  #releaseHeld({ held }: OpenElement): void {
    for (const text of held.splice(0)) this.#put(escapeText(text));
  }

  #openContent(element: OpenElement): void {
    if (!element.isHeadOpen) return;
    element.isHeadOpen = false;
    this.#put('>');
  }

  #top(): OpenElement {
    return this.#open.at(-1) as OpenElement;
  }
}
