// The common part of cabinets with update metadata, nested ones included.

/** Whether a member of an offline scan file is one of its cabinets of fragments. */
export function isNestedPackage(name: string): boolean {
  return /(^|[\\/])package\d*\.cab$/i.test(name);
}
