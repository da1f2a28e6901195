import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FormatError } from '../errors.ts';
import { isClixmlObject, readClixml } from './index.ts';

const objs = (inside: string) =>
  `<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">${inside}</Objs>`;

describe('CLIXML', () => {
  it('gives objects with their types, properties and what they refer to', () => {
    const [first, second] = readClixml(
      objs(
        '<Obj RefId="0"><TN RefId="0"><T>Deserialized.X.Group</T><T>System.Object</T></TN><ToString>Pilot</ToString>' +
          '<Props><S N="Name">Pilot_x000A__x005F_x</S><G N="Id">a0a08746-4dbe-4a37-9adf-9e7652c0b421</G>' +
          '<DT N="Made">2026-01-02T03:04:05.1234567</DT><B N="On">true</B><I32 N="Count">-7</I32><Nil N="None" />' +
          '<Obj N="Ids" RefId="1"><LST><G>x</G><Ref RefId="0" /></LST></Obj></Props>' +
          '<MS><I64 N="Size">9007199254740993</I64></MS></Obj>' +
          '<Obj RefId="2"><TNRef RefId="0" /><MS><Obj N="Action" RefId="3"><TN RefId="1"><T>X.Action</T><T>System.Enum</T></TN><ToString>Install</ToString><I32>0</I32></Obj></MS></Obj>',
      ),
    );
    assert.ok(isClixmlObject(first) && isClixmlObject(second));
    assert.deepEqual(first.types, ['Deserialized.X.Group', 'System.Object']);
    assert.deepEqual(second.types, first.types);
    assert.equal(first.text, 'Pilot');
    assert.equal(first.properties.get('Name'), 'Pilot\n_x');
    assert.deepEqual(first.properties.get('Made'), new Date('2026-01-02T03:04:05.123Z'));
    assert.deepEqual([first.properties.get('On'), first.properties.get('Count')], [true, -7]);
    assert.deepEqual([first.properties.get('None'), first.properties.get('Size')], [null, 9007199254740993n]);
    const ids = first.properties.get('Ids');
    assert.ok(isClixmlObject(ids) && Array.isArray(ids.value) && ids.value[1] === first);
    const action = second.properties.get('Action');
    assert.ok(isClixmlObject(action) && action.text === 'Install' && action.value === 0);
  });

  it('of a stranger is refused, with a code, and takes no more than the limits say', () => {
    const bad: [string, string][] = [
      ['<Objs/>', 'FORMAT_BAD_DATA'],
      [`<!DOCTYPE Objs [<!ENTITY a "b">]>${objs('<S>&a;</S>')}`, 'FORMAT_BAD_XML'],
      [objs('<Ref RefId="9" />'), 'FORMAT_BAD_DATA'],
      [objs('<Obj RefId="0"><MS><SS N="Secret">01</SS></MS></Obj>'), 'FORMAT_UNSUPPORTED'],
      [objs('<DT>yesterday</DT>'), 'FORMAT_BAD_DATA'],
      [objs('<I64>1e9</I64>'), 'FORMAT_BAD_DATA'],
      [objs('<Obj RefId="0"><LST>'.repeat(200) + '</LST></Obj>'.repeat(200)), 'FORMAT_OVER_LIMIT'],
    ];
    for (const [text, code] of bad) {
      assert.throws(
        () => readClixml(text),
        (error) => error instanceof FormatError && error.code === code,
        text.slice(0, 80),
      );
    }
  });
});
