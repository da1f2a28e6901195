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
});
