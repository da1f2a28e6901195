import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../errors.ts';
import {
  attributeOf,
  defaultXmlLimits,
  escapeAttribute,
  escapeText,
  readXml,
  readXmlFragment,
  textOf,
  type XmlElement,
  XmlSubtreeReader,
} from './index.ts';

describe('readXml', () => {
  const refused: [string, string][] = [
    ['a DOCTYPE', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
    ['an undefined entity', '<a>&x;</a>'],
    ['a cut document', '<a><b></b>'],
    ['bad nesting', '<a><b></a></b>'],
    ['an unbound prefix', '<x:a/>'],
    ['a duplicate attribute', '<a b="1" b="2"/>'],
    ['two roots', '<a/><b/>'],
    ['a null character', '<a>&#0;</a>'],
    ['a raw control character', '<a>\u0001</a>'],
    ['nothing at all', ''],
  ];
  for (const [what, text] of refused) {
    it(`refuses ${what} with FORMAT_BAD_XML`, () => {
      assert.throws(
        () => readXml(text),
        (error) => error instanceof FormatError && error.code === 'FORMAT_BAD_XML',
      );
    });
  }

  it('holds each limit', () => {
    const over = (text: string, limits: Partial<typeof defaultXmlLimits>) =>
      assert.throws(
        () => readXml(text, { ...defaultXmlLimits, ...limits }),
        (error) => error instanceof FormatError && error.code === 'FORMAT_OVER_LIMIT',
      );
    over('<a><b><c/></b></a>', { maxDepth: 2 });
    over('<a><b/><b/></a>', { maxElements: 2 });
    over('<a b="1" c="2"/>', { maxAttributesPerElement: 1 });
    over('<a>long</a>', { maxCharacters: 5 });
  });

  it('resolves prefixes by namespace and keeps attribute order', () => {
    const root = readXml('<p:a xmlns:p="urn:p" z="1" p:y="2"><![CDATA[<]]>&amp;</p:a>');
    assert.equal(root.uri, 'urn:p');
    assert.deepEqual(
      root.attributes.map(({ uri, local }) => [uri, local]),
      [
        ['', 'z'],
        ['urn:p', 'y'],
      ],
    );
    assert.equal(textOf(root), '<&');
  });

  it('reads a fragment without a root', () => {
    assert.deepEqual(
      readXmlFragment('<a/><b/>').map(({ local }) => local),
      ['a', 'b'],
    );
  });
});

describe('escapeText and escapeAttribute', () => {
  it('round any string through the reader, save what XML cannot carry', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const root = readXml(`<a b="${escapeAttribute(text)}">${escapeText(text)}</a>`);
        const carried = escapeText(text).includes('\ufffd') ? undefined : text;
        if (carried === undefined) return;
        assert.equal(textOf(root), carried);
        assert.equal(attributeOf(root, 'b'), carried);
      }),
    );
  });
});

describe('XmlSubtreeReader', () => {
  it('says where in all the text given a document goes wrong, also behind its end', () => {
    for (const [text, offset] of [
      ['<a><b></a>', 10],
      ['<a/>x', 5],
      ['<a>', 3],
    ] as const) {
      const read = () => {
        const wishes = { isWanted: () => false, onElement: () => undefined, limits: defaultXmlLimits };
        const reader = new XmlSubtreeReader(wishes);
        for (const piece of text) reader.write(piece);
        reader.close();
      };
      assert.throws(read, { code: 'FORMAT_BAD_XML', offset });
    }
  });

  const refusedAt = (pieces: Iterable<string>, isWanted = (local: string) => local === 'wanted'): number => {
    let given = 0;
    const reader = new XmlSubtreeReader({
      isWanted: (_uri, local) => isWanted(local),
      onElement: () => undefined,
      limits: defaultXmlLimits,
    });
    assert.throws(
      () => {
        for (const piece of pieces) {
          given++;
          reader.write(piece);
        }
        reader.close();
      },
      { code: 'FORMAT_OVER_LIMIT' },
    );
    return given;
  };

  // Each of these cost the square of its length; none is read further than the limit now.
  it('ends at the limit of depth, around wanted elements and inside of them', () => {
    const { maxDepth } = defaultXmlLimits;
    assert.equal(refusedAt(Array(100_000).fill('<a>')), maxDepth + 1);
    assert.equal(refusedAt(Array(100_000).fill('<wanted>')), maxDepth + 1);
    assert.equal(refusedAt([...Array(100).fill('<a>'), ...Array(1000).fill('<wanted>')]), 100 + maxDepth + 1);
    assert.equal(refusedAt(Array.from({ length: 10_000 }, (_, at) => `<a xmlns:p${at}="urn:${at}">`)), maxDepth + 1);
  });

  it('refuses more namespace prefixes than an element can have, on one element and around a wanted one', () => {
    const prefixes = (from: number, count: number) =>
      Array.from({ length: count }, (_, at) => `xmlns:p${from + at}="urn:${from + at}"`).join(' ');
    assert.equal(refusedAt([`<a ${prefixes(0, 300)}>`, '<b/>', '</a>']), 1);
    assert.equal(refusedAt([`<a ${prefixes(0, 90)}>`, `<b ${prefixes(90, 90)}>`, '<c/>', '<wanted/>', '</b></a>']), 4);
  });

  it('refuses a long text inside of a wanted element before its end, and none around it', () => {
    const long = 'x'.repeat(70_000);
    const read = (text: string) => {
      const limits = { ...defaultXmlLimits, maxTextCharacters: 1000 };
      const reader = new XmlSubtreeReader({ isWanted: (_uri, local) => local === 'wanted', limits });
      reader.write(text);
    };
    for (const inside of [long, `<![CDATA[${long}`, `<!--${long}`, `<b c="${long}`, `<b c="${'x'.repeat(1001)}"/>`])
      assert.throws(() => read(`<a><wanted>${inside}`), { code: 'FORMAT_OVER_LIMIT' });
    read(`<a b="${long}">${long}<![CDATA[${long}]]><!--${long}--><wanted>${'x'.repeat(1000)}</wanted>`);
  });

  it('gives a wanted element all prefixes in force, the inner ones before the outer', () => {
    const found: XmlElement[] = [];
    const reader = new XmlSubtreeReader({
      isWanted: (_uri, local) => local === 'wanted',
      onElement: (element) => found.push(element),
      limits: defaultXmlLimits,
    });
    reader.write('<a xmlns:p="1" xmlns:q="2"><b xmlns:p="3"><wanted xmlns:r="4"><p:x/></wanted></b><wanted/></a>');
    reader.close();
    assert.deepEqual(
      found.map(({ declarations }) => Object.fromEntries(declarations)),
      [
        { p: '3', q: '2', r: '4' },
        { p: '1', q: '2' },
      ],
    );
  });
});

describe('readXml', () => {
  it('refuses more namespace declarations on an element than attributes', () => {
    const declarations = Array.from({ length: 300 }, (_, at) => `xmlns:p${at}="urn:${at}"`).join(' ');
    assert.throws(() => readXml(`<a ${declarations}/>`), { code: 'FORMAT_OVER_LIMIT' });
  });
});
