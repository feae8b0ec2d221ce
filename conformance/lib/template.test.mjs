import assert from "node:assert/strict";
import { test } from "node:test";
import { Jar } from "./cookies.mjs";
import { capture, hmacBase64, templates, totp } from "./template.mjs";

const SECRET = "secret";
const fill = (value, variables = {}) => templates(variables, SECRET)(value);

test("templates in texts, lists, values and names", () => {
  const variables = { a: "1", url: "http://h/p?token=t&callbackURL=%2Fx" };
  assert.equal(fill("x{{a}}y", variables), "x1y");
  assert.deepEqual(fill({ "{{a}}": ["{{a}}", 2, null] }, variables), { 1: ["1", 2, null] });
  assert.equal(fill("{{pathOf(url)}}", variables), "/p?token=t&callbackURL=%2Fx");
  assert.equal(fill("{{delQuery(url,'callbackURL')}}", variables), "/p?token=t");
  assert.equal(fill("{{setQuery(url,'token','{}')}}", variables), "/p?token=%7B%7D&callbackURL=%2Fx");
  assert.equal(fill("{{uri(signed('a.b'))}}"), encodeURIComponent(`a.b.${hmacBase64("a.b", SECRET)}`));
  assert.equal(fill("{{repeat('ab',3)}}"), "ababab");
  assert.equal(fill("{{tamper('Abc')}}{{tamper('bcd')}}{{tamperEnd('abcAde')}}"), "BbcAcdabcBde");
});

test("a variable without a value is an error", () => {
  assert.throws(() => fill("{{nope}}"), /nope/);
  assert.throws(() => fill("{{captured}}", { captured: undefined }), /captured/);
});

test("RFC 6238 test vectors, six digits", () => {
  const uri = "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
  assert.equal(totp(uri, 0, 59_000), "287082");
  assert.equal(totp(uri, 0, 1_111_111_109_000), "081804");
  assert.equal(totp(uri, 1, 29_000), "287082");
});

test("captures", () => {
  const jar = new Jar();
  jar.absorb(["c=a%3D; Path=/"]);
  const answer = {
    json: { a: [{ b: 1 }] },
    headers: [["location", "/x?ott=o"]],
    jar,
    mail: [{ url: "u0" }, { url: "http://h/?token=t" }],
    variables: {},
  };
  const got = [
    "json:a.0.b",
    "json:a.1.b",
    "header:Location",
    "cookie:c",
    "mail:url",
    "mail0:url",
    "query:mail:url:token",
    "query:header:location:ott",
  ].map((source) => capture(source, answer));
  assert.deepEqual(got, [1, undefined, "/x?ott=o", "a=", "http://h/?token=t", "u0", "t", "o"]);
  assert.throws(() => capture("nope:x", answer), /nope/);
});

test("a jar keeps, replaces and deletes", () => {
  const jar = new Jar();
  jar.absorb(["a=1; Path=/", "b=%20; HttpOnly", "a=2", "c=3"]);
  jar.absorb(["c=; Max-Age=0", "d=x; max-age=-1"]);
  assert.equal(jar.header(), "a=2; b=%20");
  assert.equal(jar.decodedHeader(), "a=2; b= ");
});
