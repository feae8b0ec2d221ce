// Members that are null on one side and absent on the other.

const isObject = (value) => value !== null && typeof value === "object";

/** Makes the members that are null in `got`, and only these, null in `recorded`, as deep as the two are alike. */
export function takeNulls(recorded, got) {
  if (!isObject(recorded) || !isObject(got) || Array.isArray(recorded) !== Array.isArray(got)) return;
  if (Array.isArray(recorded)) return takeFromList(recorded, got);
  for (const name of Object.keys(got)) if (got[name] === null) recorded[name] ??= null;
  for (const name of Object.keys(recorded)) {
    if (recorded[name] === null && got[name] === undefined) delete recorded[name];
    else takeNulls(recorded[name], got[name]);
  }
}

/** Cookies belong together by name, and other members of lists by place. */
function takeFromList(recorded, got) {
  const partner = (item, i) => (item?.name && item?.attributes ? got.find((other) => other.name === item.name) : got[i]);
  recorded.forEach((item, i) => takeNulls(item, partner(item, i)));
}
