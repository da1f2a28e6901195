import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { defaultXmlLimits } from '../bounds.ts';
import { readPlainXml } from './plain.ts';
import { readAnyXml } from './read.ts';

function bySaxes(text: string, limits = defaultXmlLimits) {
  try {
    return readAnyXml(text, limits);
  } catch {
    return undefined;
  }
}

/** What the fast reader answers must be what saxes answers; that it answers nothing is always right. */
function agrees(text: string): void {
  const plain = readPlainXml(text, defaultXmlLimits);
  if (plain) assert.deepEqual(plain, bySaxes(text));
}

const plain = [
  '<?xml version="1.0" encoding="utf-8"?>\r\n<a/>',
  "<?xml version='1.0'?><a b='\"'/>\n",
  '<!-- <a> --><p:a xmlns:p="urn:p" xmlns="urn:d" z="1" p:y="2">x<b xmlns="">y</b>\r\rz<!--<-->w</p:a ><!---->',
  '<a b="1\r\n2\t3&#10;4&#xD;" c="&lt;&amp;&quot;>">&#x1F600;]]&gt; é\u4e2d</a>',
  '<l><i>1</i><i>2</i> <i>3</i><i>&amp;</i><i/><i>4</i><i></i><i>5</i><i x="1">6</i><i xmlns="u">7</i><i>8</i>9<j>0</j></l>',
  '<p:a xmlns:p="urn:1"><p:b xmlns:p="urn:2" p:c="1" c="2"/><p:b xml:lang="de"\n/></p:a>',
];

const notPlain = [
  ...['<a b="<"/>', '<a b="1"c="2"/>', '<a b/>', '<a b=1/>', '<a / >', '< a/>', '<a', '<a b="', '<a></b>', '</a>'],
  ...[
    '<a><!-- -- --></a>',
    '<a><!--',
    '<a>\u0001</a>',
    '<a>\ud800</a>',
    '<a>\u{1f600}</a>',
    '<a>]]></a>',
    '<a>\ufffe</a>',
  ],
  ...['<a>&#0;</a>', '<a>&#xd800;</a>', '<a>&x;</a>', '<a>&</a>', '<a b="&#99999999;"/>', '<a>&#X41;</a>'],
  ...[
    '<x:a/>',
    '<a x:b=""/>',
    '<xmlns:a/>',
    '<:a/>',
    '<a:/>',
    '<a:b:c xmlns:a="urn:a"/>',
    '<é/>',
    '<aé/>',
    '<a é=""/>',
  ],
  ...['<a xmlns:x=""/>', '<a xmlns:xml="urn:x"/>', '<a xmlns="http://www.w3.org/2000/xmlns/"/>', '<a xmlns=" urn:a"/>'],
  ...['<a b="" b=""/>', '<a xmlns:x="u" xmlns:x="u"/>', '<a xmlns:x="u" xmlns:y="u" x:b="" y:b=""/>'],
  ...['<a/><b/>', '<a/>x', 'x<a/>', '\u00a0<a/>', '', '<!DOCTYPE a><a/>', '<a><![CDATA[x]]></a>', '<?p?><a/>'],
  ...['<?xml version="1.1"?><a/>', ' <?xml version="1.0"?><a/>', '<?xml version="1.0" standalone="yes"?><a/>'],
];

describe('readPlainXml', () => {
  it('reads plain text as saxes does', () => {
    for (const text of plain) assert.deepEqual(readPlainXml(text, defaultXmlLimits), bySaxes(text), text);
  });

  it('leaves to saxes what is not plain or wrong', () => {
    for (const text of notPlain) assert.equal(readPlainXml(text, defaultXmlLimits), undefined, text);
  });

  it('leaves to saxes what is beyond a limit', () => {
    const over = (text: string, limits: Partial<typeof defaultXmlLimits>) =>
      assert.equal(readPlainXml(text, { ...defaultXmlLimits, ...limits }), undefined);
    over('<a><b><c/></b></a>', { maxDepth: 2 });
    over('<a><b/><b/></a>', { maxElements: 2 });
    over('<a><b>1</b><b>2</b></a>', { maxElements: 2 });
    over('<a b="1" c="2"/>', { maxAttributesPerElement: 1 });
  });

  it('never reads otherwise than saxes, whatever is damaged', () => {
    const pieces = [
      ...['<', '>', '/', '=', '"', "'", '&', ';', '!', '--', '?', ']]>', '<![CDATA[', '\r', '\n', '\t', ' ', '\u0000'],
      ...[
        'a',
        'p:a',
        'xmlns',
        'xmlns:p',
        'xml:',
        '<a>',
        '</a>',
        '<p:b c="',
        '"/>',
        '<a>1</a>',
        '&lt;',
        '&#10;',
        '\u{1f600}',
        'é',
      ],
    ];
    const start = fc.constantFrom(...plain);
    const damage = fc.tuple(fc.nat(), fc.nat(4), fc.constantFrom(...pieces, ''));
    fc.assert(
      fc.property(start, fc.array(damage, { maxLength: 4 }), (text, damages) => {
        let damaged = text;
        for (const [where, cut, piece] of damages) {
          const at = where % (damaged.length + 1);
          damaged = damaged.slice(0, at) + piece + damaged.slice(at + cut);
        }
        agrees(damaged);
      }),
      { numRuns: 20_000 },
    );
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 12 }), (some) => agrees(some.join(''))),
      { numRuns: 20_000 },
    );
  });
});
