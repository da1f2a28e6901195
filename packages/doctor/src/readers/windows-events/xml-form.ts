// Events as XML: of an .evtx file, of wevtutil, of Event Viewer's details and of Get-WinEvent's ToXml().

import { FormatError } from '@moult/formats';
import { attributeOf, childElements, readXml, textOf, type XmlElement } from '@moult/formats/xml';
import { readerBounds } from '../../input-bounds.ts';
import type { EventElement } from '../evtx/bin-xml.ts';
import { levelOf, timeOf, type WindowsEvent } from './event.ts';

/** The event of one <Event> element as text. Undefined for other text. */
export function eventOfXml(text: string, number: number): WindowsEvent | undefined {
  const { maxEventXml: maxCharacters, maxEventElements: maxElements } = readerBounds;
  const limits = { maxCharacters, maxDepth: 64, maxElements, maxAttributesPerElement: 64 };
  // Event Viewer's details view puts the marks of its tree before the elements.
  const bare = text.replace(/^[ \t]*[-+][ \t]*(?=<)/gm, '');
  try {
    const root = readXml(bare.slice(bare.search(/<Event[\s>]/)), limits);
    return eventOfElement(toElement(root), { number, text: '' });
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

function toElement(element: XmlElement): EventElement {
  const attributes = Object.fromEntries(
    element.attributes.map(({ local }) => [local, attributeOf(element, local) ?? '']),
  );
  return { name: element.local, attributes, children: childElements(element).map(toElement), text: textOf(element) };
}

/** The event of a tree. */
export function eventOfElement(root: EventElement, line: WindowsEvent['line']): WindowsEvent | undefined {
  const system = child(root, 'System');
  const provider = child(system, 'Provider');
  const id = Number(child(system, 'EventID')?.text.trim());
  if (!system || root.name !== 'Event' || !Number.isInteger(id)) return undefined;
  const rendering = child(root, 'RenderingInfo');
  const data: Record<string, string> = {};
  const values: string[] = [];
  for (const part of [child(root, 'EventData'), child(root, 'UserData')]) if (part) collect(part, data, values, 0);
  const created = child(system, 'TimeCreated')?.attributes.SystemTime ?? '';
  const number = Number(child(system, 'Level')?.text ?? Number.NaN);
  const level = number >= 1 && number <= 3 ? levelOf(`${number}`) : number >= 0 ? 'information' : undefined;
  return {
    provider: provider?.attributes.Name || provider?.attributes.EventSourceName || '',
    id: id & 0xffff,
    level,
    ...timeOf(created),
    data,
    values,
    text: child(rendering, 'Message')?.text.trim() ?? '',
    line: { ...line, text: line.text || summaryOf(provider?.attributes.Name ?? '', id, data, values) },
  };
}

/** In evidence, what an event says is easier to read than its XML. */
function summaryOf(
  provider: string,
  id: number,
  data: Readonly<Record<string, string>>,
  values: readonly string[],
): string {
  const named = Object.entries(data).map(([name, value]) => `${name}=${value}`);
  const shown = named.length > 0 ? named : values;
  return `${provider}, event ${id}: ${shown.join(', ')}`.replace(/\s+/g, ' ').slice(0, 500);
}

function child(element: EventElement | undefined, name: string): EventElement | undefined {
  return element?.children.find((one) => one.name === name);
}

/** EventData has <Data Name="…">. UserData has elements of its provider's own. */
function collect(element: EventElement, data: Record<string, string>, values: string[], depth: number): void {
  for (const one of element.children) {
    if (values.length > 200 || depth > 8) return;
    const text = one.text.trim();
    const name = one.name === 'Data' ? one.attributes.Name : one.name;
    if (text !== '' && one.name !== 'Binary') {
      values.push(text);
      if (name) data[name.toLowerCase()] = text;
    }
    collect(one, data, values, depth + 1);
  }
}
