// A file without a signature of its own, vouched for by a security catalog that names it.
import { FormatError } from '../../errors.ts';
import { findCatalogMember } from '../catalog-members.ts';
import { oids } from '../oids.ts';
import type { SignatureProblem, SignatureReport } from '../report.ts';
import { readSignedData } from '../signed-data.ts';
import { type VerifyOptions, verifyFile } from '../verify/index.ts';

/**
 * Judges `catalog` and whether it names `bytes`. The report is the one of the catalog. A file that is not named, or
 * only by a digest that does not count, is a problem in it. Throws FormatError if `catalog` is not a catalog.
 */
export async function verifyInCatalog(
  bytes: Uint8Array,
  catalog: Uint8Array,
  options: VerifyOptions,
): Promise<SignatureReport> {
  const report = await verifyFile(catalog, options);
  if (report.kind !== 'catalog') throw new FormatError('FORMAT_UNSUPPORTED', 'This is not a security catalog.');
  const problem = membershipProblem(bytes, catalog, options.acceptSha1 ?? false);
  return problem ? { ...report, trusted: false, problems: [problem, ...report.problems] } : report;
}

function membershipProblem(bytes: Uint8Array, catalog: Uint8Array, acceptSha1: boolean): SignatureProblem | undefined {
  try {
    const { content, contentType } = readSignedData(catalog);
    const named = contentType === oids.certificateTrustList && content ? findCatalogMember(content, bytes) : undefined;
    if (!named) return { code: 'SIGNATURE_NOT_IN_CATALOG', message: 'The catalog does not name this file.' };
    if (named !== 'sha1' || acceptSha1) return undefined;
    return { code: 'SIGNATURE_WEAK_ALGORITHM', message: 'The catalog names this file by its SHA-1 digest only.' };
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return { code: 'SIGNATURE_MALFORMED', message: `The list of the catalog cannot be read. ${error.message}` };
  }
}
