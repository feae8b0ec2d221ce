// The check of a function's arguments against the validators that it declares.
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

const CHECKS = {
  any: () => true,
  null: (_, value) => value === null,
  number: (_, value) => typeof value === "number",
  bigint: (_, value) => typeof value === "bigint",
  boolean: (_, value) => typeof value === "boolean",
  string: (_, value) => typeof value === "string",
  id: (_, value) => typeof value === "string",
  bytes: (_, value) => value instanceof ArrayBuffer,
  literal: (validator, value) => validator.value === value,
  array: (validator, value) => Array.isArray(value) && value.every((item) => fits(validator.value, item)),
  union: (validator, value) => validator.value.some((option) => fits(option, value)),
  record: (validator, value) =>
    isObject(value) &&
    Object.entries(value).every(([name, item]) => fits(validator.keys, name) && fits(validator.values.fieldType, item)),
  object: (validator, value) =>
    isObject(value) &&
    Object.keys(value).every((name) => Object.hasOwn(validator.value, name)) &&
    Object.entries(validator.value).every(([name, { fieldType, optional }]) =>
      value[name] === undefined ? optional : fits(fieldType, value[name]),
    ),
};

function fits(validator, value) {
  const check = CHECKS[validator.type];
  if (!check) throw new Error(`unknown validator ${validator.type}`);
  return check(validator, value);
}

/** Throws when arguments are not what a registered function declares. */
export function checkArguments(registered, args) {
  const validator = JSON.parse(registered.exportArgs());
  if (!fits(validator, args)) throw new Error(`ArgumentValidationError: ${JSON.stringify(args)} does not match`);
}
