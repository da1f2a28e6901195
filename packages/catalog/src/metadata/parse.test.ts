import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CatalogError } from '../errors.ts';
import { parseUpdateDocument } from './index.ts';

const update = (body: string, properties = '') =>
  parseUpdateDocument(
    `<u:Update xmlns:u="http://schemas.microsoft.com/msus/2002/12/Update"><u:UpdateIdentity UpdateID="00000000-0000-0000-0000-000000000001" RevisionNumber="1"/>` +
      `<u:Properties UpdateType="Software" ${properties}/>${body}</u:Update>`,
  );

describe('parseUpdateDocument', () => {
  it('refuses a section that is there twice, because nothing says which one counts', () => {
    for (const section of ['<u:Properties UpdateType="Driver"/>', '<u:Files/><u:Files/>']) {
      assert.throws(
        () => update(section),
        (error) =>
          error instanceof CatalogError && error.code === 'CATALOG_CONTRADICTORY' && /two </.test(error.message),
      );
    }
    assert.ok(update('<v:Files xmlns:v="urn:vendor"/><v:Files xmlns:v="urn:vendor"/><u:New/><u:New/>'));
  });

  it('reads every localized text, and what only some kinds of updates say of themselves', () => {
    const { localized, properties } = update(
      '<u:LocalizedPropertiesCollection><u:LocalizedProperties><u:Language>de</u:Language><u:Title>T</u:Title>' +
        '<u:UninstallNotes>N</u:UninstallNotes><u:MoreInfoUrl> http://m </u:MoreInfoUrl><u:SupportUrl>http://s</u:SupportUrl>' +
        '</u:LocalizedProperties></u:LocalizedPropertiesCollection>',
      'CanSourceBeRequired="true" ProductName="Client.OS" ReleaseVersion="10.0.1.2"',
    );
    const [text] = localized;
    assert.deepEqual([text?.uninstallNotes, text?.moreInfoUrl, text?.supportUrl], ['N', 'http://m', 'http://s']);
    assert.equal(properties.canSourceBeRequired, true);
    assert.deepEqual([properties.productName, properties.releaseVersion], ['Client.OS', '10.0.1.2']);
  });

  it('refuses more languages or licence files than any update has', () => {
    const language = '<u:LocalizedProperties><u:Language>de</u:Language><u:Title>T</u:Title></u:LocalizedProperties>';
    const licence = `<u:EulaFile Language="de" FileName="a" Size="1" Digest="${Buffer.alloc(20).toString('base64')}"/>`;
    for (const one of [language, licence]) {
      const inside = (count: number) =>
        update(`<u:LocalizedPropertiesCollection>${one.repeat(count)}</u:LocalizedPropertiesCollection>`);
      assert.ok(inside(1000));
      assert.throws(
        () => inside(1001),
        (error) => error instanceof CatalogError && error.code === 'CATALOG_OVER_LIMIT',
      );
    }
  });
});
