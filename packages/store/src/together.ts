// Makes one object of the parts of the store. Two parts that define the same name do not compile, because one hides the
// other.

type Together<Part> = (Part extends unknown ? (part: Part) => void : never) extends (all: infer All) => void
  ? All
  : never;

type NamesOfOthers<Parts extends readonly object[], At> = {
  [Other in keyof Parts]: Other extends At ? never : keyof Parts[Other];
}[number];

/** Each part as it is, or, when another one has one of its names, what no value is. */
type Distinct<Parts extends readonly object[]> = {
  [At in keyof Parts]: keyof Parts[At] & NamesOfOthers<Parts, At> extends never
    ? Parts[At]
    : { twoPartsDefine: keyof Parts[At] & NamesOfOthers<Parts, At> };
};

/** All members of all parts. */
export function together<const Parts extends readonly object[]>(
  ...parts: Parts & Distinct<Parts>
): Together<Parts[number]> {
  return Object.assign({}, ...parts) as Together<Parts[number]>;
}
