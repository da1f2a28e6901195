// The software bill of materials of a release: CycloneDX 1.6, from the packages that are in it. No time and no random
// number is in it, so that the same sources make the same bytes.
import { Contrib, Enums, Models, Serialize, Spec } from '@cyclonedx/cyclonedx-library';
import parseExpression from 'spdx-expression-parse';
import type { BundledPackage } from './bundled-packages.ts';

interface Contents {
  version: string;
  packages: readonly Pick<BundledPackage, 'name' | 'version' | 'license' | 'integrity'>[];
}

/** JSON text. */
export function billOfMaterials({ version, packages }: Contents): string {
  const bom = new Models.Bom();
  const application = component(Enums.ComponentType.Application, 'moult', version, 'Apache-2.0');
  bom.metadata.component = application;
  for (const { name, version: its, license, integrity } of packages) {
    const library = component(Enums.ComponentType.Library, name, its, license);
    const sha512 = /^sha512-(.+)$/.exec(integrity)?.[1];
    if (sha512) library.hashes.set(Enums.HashAlgorithm['SHA-512'], Buffer.from(sha512, 'base64').toString('hex'));
    bom.components.add(library);
    application.dependencies.add(library.bomRef);
  }
  const factory = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
  return new Serialize.JsonSerializer(factory).serialize(bom, { sortLists: true, space: 2 });
}

const licenses = new Contrib.License.Factories.LicenseFactory(parseExpression);

function component(type: Enums.ComponentType, name: string, version: string, license: string): Models.Component {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const made = new Models.Component(type, name, { version, purl, bomRef: purl });
  made.licenses.add(licenses.makeFromString(license));
  return made;
}
