// The sign-up rule in AssemblyScript.

@external("authhost_v1", "get")
declare function hostGet(path: usize, pathLen: u32, out: usize, cap: u32): u64;

@external("authhost_v1", "set")
declare function hostSet(path: usize, pathLen: u32, kind: u32, value: usize, len: u32): u32;

const STRING: u32 = 4;

const CONTINUE: i32 = 0;
const DENY: i32 = 2;
const FAILED: i32 = 3;

// Reads a string of at most 512 bytes; null if there is none.
function get(path: string): string | null {
  const p = String.UTF8.encode(path);
  const out = new ArrayBuffer(512);
  const r = hostGet(changetype<usize>(p), p.byteLength, changetype<usize>(out), out.byteLength);
  const len = <i32>(<u32>r);
  if (<u32>(r >> 32) != STRING || len > out.byteLength) return null;
  return String.UTF8.decodeUnsafe(changetype<usize>(out), len);
}

// Writes a string, and tells whether the handler may write there.
function set(path: string, value: string): bool {
  const p = String.UTF8.encode(path);
  const v = String.UTF8.encode(value);
  return hostSet(changetype<usize>(p), p.byteLength, STRING, changetype<usize>(v), v.byteLength) == 0;
}

export function authhost_call(handler: i32): i32 {
  if (handler == 0) return userCreating();
  if (handler == 1 && set("claims.plan", "free")) return CONTINUE;
  return FAILED;
}

function userCreating(): i32 {
  const email = get("record.email");
  const blocked = get("config.blockedDomain");
  if (email === null || blocked === null) return FAILED;
  const domain = email.substring(email.indexOf("@") + 1);
  if (domain.toLowerCase() != blocked.toLowerCase()) return CONTINUE;
  set("error.code", "EMAIL_DOMAIN_NOT_ALLOWED");
  set("error.message", "Addresses of this domain cannot sign up");
  return DENY;
}

// What the runtime calls instead of env.abort, which the host does not have.
function abort(_message: string | null, _file: string | null, _line: u32, _column: u32): void {
  unreachable();
}
